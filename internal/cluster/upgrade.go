package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// UpgradeComponent is the one part of a cluster that is upgraded.
const UpgradeComponent = "FlinkAppInstance"

// The types of upgrades, in the published words.
const (
	UpgradeNodes  = "AKSPatchUpgrade" // of what runs below Flink: there is nothing of that here
	UpgradeHotfix = "HotfixUpgrade"
	UpgradePatch  = "PatchVersionUpgrade"
)

// Upgrade asks for another version of what a cluster runs (R27). "" = as it is.
type Upgrade struct {
	Type      string
	OSS       string // "2.3.0"
	Cluster   string // "1.2.2"
	Component string
}

// Of is the declaration that u makes of s, which stays as it is where there is nothing to upgrade.
func (u Upgrade) Of(s Spec, facts FlinkFacts) (Spec, error) {
	at := slices.IndexFunc([]string{UpgradeNodes, UpgradeHotfix, UpgradePatch}, func(t string) bool { return strings.EqualFold(t, u.Type) })
	switch p := &s.Properties.Profile; {
	case at == 0:
		return s, nil
	case at < 0:
		return s, Errorf(Invalid, "InvalidParameter", "properties.upgradeType", "The type of an upgrade is %s, %s or %s.", UpgradePatch, UpgradeHotfix, UpgradeNodes)
	case u.Component != "" && !strings.EqualFold(u.Component, UpgradeComponent):
		return s, Errorf(Invalid, "UpgradeComponentNotKnown", "properties.componentName", "There is no component %q that could be upgraded; there is %s.", clip(u.Component, 64), UpgradeComponent)
	case u.OSS == "" && u.Cluster == "":
		return s, Errorf(Invalid, "InvalidParameter", "properties.targetOssVersion", "Neither targetOssVersion nor targetClusterVersion is given.")
	case u.Cluster != "" && compareVersions(u.Cluster, p.ClusterVersion) < 0:
		return s, goesBack("properties.targetClusterVersion", "cluster version "+clip(u.Cluster, 64), p.ClusterVersion)
	case u.OSS != "" && compareVersions(runsAs(u.OSS, facts), runsAs(p.OSSVersion, facts)) < 0:
		return s, goesBack("properties.targetOssVersion", "Flink "+clip(u.OSS, 64), p.OSSVersion)
	default:
		p.OSSVersion, p.ClusterVersion = cmp.Or(u.OSS, p.OSSVersion), cmp.Or(u.Cluster, p.ClusterVersion)
		return s, nil
	}
}

func goesBack(at, to, from string) *Error {
	return Errorf(Conflict, "UpgradeGoesBack", at, "An upgrade does not go back: %s is older than %s.", to, from).
		WithHint("go back by `drey cluster version rollback`")
}

func runsAs(oss string, facts FlinkFacts) string {
	real, _ := facts.Resolve(oss)
	return cmp.Or(real, oss)
}

// AvailableUpgrade is a newer version that a cluster can be upgraded to.
type AvailableUpgrade struct {
	From, To AvailableVersion
	NewLine  bool // of another line of Flink: the job's program may have to change
}

// AvailableUpgrades are the installed versions that are newer than what s runs, oldest first.
func AvailableUpgrades(s Spec, facts FlinkFacts) (all []AvailableUpgrade) {
	p := s.Properties.Profile
	from := AvailableVersion{Cluster: p.ClusterVersion, OSS: p.OSSVersion, Flink: runsAs(p.OSSVersion, facts)}
	for _, installed := range facts.Installed {
		if compareVersions(installed, from.Flink) > 0 {
			to := AvailableVersion{Cluster: from.Cluster, OSS: installed, Flink: installed}
			if compareVersions(ourClusterVersion, from.Cluster) > 0 {
				to.Cluster = ourClusterVersion
			}
			all = append(all, AvailableUpgrade{From: from, To: to, NewLine: Line(installed) != Line(from.Flink)})
		}
	}
	slices.SortFunc(all, func(a, b AvailableUpgrade) int { return compareVersions(a.To.Flink, b.To.Flink) })
	return all
}

// compareVersions orders versions by their numbers, one after the other. What is no number counts as 0.
func compareVersions(a, b string) int {
	return slices.Compare(numbersOf(a), numbersOf(b))
}

func numbersOf(version string) (all []int) {
	for part := range strings.FieldsFuncSeq(version, func(c rune) bool { return c == '.' || c == '-' }) {
		n, _ := strconv.Atoi(part)
		all = append(all, n)
	}
	return all
}
