package v20240501

import (
	"strings"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
)

// Paths below properties that other versions can declare.
const (
	Zones         = "computeProfile.availabilityZones"
	Configuration = "clusterProfile.flinkProfile.flinkConfiguration"
	PodTemplate   = "clusterProfile.flinkProfile.podTemplate"
)

// DecodeCluster reads the body of a PUT. What this version cannot say stays as existing has it (R13); existing is nil if there is no such cluster.
func DecodeCluster(body []byte, existing *cluster.Cluster) (cluster.Spec, []string, error) {
	return DecodeWithout(body, existing)
}

// DecodeWithout is DecodeCluster for a version that does not know all of this one's properties, but lacks those at the paths.
func DecodeWithout(body []byte, existing *cluster.Cluster, lacks ...string) (cluster.Spec, []string, error) {
	var in Cluster
	unknown := make([]string, len(lacks))
	for i, path := range lacks {
		unknown[i] = "properties." + path
	}
	ignored, err := contract.Decode(body, &in, contract.Options{Unknown: unknown})
	if err != nil {
		return cluster.Spec{}, nil, err
	}
	spec := cluster.Spec{Location: in.Location, Tags: in.Tags, Properties: Settable(in.Properties)}
	Over(existing, &spec, append(lacks, Zones, Configuration, PodTemplate)...)
	return spec, ignored, nil
}

// Over makes spec, as it was read from a PUT, one that replaces existing, which may be nil: what GET shows and nobody declared goes, and what
// the caller's version cannot say stays.
func Over(existing *cluster.Cluster, spec *cluster.Spec, lacks ...string) {
	if existing == nil {
		return
	}
	spec.Properties.Compute.Nodes = withoutAddedHead(spec.Properties.Compute.Nodes, existing)
	contract.Keep(&spec.Properties, &existing.Spec.Properties, lacks...)
}

// Settable turns wire properties into the domain's.
func Settable(in ClusterProperties) cluster.Properties {
	var out cluster.Properties
	contract.Copy(&out, in, managedIdentityProfile)
	if m := in.ClusterProfile.ManagedIdentityProfile; m != nil {
		out.Profile.ManagedIdentities = make([]cluster.ManagedIdentity, 0, len(m.IdentityList))
		for _, identity := range m.IdentityList {
			out.Profile.ManagedIdentities = append(out.Profile.ManagedIdentities, cluster.ManagedIdentity(identity))
		}
	}
	for name, block := range in.ClusterProfile.byName() {
		if *block == nil {
			continue
		}
		if out.Profile.Other == nil {
			out.Profile.Other = map[string]cluster.OtherProfile{}
		}
		out.Profile.Other[name] = *block
	}
	return out
}

// managedIdentityProfile is an object on the wire and a list in the domain.
const managedIdentityProfile = "managedIdentityProfile"

// withHead puts the Head group in first place that the service adds where nobody named one (R05).
func withHead(nodes []NodeProfile) []NodeProfile {
	worker := ""
	for _, n := range nodes {
		if strings.EqualFold(n.Type, "Head") {
			return nodes
		}
		if worker == "" && strings.EqualFold(n.Type, "Worker") {
			worker = n.VMSize
		}
	}
	if worker == "" {
		return nodes
	}
	return append([]NodeProfile{{Type: "Head", VMSize: worker, Count: 2}}, nodes...)
}

// withoutAddedHead takes the added group out again when a client sends back what GET showed: it was declared by nobody, so a GET and PUT changes
// nothing. A Head group that differs from the added one is the user's.
func withoutAddedHead(nodes []cluster.NodeGroup, existing *cluster.Cluster) []cluster.NodeGroup {
	for _, n := range existing.Spec.Properties.Compute.Nodes {
		if strings.EqualFold(n.Type, "Head") {
			return nodes
		}
	}
	if len(nodes) < 2 {
		return nodes
	}
	var rest []NodeProfile
	for _, n := range nodes[1:] {
		rest = append(rest, NodeProfile{Type: n.Type, VMSize: n.VMSize, Count: int32(n.Count)})
	}
	if shown := withHead(rest); len(shown) == len(nodes) && shown[0].Type == nodes[0].Type &&
		shown[0].VMSize == nodes[0].VMSize && int(shown[0].Count) == nodes[0].Count {
		return nodes[1:]
	}
	return nodes
}
