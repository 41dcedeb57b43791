// Package v20231101preview is api-version 2023-11-01-preview: what it has less than 2024-05-01, and the one identity that clusters had then.
package v20231101preview

import (
	"slices"

	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// Name is the api-version.
const Name = "2023-11-01-preview"

// lacks are the properties of 2024-05-01 that this version does not know. What others declared there stays.
var lacks = []string{"clusterProfile.managedIdentityProfile", "clusterProfile.sshProfile.vmSize"}

// DecodeCluster reads the body of a PUT; existing is nil if there is no such cluster.
func DecodeCluster(body []byte, existing *cluster.Cluster) (cluster.Spec, []string, error) {
	return DecodeWithout(body, existing)
}

// DecodeWithout is DecodeCluster for a version that lacks more.
func DecodeWithout(body []byte, existing *cluster.Cluster, more ...string) (cluster.Spec, []string, error) {
	spec, ignored, err := v20240501.DecodeWithout(body, existing, slices.Concat(lacks, more)...)
	if err != nil {
		return spec, ignored, err
	}
	if existing != nil {
		intoList(&spec.Properties.Profile, existing.Spec.Properties.Profile)
	}
	return spec, ignored, cluster.Faults(withoutNodes(spec.Properties.Compute.Nodes))
}

// EncodeCluster shows a cluster.
func EncodeCluster(v lifecycle.ClusterView) any { return Shown(v) }

// Shown is a cluster, but for the properties that a version lacks beyond this one.
func Shown(v lifecycle.ClusterView, more ...string) v20240501.Cluster {
	out := v20240501.Shown(v, slices.Concat(lacks, more)...)
	if id := listed(v.Spec.Properties.Profile.ManagedIdentities); id != nil {
		out.Properties.ClusterProfile.IdentityProfile = &v20240501.IdentityProfile{ResourceID: id.ResourceID, ClientID: id.ClientID, ObjectID: id.ObjectID}
	}
	return out
}
