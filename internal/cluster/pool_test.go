package cluster

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	subnet    = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n"
	workspace = "/subscriptions/s/resourcegroups/g/providers/microsoft.operationalinsights/workspaces/w"
)

// fullPool declares everything there is.
func fullPool() PoolSpec {
	private := false
	return PoolSpec{Location: "East US 2", Tags: map[string]string{"a": "b"}, VMSize: "Standard_E4s_v3", Version: "1.1", PoolSettings: PoolSettings{
		ManagedGroup: "hdi-mine", LogAnalytics: &PoolLogAnalytics{Enabled: true, WorkspaceID: workspace},
		Network:           &PoolNetwork{SubnetID: subnet, OutboundType: "userDefinedRouting", EnablePrivateAPIServer: &private, APIServerAuthorizedIPRanges: []string{"203.0.113.0/24", "2001:db8::1"}},
		AvailabilityZones: []string{"1"}, PublicIPTag: &IPTag{Type: "FirstPartyUsage", Tag: "HDInsight"},
	}}
}

func TestWhatIsWrongWithAPoolIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	private := true
	for why, tt := range map[string]struct {
		name   string
		change func(*PoolSpec)
		want   []string // code at target
	}{
		"all is well":          {"Pool-1", func(*PoolSpec) {}, nil},
		"a short one is well":  {"p", func(s *PoolSpec) { s.PoolSettings = PoolSettings{} }, nil},
		"a name that is none":  {"-", func(*PoolSpec) {}, []string{"InvalidResourceName at name"}},
		"no location":          {"p", func(s *PoolSpec) { s.Location = "" }, []string{"InvalidClusterSpec at location"}},
		"a tag that is none":   {"p", func(s *PoolSpec) { s.Tags = map[string]string{"a?": ""} }, []string{"InvalidTags at tags.a?"}},
		"an unknown size":      {"p", func(s *PoolSpec) { s.VMSize = "Big" }, []string{"InvalidVmSize at properties.computeProfile.vmSize"}},
		"an unknown version":   {"p", func(s *PoolSpec) { s.Version = "1.3" }, []string{"ClusterPoolVersionNotAvailable at " + atPoolVersion}},
		"a group that is none": {"p", func(s *PoolSpec) { s.ManagedGroup = "ends." }, []string{"InvalidClusterPoolSpec at " + atPoolGroup}},
		"no workspace":         {"p", func(s *PoolSpec) { s.LogAnalytics.WorkspaceID = subnet }, []string{"InvalidClusterPoolSpec at " + atPoolLogs + ".workspaceId"}},
		"a private API with ranges": {"p", func(s *PoolSpec) { s.Network.EnablePrivateAPIServer = &private },
			[]string{"InvalidClusterPoolSpec at " + atPoolNetwork + ".apiServerAuthorizedIpRanges"}},
		"everything in a network": {"p", func(s *PoolSpec) {
			s.Network = &PoolNetwork{SubnetID: workspace, OutboundType: "none", APIServerAuthorizedIPRanges: []string{"203.0.113.0/24", "203.0.113.0/33"}}
		}, []string{"InvalidClusterPoolSpec at " + atPoolNetwork + ".subnetId", "InvalidClusterPoolSpec at " + atPoolNetwork + ".outboundType",
			"InvalidClusterPoolSpec at " + atPoolNetwork + ".apiServerAuthorizedIpRanges[1]"}},
	} {
		spec := fullPool()
		tt.change(&spec)
		var got []string
		for _, f := range ValidatePool(tt.name, spec, Limits{}) {
			got = append(got, f.Code+" at "+f.Target)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", why, d)
		}
	}
}

