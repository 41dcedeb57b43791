// Package v20240501preview is api-version 2024-05-01-preview: that of 2024-05-01, and availability zones, which the stable version dropped.
package v20240501preview

import (
	"drey/internal/arm/contract"
	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// Name is the api-version.
const Name = "2024-05-01-preview"

// Cluster is a cluster resource.
type Cluster struct {
	contract.TrackedResource
	Properties Properties `json:"properties" arm:"required"`
}

// Properties are a cluster's properties.
type Properties struct {
	v20240501.ClusterProperties
	ComputeProfile ComputeProfile `json:"computeProfile" arm:"required"`
}

// ComputeProfile adds zones to the node groups.
type ComputeProfile struct {
	v20240501.ComputeProfile
	AvailabilityZones []string `json:"availabilityZones,omitzero"`
}

// DecodeCluster reads the body of a PUT; existing is nil if there is no such cluster.
func DecodeCluster(body []byte, existing *cluster.Cluster) (cluster.Spec, []string, error) {
	var in Cluster
	ignored, err := contract.Decode(body, &in, contract.Options{})
	if err != nil {
		return cluster.Spec{}, nil, err
	}
	properties := in.Properties.ClusterProperties
	properties.ComputeProfile = in.Properties.ComputeProfile.ComputeProfile
	spec := cluster.Spec{Location: in.Location, Tags: in.Tags, Properties: v20240501.Settable(properties)}
	spec.Properties.Compute.AvailabilityZones = in.Properties.ComputeProfile.AvailabilityZones
	v20240501.Over(existing, &spec, v20240501.Configuration, v20240501.PodTemplate)
	return spec, ignored, nil
}

// EncodeCluster shows a cluster.
func EncodeCluster(v lifecycle.ClusterView) any {
	shown := v20240501.Shown(v)
	return Cluster{TrackedResource: shown.TrackedResource, Properties: Properties{
		ClusterProperties: shown.Properties,
		ComputeProfile:    ComputeProfile{ComputeProfile: shown.Properties.ComputeProfile, AvailabilityZones: v.Spec.Properties.Compute.AvailabilityZones},
	}}
}
