package v20240501

import (
	"cmp"
	"crypto/sha256"
	"fmt"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// Paths below a pool's properties that only some versions know.
const (
	poolIPTag = "clusterPoolProfile.publicIpTag"
	poolZones = "computeProfile.availabilityZones"
)

// Pools is the form of pools in this version; OurPools in our own. Both lack what the stable version dropped of its preview.
var (
	Pools    = PoolForm{Lacks: []string{poolIPTag, poolZones}}
	OurPools = PoolForm{Lacks: Pools.Lacks, Ours: true}
)

// PoolForm is how a version has pools: all that any version knows, but for the properties at paths that it lacks.
type PoolForm struct {
	Lacks []string
	Ours  bool // unknown members are faults, and the ETag is in the body too
}

// Decode reads the body of a PUT. What the version cannot say stays as existing has it (R13); existing is nil if there is no such pool.
func (f PoolForm) Decode(body []byte, existing *cluster.Pool) (cluster.PoolSpec, []string, error) {
	var in Pool
	opts := contract.Options{Strict: f.Ours}
	for _, path := range f.Lacks {
		opts.Unknown = append(opts.Unknown, "properties."+path)
	}
	ignored, err := contract.Decode(body, &in, opts)
	if err != nil {
		return cluster.PoolSpec{}, nil, err
	}
	if existing != nil {
		old := newPool(lifecycle.PoolView{Pool: *existing})
		contract.Keep(&in.Properties, &old.Properties, f.Lacks...)
	}
	p := in.Properties
	return cluster.PoolSpec{
		Location: in.Location, Tags: in.Tags, VMSize: p.ComputeProfile.VMSize,
		Version: cmp.Or(p.ClusterPoolProfile.ClusterPoolVersion, cluster.DefaultPoolVersion),
		PoolSettings: cluster.PoolSettings{
			ManagedGroup: p.ManagedResourceGroupName, AvailabilityZones: p.ComputeProfile.AvailabilityZones,
			Network: (*cluster.PoolNetwork)(p.NetworkProfile), LogAnalytics: (*cluster.PoolLogAnalytics)(p.LogAnalyticsProfile),
			PublicIPTag: (*cluster.IPTag)(p.ClusterPoolProfile.PublicIPTag),
		},
	}, ignored, nil
}

// Encode shows a pool. The answer of the PUT that made it holds what was sent and no more.
func (f PoolForm) Encode(v lifecycle.PoolView) any {
	out := newPool(v)
	contract.Clear(&out.Properties, f.Lacks...)
	if f.Ours {
		out.ETag = `"` + v.ETag + `"`
	}
	return out
}

// Pool is a cluster pool resource.
type Pool struct {
	contract.TrackedResource
	ETag       string         `json:"etag,omitempty" arm:"readonly"`
	Properties PoolProperties `json:"properties" arm:"required"`
}

// PoolProperties are a pool's properties.
type PoolProperties struct {
	ProvisioningState           string            `json:"provisioningState,omitempty" arm:"readonly"`
	DeploymentID                string            `json:"deploymentId,omitempty" arm:"readonly"`
	ManagedResourceGroupName    string            `json:"managedResourceGroupName,omitempty"`
	AKSManagedResourceGroupName string            `json:"aksManagedResourceGroupName,omitempty" arm:"readonly"`
	ClusterPoolProfile          PoolProfile       `json:"clusterPoolProfile"`
	ComputeProfile              PoolCompute       `json:"computeProfile" arm:"required"`
	NetworkProfile              *PoolNetwork      `json:"networkProfile,omitempty"`
	LogAnalyticsProfile         *PoolLogAnalytics `json:"logAnalyticsProfile,omitempty"`
	AKSClusterProfile           *AKSProfile       `json:"aksClusterProfile,omitempty" arm:"readonly"`
	Status                      string            `json:"status,omitempty" arm:"readonly"`
}

// PoolProfile names the pool's version.
type PoolProfile struct {
	ClusterPoolVersion string `json:"clusterPoolVersion" arm:"required"`
	PublicIPTag        *IPTag `json:"publicIpTag,omitempty"`
}

// IPTag is stored and echoed.
type IPTag struct {
	Type string `json:"ipTagType" arm:"required"`
	Tag  string `json:"tag" arm:"required"`
}

// PoolCompute is the size of the pool's own nodes.
type PoolCompute struct {
	VMSize            string   `json:"vmSize" arm:"required"`
	Count             int32    `json:"count,omitempty" arm:"readonly"`
	AvailabilityZones []string `json:"availabilityZones,omitzero"`
}

// PoolNetwork is stored and echoed.
type PoolNetwork struct {
	SubnetID                    string   `json:"subnetId" arm:"required"`
	OutboundType                string   `json:"outboundType,omitempty"`
	EnablePrivateAPIServer      *bool    `json:"enablePrivateApiServer,omitempty"`
	APIServerAuthorizedIPRanges []string `json:"apiServerAuthorizedIpRanges,omitzero"`
}

// PoolLogAnalytics is the switch of all clusters' log analytics.
type PoolLogAnalytics struct {
	Enabled     bool   `json:"enabled" arm:"required"`
	WorkspaceID string `json:"workspaceId,omitempty"`
}

// AKSProfile is what the original showed of its Kubernetes cluster. Templates read the agent pool's identity (R09).
type AKSProfile struct {
	ResourceID        string          `json:"aksClusterResourceId"`
	AgentPoolIdentity IdentityProfile `json:"aksClusterAgentPoolIdentityProfile"`
	Version           string          `json:"aksVersion"`
}

// AKSVersion is the one that the original paired with a version of pools.
func AKSVersion(poolVersion string) string { return aksVersions[poolVersion] }

var aksVersions = map[string]string{"1.0": "1.26", "1.1": "1.27", "1.2": "1.29"}

// newPool is a pool with everything. It shares no block with v, so that some can be cleared.
func newPool(v lifecycle.PoolView) Pool {
	out := Pool{TrackedResource: contract.TrackedResource{
		Resource: contract.Resource{ID: v.Ref.ID(), Name: v.Ref.Pool, Type: "microsoft.hdinsight/clusterpools"},
		Location: v.Location, Tags: v.Tags, SystemData: systemData(v.System),
	}}
	p := &out.Properties
	p.ProvisioningState, p.ManagedResourceGroupName = v.ProvisioningState, v.ManagedGroup
	p.ClusterPoolProfile = PoolProfile{ClusterPoolVersion: v.Version, PublicIPTag: (*IPTag)(v.PublicIPTag)}
	p.ComputeProfile = PoolCompute{VMSize: v.VMSize, AvailabilityZones: v.AvailabilityZones}
	if v.Network != nil {
		n := PoolNetwork(*v.Network)
		p.NetworkProfile = &n
	}
	p.LogAnalyticsProfile = (*PoolLogAnalytics)(v.LogAnalytics)
	if !v.Created {
		showMade(p, v)
	}
	return out
}

// showMade adds what the service makes. The names of groups and of the agent pool's identity are the original's, made from the pool's uid.
func showMade(p *PoolProperties, v lifecycle.PoolView) {
	managed := v.ManagedGroupName()
	aks := "MC_" + managed + "_" + v.Ref.Pool + "_" + cluster.NormalizeLocation(v.Location)
	subscription := "/subscriptions/" + v.Ref.Subscription
	p.DeploymentID, p.Status, p.ComputeProfile.Count = v.UID, "Running", 3
	if v.ProvisioningState == cluster.ProvisioningDeleting {
		p.Status = "Deleting"
	}
	p.ManagedResourceGroupName, p.AKSManagedResourceGroupName = managed, aks
	p.AKSClusterProfile = &AKSProfile{
		Version:    AKSVersion(v.Version),
		ResourceID: subscription + "/resourceGroups/" + managed + "/providers/Microsoft.ContainerService/managedClusters/" + v.Ref.Pool,
		AgentPoolIdentity: IdentityProfile{
			ResourceID: subscription + "/resourcegroups/" + aks + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + v.Ref.Pool + "-agentpool",
			ClientID:   stableGUID(v.UID, "client"), ObjectID: stableGUID(v.UID, "object"),
		},
	}
}

// stableGUID names something of a pool by a GUID that is always the same (version 8 of RFC 9562: from a hash).
func stableGUID(uid, what string) string {
	h := sha256.Sum256([]byte(uid + " agentpool " + what))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
