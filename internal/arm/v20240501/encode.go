package v20240501

import (
	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// EncodeCluster shows a cluster. The answer of the PUT that made it holds what was sent and no more.
func EncodeCluster(v lifecycle.ClusterView) any { return Shown(v) }

// Shown is a cluster as published versions show it, but for the properties at paths that one of them lacks.
func Shown(v lifecycle.ClusterView, lacks ...string) Cluster {
	out := NewCluster(v)
	if !v.Created {
		out.Properties.ComputeProfile.Nodes = withHead(out.Properties.ComputeProfile.Nodes)
	}
	contract.Clear(&out.Properties, lacks...)
	return out
}

// NewCluster is a cluster with its nodes as declared.
func NewCluster(v lifecycle.ClusterView) Cluster {
	out := Cluster{TrackedResource: contract.TrackedResource{
		Resource: contract.Resource{ID: v.Ref.ID(), Name: v.Ref.Name, Type: "microsoft.hdinsight/clusterpools/clusters"},
		Location: v.Spec.Location, Tags: v.Spec.Tags, SystemData: systemData(v.System),
	}}
	p := &out.Properties
	contract.Copy(p, lifecycle.HideProperties(v.Spec.Properties), managedIdentityProfile)
	p.ProvisioningState = v.ProvisioningState
	encodeOddities(&p.ClusterProfile, v.Spec.Properties.Profile)
	if v.Created {
		return out
	}
	p.DeploymentID, p.Status = v.DeploymentID, string(v.Phase)
	for _, c := range v.Components {
		p.ClusterProfile.Components = append(p.ClusterProfile.Components, Component(c))
	}
	if v.FQDN != "" {
		p.ClusterProfile.ConnectivityProfile = &ConnectivityProfile{Web: WebConnectivity{FQDN: v.FQDN}}
	}
	if p.ClusterProfile.SSHProfile != nil {
		p.ClusterProfile.SSHProfile.PodPrefix = "sshnode"
	}
	return out
}

// encodeOddities fills what has another form in the domain.
func encodeOddities(out *ClusterProfile, in cluster.Profile) {
	if in.ManagedIdentities != nil {
		out.ManagedIdentityProfile = &ManagedIdentityProfile{IdentityList: []ManagedIdentity{}}
		for _, identity := range in.ManagedIdentities {
			list := &out.ManagedIdentityProfile.IdentityList
			*list = append(*list, ManagedIdentity(identity))
		}
	}
	for name, block := range out.byName() {
		if kept, ok := in.Other[name]; ok {
			*block = kept
		}
	}
}

func systemData(s cluster.SystemData) *contract.SystemData {
	return &contract.SystemData{
		CreatedBy: s.CreatedBy, CreatedByType: s.CreatedByType, CreatedAt: contract.Time(s.CreatedAt),
		LastModifiedBy: s.LastModifiedBy, LastModifiedByType: s.LastModifiedByType, LastModifiedAt: contract.Time(s.LastModifiedAt),
	}
}
