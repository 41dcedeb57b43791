// Package v20240501 holds the wire types of api-version 2024-05-01 and their converters, nothing else. What each field means is
// said where the domain has it: drey/internal/cluster.
package v20240501

import "drey/internal/arm/contract"

// Name is the api-version.
const Name = "2024-05-01"

// Cluster is a cluster resource.
type Cluster struct {
	contract.TrackedResource
	Properties ClusterProperties `json:"properties" arm:"required"`
}

// ClusterProperties are a cluster's properties.
type ClusterProperties struct {
	ProvisioningState string         `json:"provisioningState,omitempty" arm:"readonly"`
	ClusterType       string         `json:"clusterType" arm:"required"`
	DeploymentID      string         `json:"deploymentId,omitempty" arm:"readonly"`
	ComputeProfile    ComputeProfile `json:"computeProfile" arm:"required"`
	ClusterProfile    ClusterProfile `json:"clusterProfile" arm:"required"`
	Status            string         `json:"status,omitempty" arm:"readonly"`
}

// ComputeProfile lists the node groups.
type ComputeProfile struct {
	Nodes []NodeProfile `json:"nodes" arm:"required"`
}

// NodeProfile is one node group.
type NodeProfile struct {
	Type   string `json:"type" arm:"required"`
	VMSize string `json:"vmSize" arm:"required"`
	Count  int32  `json:"count" arm:"required"`
}

// ClusterProfile is all that is not compute.
type ClusterProfile struct {
	ClusterVersion         string                  `json:"clusterVersion" arm:"required"`
	OSSVersion             string                  `json:"ossVersion" arm:"required"`
	Components             []Component             `json:"components,omitempty" arm:"readonly"`
	IdentityProfile        *IdentityProfile        `json:"identityProfile,omitempty"`
	ManagedIdentityProfile *ManagedIdentityProfile `json:"managedIdentityProfile,omitempty"`
	AuthorizationProfile   AuthorizationProfile    `json:"authorizationProfile" arm:"required"`
	SecretsProfile         *SecretsProfile         `json:"secretsProfile,omitempty"`
	ServiceConfigsProfiles []ServiceConfigsProfile `json:"serviceConfigsProfiles,omitzero"`
	ConnectivityProfile    *ConnectivityProfile    `json:"connectivityProfile,omitempty" arm:"readonly"`
	ClusterAccessProfile   *ClusterAccessProfile   `json:"clusterAccessProfile,omitempty"`
	LogAnalyticsProfile    *LogAnalyticsProfile    `json:"logAnalyticsProfile,omitempty"`
	PrometheusProfile      *Enabled                `json:"prometheusProfile,omitempty"`
	SSHProfile             *SSHProfile             `json:"sshProfile,omitempty"`
	AutoscaleProfile       *AutoscaleProfile       `json:"autoscaleProfile,omitempty"`
	RangerPluginProfile    *Enabled                `json:"rangerPluginProfile,omitempty"`
	FlinkProfile           *FlinkProfile           `json:"flinkProfile,omitempty"`
	ScriptActionProfiles   []ScriptActionProfile   `json:"scriptActionProfiles,omitzero"`
	OtherProfiles
}

// OtherProfiles are the blocks of other cluster types, kept as they come.
type OtherProfiles struct {
	Kafka  map[string]any `json:"kafkaProfile,omitzero"`
	Trino  map[string]any `json:"trinoProfile,omitzero"`
	Llap   map[string]any `json:"llapProfile,omitzero"`
	Spark  map[string]any `json:"sparkProfile,omitzero"`
	Ranger map[string]any `json:"rangerProfile,omitzero"`
	Stub   map[string]any `json:"stubProfile,omitzero"`
}

// byName gives each block with its ARM name.
func (o *OtherProfiles) byName() map[string]*map[string]any {
	return map[string]*map[string]any{
		"kafkaProfile": &o.Kafka, "trinoProfile": &o.Trino, "llapProfile": &o.Llap,
		"sparkProfile": &o.Spark, "rangerProfile": &o.Ranger, "stubProfile": &o.Stub,
	}
}

// Component is a part that runs, with its version.
type Component struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Enabled is a profile that is a switch.
type Enabled struct {
	Enabled bool `json:"enabled" arm:"required"`
}

// ConnectivityProfile says where a cluster answers.
type ConnectivityProfile struct {
	Web WebConnectivity `json:"web"`
}

// WebConnectivity is the host name of the Flink UI.
type WebConnectivity struct {
	FQDN string `json:"fqdn"`
}

// ClusterAccessProfile chooses the ingress.
type ClusterAccessProfile struct {
	EnableInternalIngress bool   `json:"enableInternalIngress" arm:"required"`
	PrivateLinkServiceID  string `json:"privateLinkServiceId,omitempty" arm:"readonly"`
}

// SSHProfile is stored and echoed.
type SSHProfile struct {
	Count     int32  `json:"count" arm:"required"`
	PodPrefix string `json:"podPrefix,omitempty" arm:"readonly"`
	VMSize    string `json:"vmSize,omitempty"`
}

// ScriptActionProfile is stored and echoed.
type ScriptActionProfile struct {
	Type             string   `json:"type" arm:"required"`
	Name             string   `json:"name" arm:"required"`
	URL              string   `json:"url" arm:"required"`
	Parameters       string   `json:"parameters,omitempty"`
	Services         []string `json:"services" arm:"required"`
	TimeoutInMinutes *int32   `json:"timeoutInMinutes,omitempty"`
	ShouldPersist    *bool    `json:"shouldPersist,omitempty"`
}
