package cluster

import "cmp"

// Pool is a cluster pool: a place of a target, with its defaults.
type Pool struct {
	UID      string // 32 lower-case hex digits
	Ref      PoolRef
	Location string // as sent
	Target   string // name of the target its location leads to
	Tags     map[string]string
	VMSize   string
	Version  string // clusterPoolVersion; "1.2" if none was given
	System   SystemData
	ETag     string
	PoolSettings
}

// PoolSettings are what a pool stores and shows; but for the name of its group and the switch of log analytics without effect here.
type PoolSettings struct {
	ManagedGroup      string            // managedResourceGroupName; "" = hdi-<uid>
	Network           *PoolNetwork      `json:",omitempty"`
	LogAnalytics      *PoolLogAnalytics `json:",omitempty"` // the switch for all clusters of the pool (R33)
	AvailabilityZones []string          `json:",omitzero"`  // in the one version that knows them
	PublicIPTag       *IPTag            `json:",omitempty"` // likewise
}

// PoolNetwork is the network profile of a pool, with ARM's names.
type PoolNetwork struct {
	SubnetID                    string   `json:"subnetId"`
	OutboundType                string   `json:"outboundType,omitempty"` // "" = loadBalancer
	EnablePrivateAPIServer      *bool    `json:"enablePrivateApiServer,omitempty"`
	APIServerAuthorizedIPRanges []string `json:"apiServerAuthorizedIpRanges,omitzero"` // CIDR, or single addresses
}

// PoolLogAnalytics is the log analytics profile of a pool, with ARM's names.
type PoolLogAnalytics struct {
	Enabled     bool   `json:"enabled"`
	WorkspaceID string `json:"workspaceId,omitempty"`
}

// IPTag is the tag of a pool's public addresses, with ARM's names.
type IPTag struct {
	Type string `json:"ipTagType"`
	Tag  string `json:"tag"`
}

// PoolSpec is what a PUT of a pool declares.
type PoolSpec struct {
	Location string
	Tags     map[string]string
	VMSize   string
	Version  string
	PoolSettings
}

// Spec is what the pool was declared as.
func (p Pool) Spec() PoolSpec {
	return PoolSpec{Location: p.Location, Tags: p.Tags, VMSize: p.VMSize, Version: p.Version, PoolSettings: p.PoolSettings}
}

// Declare makes the pool what s says. The name of its group is given once: where s has none, it stays.
func (p *Pool) Declare(s PoolSpec) {
	s.ManagedGroup = cmp.Or(s.ManagedGroup, p.ManagedGroup)
	p.Location, p.Tags, p.VMSize, p.Version, p.PoolSettings = s.Location, s.Tags, s.VMSize, s.Version, s.PoolSettings
}

// ManagedGroupName is the group that the original kept a pool's own resources in.
func (p Pool) ManagedGroupName() string { return cmp.Or(p.ManagedGroup, "hdi-"+p.UID) }
