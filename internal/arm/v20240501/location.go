package v20240501

import (
	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// PoolVersion is a version of pools that can be declared.
type PoolVersion struct {
	contract.Resource
	Properties PoolVersionProperties `json:"properties"`
}

// PoolVersionProperties say what the version is.
type PoolVersionProperties struct {
	ClusterPoolVersion string `json:"clusterPoolVersion"`
	AKSVersion         string `json:"aksVersion"`
	IsPreview          bool   `json:"isPreview"`
}

// NewPoolVersion shows a version of pools; location is the ARM id of the location.
func NewPoolVersion(location, version string) PoolVersion {
	return PoolVersion{
		Resource:   contract.Resource{ID: location + "/availableclusterpoolversions/" + version, Name: version},
		Properties: PoolVersionProperties{ClusterPoolVersion: version, AKSVersion: AKSVersion(version)},
	}
}

// ClusterVersion is a version of clusters that can be declared.
type ClusterVersion struct {
	contract.Resource
	Properties ClusterVersionProperties `json:"properties"`
}

// ClusterVersionProperties say what the version is, and in components what it really runs.
type ClusterVersionProperties struct {
	ClusterVersion     string      `json:"clusterVersion"`
	OSSVersion         string      `json:"ossVersion"`
	ClusterType        string      `json:"clusterType"`
	ClusterPoolVersion string      `json:"clusterPoolVersion"`
	IsPreview          bool        `json:"isPreview"`
	Components         []Component `json:"components"`
}

// NewClusterVersion shows a version of clusters; location is the ARM id of the location.
func NewClusterVersion(location string, v cluster.AvailableVersion) ClusterVersion {
	return ClusterVersion{
		Resource: contract.Resource{ID: location + "/availableclusterversions/" + v.Name(), Name: v.Name()},
		Properties: ClusterVersionProperties{
			ClusterVersion: v.Cluster, OSSVersion: v.OSS, ClusterType: "Flink", ClusterPoolVersion: v.Pool(),
			Components: []Component{{Name: "Flink", Version: v.Flink}},
		},
	}
}

// NameQuestion asks whether a resource could have a name.
type NameQuestion struct {
	Name string `json:"name" arm:"required"`
	Type string `json:"type" arm:"required"`
}

// NameAnswer says whether it could.
type NameAnswer struct {
	NameAvailable bool   `json:"nameAvailable"`
	Reason        string `json:"reason,omitempty"`
	Message       string `json:"message,omitempty"`
}

// DecodeName reads the body of checkNameAvailability.
func DecodeName(body []byte, strict bool) (q NameQuestion, ignored []string, err error) {
	ignored, err = contract.Decode(body, &q, contract.Options{Strict: strict})
	return q, ignored, err
}

// EncodeName shows the answer.
func EncodeName(a lifecycle.Availability) any {
	return NameAnswer{NameAvailable: a.Available, Reason: a.Reason, Message: a.Message}
}
