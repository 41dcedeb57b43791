package v20240501

import (
	"crypto/sha256"
	"fmt"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
)

// Pool is a cluster pool resource.
type Pool struct {
	contract.TrackedResource
	Properties PoolProperties `json:"properties" arm:"required"`
}

// PoolProperties are a pool's properties.
type PoolProperties struct {
	ProvisioningState           string      `json:"provisioningState,omitempty" arm:"readonly"`
	DeploymentID                string      `json:"deploymentId,omitempty" arm:"readonly"`
	ManagedResourceGroupName    string      `json:"managedResourceGroupName,omitempty"`
	AKSManagedResourceGroupName string      `json:"aksManagedResourceGroupName,omitempty" arm:"readonly"`
	ClusterPoolProfile          PoolProfile `json:"clusterPoolProfile"`
	ComputeProfile              PoolCompute `json:"computeProfile" arm:"required"`
	AKSClusterProfile           *AKSProfile `json:"aksClusterProfile,omitempty" arm:"readonly"`
	Status                      string      `json:"status,omitempty" arm:"readonly"`
}

// PoolProfile names the pool's version.
type PoolProfile struct {
	ClusterPoolVersion string `json:"clusterPoolVersion" arm:"required"`
}

// PoolCompute is the size of the pool's own nodes.
type PoolCompute struct {
	VMSize string `json:"vmSize" arm:"required"`
	Count  int32  `json:"count,omitempty" arm:"readonly"`
}

// AKSProfile is what the original showed of its Kubernetes cluster. Templates read the agent pool's identity (R09).
type AKSProfile struct {
	ResourceID        string          `json:"aksClusterResourceId"`
	AgentPoolIdentity IdentityProfile `json:"aksClusterAgentPoolIdentityProfile"`
	Version           string          `json:"aksVersion"`
}

// aksVersions are those that the original paired with its pool versions.
var aksVersions = map[string]string{"1.0": "1.26", "1.1": "1.27", "1.2": "1.29"}

// EncodePool shows a pool. The names of groups and of the agent pool's identity are the original's, made from the pool's uid.
func EncodePool(p cluster.Pool) any {
	managed := "hdi-" + p.UID
	location := cluster.NormalizeLocation(p.Location)
	aks := "MC_" + managed + "_" + p.Ref.Pool + "_" + location
	groups := "/subscriptions/" + p.Ref.Subscription + "/resourcegroups/"
	return Pool{
		TrackedResource: contract.TrackedResource{
			Resource: contract.Resource{ID: p.Ref.ID(), Name: p.Ref.Pool, Type: "microsoft.hdinsight/clusterpools"},
			Location: p.Location, Tags: p.Tags, SystemData: systemData(p.System),
		},
		Properties: PoolProperties{
			ProvisioningState: "Succeeded", DeploymentID: p.UID, Status: "Running",
			ManagedResourceGroupName: managed, AKSManagedResourceGroupName: aks,
			ClusterPoolProfile: PoolProfile{ClusterPoolVersion: p.Version},
			ComputeProfile:     PoolCompute{VMSize: p.VMSize, Count: 3},
			AKSClusterProfile: &AKSProfile{
				Version:    aksVersions[p.Version],
				ResourceID: groups + managed + "/providers/Microsoft.ContainerService/managedClusters/" + p.Ref.Pool,
				AgentPoolIdentity: IdentityProfile{
					ResourceID: groups + aks + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + p.Ref.Pool + "-agentpool",
					ClientID:   stableGUID(p.UID, "client"), ObjectID: stableGUID(p.UID, "object"),
				},
			},
		},
	}
}

// stableGUID names something of a pool by a GUID that is always the same (version 8 of RFC 9562: from a hash).
func stableGUID(uid, what string) string {
	h := sha256.Sum256([]byte(uid + " agentpool " + what))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
