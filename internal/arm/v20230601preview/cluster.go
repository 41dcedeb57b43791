// Package v20230601preview is api-version 2023-06-01-preview: what it has less than 2023-11-01-preview. It knows no application mode, so a
// cluster of one keeps its job, whatever a PUT says.
package v20230601preview

import (
	"drey/internal/arm/v20231101preview"
	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// Name is the api-version.
const Name = "2023-06-01-preview"

// lacks are the properties of 2023-11-01-preview that this version does not know. What others declared there stays.
var lacks = []string{
	"clusterProfile.clusterAccessProfile", "clusterProfile.rangerPluginProfile", "clusterProfile.rangerProfile",
	"clusterProfile.flinkProfile.deploymentMode", "clusterProfile.flinkProfile.jobSpec",
	"clusterProfile.flinkProfile.catalogOptions.hive.metastoreDbConnectionAuthenticationMode",
}

// DecodeCluster reads the body of a PUT; existing is nil if there is no such cluster.
func DecodeCluster(body []byte, existing *cluster.Cluster) (cluster.Spec, []string, error) {
	return v20231101preview.DecodeWithout(body, existing, lacks...)
}

// EncodeCluster shows a cluster.
func EncodeCluster(v lifecycle.ClusterView) any { return v20231101preview.Shown(v, lacks...) }

// EncodeJob shows a job. Its run was not shown then (R23).
func EncodeJob(ref cluster.Ref, v lifecycle.JobView) any {
	out := v20240501.NewJob(ref.ID(), v)
	out.Properties.RunID = ""
	return out
}
