package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var upgradeFacts = FlinkFacts{Installed: []string{"2.3.0", "1.20.5", "2.2.10", "2.2.9"}, Aliases: map[string]string{"1.17.0": "1.20.5", "1.16.0": "1.20.5"}}

func declaredVersion(oss, clusterVersion string) Spec {
	return Spec{Properties: Properties{Profile: Profile{OSSVersion: oss, ClusterVersion: clusterVersion}}}
}

func TestAnUpgradeDeclaresANewerVersionOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		from Spec
		ask  Upgrade
		want string // declared, or code and target
	}{
		"a newer patch":                     {declaredVersion("2.2.9", "1.2.2"), Upgrade{Type: "patchversionupgrade", OSS: "2.2.10"}, "2.2.10 1.2.2"},
		"both versions":                     {declaredVersion("1.17.0", "1.2.1"), Upgrade{Type: UpgradePatch, OSS: "2.3.0", Cluster: "1.2.2", Component: "flinkappinstance"}, "2.3.0 1.2.2"},
		"the same":                          {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradePatch, OSS: "2.3.0", Cluster: "1.2.2"}, "2.3.0 1.2.2"},
		"a hotfix":                          {declaredVersion("2.3.0", "1.2.1"), Upgrade{Type: UpgradeHotfix, Cluster: "1.2.2"}, "2.3.0 1.2.2"},
		"another name of what runs":         {declaredVersion("1.17.0", "1.2.1"), Upgrade{Type: UpgradePatch, OSS: "1.20.5"}, "1.20.5 1.2.1"},
		"nodes, of which there are none":    {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradeNodes}, "2.3.0 1.2.2"},
		"what is not installed is for PUT":  {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradePatch, OSS: "9.0.0"}, "9.0.0 1.2.2"},
		"an older version":                  {declaredVersion("2.2.10", "1.2.2"), Upgrade{Type: UpgradePatch, OSS: "2.2.9"}, "UpgradeGoesBack properties.targetOssVersion"},
		"an older version by another name":  {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradePatch, OSS: "1.17.0"}, "UpgradeGoesBack properties.targetOssVersion"},
		"an older cluster version":          {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradeHotfix, Cluster: "1.2.1"}, "UpgradeGoesBack properties.targetClusterVersion"},
		"a component that is not there":     {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradeHotfix, Cluster: "1.2.3", Component: "historyserver"}, "UpgradeComponentNotKnown properties.componentName"},
		"nothing that is named":             {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: UpgradePatch}, "InvalidParameter properties.targetOssVersion"},
		"a type of upgrade that is unknown": {declaredVersion("2.3.0", "1.2.2"), Upgrade{Type: "NodeOsUpgrade"}, "InvalidParameter properties.upgradeType"},
	} {
		to, err := tt.ask.Of(tt.from, upgradeFacts)
		got := to.Properties.Profile.OSSVersion + " " + to.Properties.Profile.ClusterVersion
		if e := AsError(err); e != nil {
			got = e.Code + " " + e.Target
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", why, got, tt.want)
		}
	}
}

func TestWhatIsNewerAndInstalledCanBeUpgradedTo(t *testing.T) {
	t.Parallel()
	for from, want := range map[[2]string][]string{
		{"2.2.9", "1.2.2"}:  {"2.2.10-1.2.2", "2.3.0-1.2.2 new line"},
		{"1.16.0", "1.0.6"}: {"2.2.9-1.2.2 new line", "2.2.10-1.2.2 new line", "2.3.0-1.2.2 new line"},
		{"2.3.0", "1.2.7"}:  nil,
	} {
		var got []string
		for _, u := range AvailableUpgrades(declaredVersion(from[0], from[1]), upgradeFacts) {
			name := u.To.OSS + "-" + u.To.Cluster
			if u.NewLine {
				name += " new line"
			}
			got = append(got, name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("from %s (-want +got):\n%s", from, d)
		}
	}
}

func TestUpgradesAreTheStartsThatChangedFlink(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	version := func(n int, flink string, good bool, failure string) Version {
		v := Version{Number: n, Flink: flink, Failure: failure}
		if good {
			v.GoodAt = day(n)
		}
		return v
	}
	start := func(at, version int, origin Origin, live bool) Incarnation {
		i := Incarnation{Version: version, Origin: origin, CreatedAt: day(at)}
		if live {
			i.LiveAt = day(at)
		}
		return i
	}
	versions := []Version{version(4, "2.3.0", false, ""), version(3, "2.2.0", true, ""), version(2, "2.2.0", false, "it would not start"), version(1, "1.20.5", true, "")}
	starts := []Incarnation{
		start(9, 4, ByCaller, true), // its gate is open yet
		start(8, 3, ByRecovery, true), start(7, 3, ByCaller, true), start(6, 1, ByCaller, true), start(5, 3, ByCaller, true),
		start(4, 1, ByReturn, true), start(3, 2, ByCaller, true), start(2, 1, ByCaller, true), start(1, 1, ByCaller, false),
	}
	var got []string
	for _, u := range UpgradesDone(versions, starts) {
		got = append(got, fmt.Sprintf("%d: %d to %d failed=%v back=%v", u.At.Day(), u.From.Number, u.To.Number, u.Failed, u.Back()))
	}
	want := []string{"7: 1 to 3 failed=false back=false", "6: 3 to 1 failed=false back=true", "5: 1 to 3 failed=false back=false", "3: 1 to 2 failed=true back=false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
