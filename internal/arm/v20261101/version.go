// Package v20261101 is our own api-version: all of 2024-05-01 in the same shape, and what is ours beyond it. It is built from the older
// version's types, so that a change there is a change here.
package v20261101

import (
	"drey/internal/arm/contract"
	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// Name is the api-version.
const Name = "2026-11-01"

// Cluster is a cluster resource.
type Cluster struct {
	contract.TrackedResource
	ETag       string     `json:"etag,omitempty" arm:"readonly"` // as in the header: lists have it too
	Properties Properties `json:"properties" arm:"required"`
}

// Properties adds what was observed.
type Properties struct {
	v20240501.ClusterProperties
	ClusterProfile Profile   `json:"clusterProfile" arm:"required"`
	Observed       *Observed `json:"observed,omitempty" arm:"readonly"`
}

// Profile is the cluster profile with our Flink block.
type Profile struct {
	v20240501.ClusterProfile
	FlinkProfile *Flink `json:"flinkProfile,omitempty"`
}

// Flink adds the job's own configuration and its pods' template, which published versions cannot declare in a PUT.
type Flink struct {
	v20240501.FlinkProfile
	FlinkConfiguration map[string]string `json:"flinkConfiguration,omitzero" arm:"text"`
	PodTemplate        map[string]any    `json:"podTemplate,omitzero"`
}

// Observed is what is known of the running job, and of when.
type Observed struct {
	Job          ObservedJob `json:"job"`
	At           string      `json:"at,omitempty"`
	TaskManagers int         `json:"taskManagers"` // wanted
}

// ObservedJob is Flink's word on the job.
type ObservedJob struct {
	Status string `json:"status,omitempty"`
	JobID  string `json:"jobId,omitempty"`
	RunID  string `json:"runId,omitempty"`
}

// Job is the entry of a job: the same as published.
type Job = v20240501.Job

// DecodeCluster reads the body of a PUT. Of existing, what only a preview knows stays.
func DecodeCluster(body []byte, existing *cluster.Cluster) (cluster.Spec, []string, error) {
	var in Cluster
	ignored, err := contract.Decode(body, &in, contract.Options{Strict: true})
	if err != nil {
		return cluster.Spec{}, nil, err
	}
	published := in.Properties.ClusterProperties
	published.ClusterProfile = in.Properties.ClusterProfile.ClusterProfile
	flink := in.Properties.ClusterProfile.FlinkProfile
	if flink != nil {
		published.ClusterProfile.FlinkProfile = &flink.FlinkProfile
	}
	properties := v20240501.Settable(published)
	if flink != nil {
		properties.Profile.Flink.Configuration, properties.Profile.Flink.PodTemplate = flink.FlinkConfiguration, flink.PodTemplate
	}
	if existing != nil {
		contract.Keep(&properties, &existing.Spec.Properties, v20240501.Zones)
	}
	return cluster.Spec{Location: in.Location, Tags: in.Tags, Properties: properties}, ignored, nil
}

// EncodeCluster shows a cluster as it was declared: no Head group is added.
func EncodeCluster(v lifecycle.ClusterView) any {
	base := v20240501.NewCluster(v)
	out := Cluster{TrackedResource: base.TrackedResource, ETag: `"` + v.ETag + `"`, Properties: Properties{
		ClusterProperties: base.Properties, ClusterProfile: Profile{ClusterProfile: base.Properties.ClusterProfile},
	}}
	if f := v.Spec.Properties.Profile.Flink; f != nil {
		out.Properties.ClusterProfile.FlinkProfile = &Flink{FlinkProfile: *base.Properties.ClusterProfile.FlinkProfile, FlinkConfiguration: lifecycle.HideConfig(f.Configuration), PodTemplate: f.PodTemplate}
	}
	if !v.Created {
		out.Properties.Observed = &Observed{
			Job: ObservedJob{Status: v.Job.Status, JobID: v.Job.FlinkJobID, RunID: v.Job.RunID},
			At:  contract.Time(v.Job.SeenAt), TaskManagers: v.TaskManagers,
		}
	}
	return out
}
