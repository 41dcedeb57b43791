package v20231101preview

import (
	"fmt"
	"slices"
	"strings"

	"drey/internal/cluster"
)

// Clusters of today may list identities; the one of the cluster itself is the identity that this version knows (R09).

// listed finds that identity in a list; nil if it is not there.
func listed(all []cluster.ManagedIdentity) *cluster.ManagedIdentity {
	for i, id := range all {
		if strings.EqualFold(id.Type, "cluster") {
			return &all[i]
		}
	}
	return nil
}

// intoList puts the identity that was sent where the cluster has its own: into the list, if that is where it is declared. Without it, the list
// stays as it is: it wins where both are given.
func intoList(sent *cluster.Profile, old cluster.Profile) {
	if listed(old.ManagedIdentities) == nil {
		return
	}
	if id := sent.Identity; id != nil {
		sent.ManagedIdentities = slices.Clone(old.ManagedIdentities)
		own := listed(sent.ManagedIdentities)
		own.ResourceID, own.ClientID, own.ObjectID = id.ResourceID, id.ClientID, id.ObjectID
	}
	sent.Identity = old.Identity
}

// withoutNodes refuses groups of no nodes, which came later (R05).
func withoutNodes(nodes []cluster.NodeGroup) (faults []cluster.Fault) {
	for i, g := range nodes {
		if g.Count < 1 {
			faults = append(faults, cluster.Fault{Code: "InvalidParameter", Target: fmt.Sprintf("properties.computeProfile.nodes[%d].count", i),
				Message: "It must be 1 or more in this api-version."})
		}
	}
	return faults
}