func TestEveryPathOfAPoolChangesOrIsRefused(t *testing.T) {
	t.Parallel()
	private := true
	for path, tt := range map[string]struct {
		change func(*PoolSpec)
		code   string // of the refusal of a PUT; "" = it may change
	}{
		"":            {change: func(s *PoolSpec) { s.Location, s.ManagedGroup = "eastus2", "HDI-mine" }},
		"location":    {change: func(s *PoolSpec) { s.Location = "East US" }, code: "InvalidResourceLocation"},
		"tags":        {change: func(s *PoolSpec) { s.Tags = nil }},
		atPoolGroup:   {change: func(s *PoolSpec) { s.ManagedGroup = "other" }, code: "PropertyChangeNotAllowed"},
		atPoolVersion: {change: func(s *PoolSpec) { s.Version = "1.2" }},
		atPoolLogs:    {change: func(s *PoolSpec) { s.LogAnalytics = nil }},
		"properties.clusterPoolProfile.publicIpTag":    {change: func(s *PoolSpec) { s.PublicIPTag = nil }, code: "PropertyChangeNotAllowed"},
		"properties.computeProfile.vmSize":             {change: func(s *PoolSpec) { s.VMSize = "Standard_D4a_v4" }},
		"properties.computeProfile.availabilityZones":  {change: func(s *PoolSpec) { s.AvailabilityZones = nil }, code: "PropertyChangeNotAllowed"},
		atPoolNetwork + ".subnetId":                    {change: func(s *PoolSpec) { s.Network.SubnetID += "2" }, code: "PropertyChangeNotAllowed"},
		atPoolNetwork + ".outboundType":                {change: func(s *PoolSpec) { s.Network.OutboundType = "" }, code: "PropertyChangeNotAllowed"},
		atPoolNetwork + ".enablePrivateApiServer":      {change: func(s *PoolSpec) { s.Network.EnablePrivateAPIServer = &private }, code: "PropertyChangeNotAllowed"},
		atPoolNetwork + ".apiServerAuthorizedIpRanges": {change: func(s *PoolSpec) { s.Network.APIServerAuthorizedIPRanges = nil }},
	} {
		pool, spec := Pool{UID: "u"}, fullPool()
		pool.Declare(fullPool())
		tt.change(&spec)
		for by, free := range map[Declaring]bool{ByPut: tt.code == "", ByPatch: path == "tags" || path == ""} {
			c := ChangePool(pool, spec, by)
			var want []string
			if path != "" {
				want = []string{path}
			}
			if !slices.Equal(c.Paths, want) || free != (len(c.Refused) == 0) {
				t.Errorf("%s: changed are %v, refused %v", path, c.Paths, c.Refused)
			}
			if by == ByPut && !free && c.Refused[0].Code != tt.code {
				t.Errorf("%s: refused with %s, want %s", path, c.Refused[0].Code, tt.code)
			}
		}
	}
	for _, p := range poolParts {
		if same(p.value(fullPool()), p.value(PoolSpec{})) != (p.path == atPoolNetwork+".enablePrivateApiServer") {
			t.Errorf("%s has the same value in a full and in an empty pool", p.path)
		}
	}
}

func TestTheManagedGroupOfAPoolMayBeLeftOutAndMayBeTheMadeOne(t *testing.T) {
	t.Parallel()
	made := Pool{UID: "0123"}
	made.Declare(PoolSpec{Location: "x"})
	for why, name := range map[string]string{"left out": "", "the made one": "hdi-0123"} {
		if c := ChangePool(made, PoolSpec{Location: "x", PoolSettings: PoolSettings{ManagedGroup: name}}, ByPut); len(c.Paths) > 0 {
			t.Errorf("%s: changed are %v", why, c.Paths)
		}
	}
	given := Pool{UID: "0123"}
	given.Declare(PoolSpec{PoolSettings: PoolSettings{ManagedGroup: "mine"}})
	given.Declare(PoolSpec{})
	if got := given.ManagedGroupName(); got != "mine" {
		t.Errorf("after a PUT without it, the group is %q", got)
	}
}

func TestAvailableVersionsAreThoseThatSomethingRuns(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		facts FlinkFacts
		want  []string // name, version of pools, what runs
	}{
		"nothing is installed":    {},
		"no alias leads to a 2.x": {FlinkFacts{Installed: []string{"2.3.0"}}, []string{"flink_2.3.0-1.2.2 1.2 2.3.0"}},
		"1.20 runs the original's": {FlinkFacts{Installed: []string{"1.20.5"}, Aliases: map[string]string{"1.16.0": "1.20.5", "1.17.0": "1.20.5"}}, []string{
			"flink_1.16.0-1.0.6 1.0 1.20.5", "flink_1.17.0-1.1.0 1.1 1.20.5", "flink_1.17.0-1.1.1 1.1 1.20.5", "flink_1.17.0-1.1.2 1.1 1.20.5",
			"flink_1.17.0-1.2.0 1.2 1.20.5", "flink_1.17.0-1.2.1 1.2 1.20.5", "flink_1.20.5-1.2.2 1.2 1.20.5",
		}},
	} {
		var got []string
		for _, v := range AvailableVersions(tt.facts) {
			got = append(got, v.Name()+" "+v.Pool()+" "+v.Flink)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", why, d)
		}
	}
}
