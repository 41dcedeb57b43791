package cluster

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

const (
	codeInvalidPoolSpec = "InvalidClusterPoolSpec"

	atPoolGroup   = "properties.managedResourceGroupName"
	atPoolVersion = "properties.clusterPoolProfile.clusterPoolVersion"
	atPoolNetwork = "properties.networkProfile"
	atPoolLogs    = "properties.logAnalyticsProfile"

	loadBalancer = "loadBalancer"
)

var (
	groupForm     = regexp.MustCompile(`^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$`)
	subnetForm    = regexp.MustCompile(`(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+$`)
	workspaceForm = regexp.MustCompile(`(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.OperationalInsights/workspaces/[^/]+$`)
)

// ValidateGroupName checks the name of a resource group by ARM's rule.
func ValidateGroupName(name string) *Fault {
	if groupForm.MatchString(name) {
		return nil
	}
	return &Fault{Code: "InvalidResourceGroup", Target: "name",
		Message: "The name of a resource group has 1 to 90 letters, digits and characters of -_(). and does not end with a dot."}
}

// ValidatePool finds all that is wrong with a declared pool by itself, with JSON paths.
func ValidatePool(name string, spec PoolSpec, lim Limits) []Fault {
	var l faultList
	l.addAt("name", ValidateName("cluster pool", name))
	if spec.Location == "" {
		l.missing(atLocation)
	}
	l = append(l, ValidateTags(spec.Tags)...)
	_, fault := ParseSKU(spec.VMSize, lim.NodeSizes)
	l.addAt("properties.computeProfile.vmSize", fault)
	if !slices.Contains(PoolVersions, spec.Version) {
		l.add("ClusterPoolVersionNotAvailable", atPoolVersion, "There is no cluster pool version %q.", clip(spec.Version, 64))
		l.hint("one of %s", strings.Join(PoolVersions, ", "))
	}
	if g := spec.ManagedGroup; g != "" && (len(g) > 40 || ValidateGroupName(g) != nil) {
		l.add(codeInvalidPoolSpec, atPoolGroup, "The name of the managed group has 1 to 40 letters, digits and characters of -_(). and does not end with a dot.")
	}
	l.checkNetwork(spec.Network)
	if a := spec.LogAnalytics; a != nil && a.WorkspaceID != "" && !workspaceForm.MatchString(a.WorkspaceID) {
		l.add(codeInvalidPoolSpec, atPoolLogs+".workspaceId", "This is not the resource id of a Log Analytics workspace.")
	}
	return l
}

func (l *faultList) checkNetwork(n *PoolNetwork) {
	if n == nil {
		return
	}
	if !subnetForm.MatchString(n.SubnetID) {
		l.add(codeInvalidPoolSpec, atPoolNetwork+".subnetId", "This is not the resource id of a subnet.")
	}
	if n.OutboundType != "" && !strings.EqualFold(n.OutboundType, loadBalancer) && !strings.EqualFold(n.OutboundType, "userDefinedRouting") {
		l.add(codeInvalidPoolSpec, atPoolNetwork+".outboundType", "The outbound type is loadBalancer or userDefinedRouting.")
	}
	const at = atPoolNetwork + ".apiServerAuthorizedIpRanges"
	for i, r := range n.APIServerAuthorizedIPRanges {
		_, prefix := netip.ParsePrefix(r)
		_, address := netip.ParseAddr(r)
		if prefix != nil && address != nil {
			l.add(codeInvalidPoolSpec, indexed(at, i), "This is no range of addresses, such as 203.0.113.0/24.")
		}
	}
	if n.isPrivate() && len(n.APIServerAuthorizedIPRanges) > 0 {
		l.add(codeInvalidPoolSpec, at, "A private API server has no authorized ranges.")
	}
}

func (n *PoolNetwork) isPrivate() bool {
	return n != nil && n.EnablePrivateAPIServer != nil && *n.EnablePrivateAPIServer
}

func (n *PoolNetwork) outbound() string {
	if n == nil {
		return strings.ToLower(loadBalancer)
	}
	return strings.ToLower(cmp.Or(n.OutboundType, loadBalancer))
}

// poolParts is the one table of a pool's paths. Those that are fixed were so in the original; the others change without any effect on
// the clusters.
var poolParts = []struct {
	path  string
	fixed bool
	value func(PoolSpec) any
}{
	{atLocation, true, func(s PoolSpec) any { return NormalizeLocation(s.Location) }},
	{atTags, false, func(s PoolSpec) any { return s.Tags }},
	{atPoolGroup, true, func(s PoolSpec) any { return strings.ToLower(s.ManagedGroup) }},
	{atPoolVersion, false, func(s PoolSpec) any { return s.Version }},
	{"properties.clusterPoolProfile.publicIpTag", true, func(s PoolSpec) any { return s.PublicIPTag }},
	{"properties.computeProfile.vmSize", false, func(s PoolSpec) any { return s.VMSize }},
	{"properties.computeProfile.availabilityZones", true, func(s PoolSpec) any { return s.AvailabilityZones }},
	{atPoolNetwork + ".subnetId", true, network(func(n PoolNetwork) any { return strings.ToLower(n.SubnetID) })},
	{atPoolNetwork + ".outboundType", true, func(s PoolSpec) any { return s.Network.outbound() }},
	{atPoolNetwork + ".enablePrivateApiServer", true, func(s PoolSpec) any { return s.Network.isPrivate() }},
	{atPoolNetwork + ".apiServerAuthorizedIpRanges", false, network(func(n PoolNetwork) any { return n.APIServerAuthorizedIPRanges })},
	{atPoolLogs, false, func(s PoolSpec) any { return s.LogAnalytics }},
}

func network(f func(PoolNetwork) any) func(PoolSpec) any {
	return func(s PoolSpec) any {
		if s.Network == nil {
			return f(PoolNetwork{})
		}
		return f(*s.Network)
	}
}

// ChangePool compares a pool with what shall replace it. The name of the managed group may be left out, and be the made one.
// A PATCH changes tags only (R15).
func ChangePool(old Pool, new PoolSpec, by Declaring) (c Changes) {
	was := old.Spec()
	was.ManagedGroup = old.ManagedGroupName()
	new.ManagedGroup = cmp.Or(new.ManagedGroup, was.ManagedGroup)
	for _, p := range poolParts {
		if same(p.value(was), p.value(new)) {
			continue
		}
		c.Paths = append(c.Paths, p.path)
		if !p.fixed && (by != ByPatch || p.path == atTags) {
			continue
		}
		rule := part{path: p.path}
		if p.fixed {
			rule.class = ChangeRefused
		}
		c.Refused = append(c.Refused, refusedChange(rule, by))
	}
	return c
}
