package cluster

import "strings"

// PoolVersions are the versions of pools that are taken, oldest first. They have no effect (R03).
var PoolVersions = []string{"1.0", "1.1", "1.2"}

// DefaultPoolVersion is that of a pool that was declared without one.
const DefaultPoolVersion = "1.2"

// ourClusterVersion continues the original's line of cluster versions: its third part counts our ways of rendering (R03).
const ourClusterVersion = "1.2.2"

// AvailableVersion is a cluster version that can be declared, and what it would run.
type AvailableVersion struct {
	Cluster string // "1.2.2"
	OSS     string // "1.17.0", as declared
	Flink   string // "1.20.5", as run
}

// Name is the name of the original's form: flink_1.17.0-1.2.0.
func (v AvailableVersion) Name() string { return "flink_" + v.OSS + "-" + v.Cluster }

// Pool is the version of pools that it belongs to: its first two parts.
func (v AvailableVersion) Pool() string { return v.Cluster[:strings.LastIndexByte(v.Cluster, '.')] }

// legacyEntries are the versions that the original listed, oldest first.
var legacyEntries = []AvailableVersion{
	{Cluster: "1.0.6", OSS: "1.16.0"},
	{Cluster: "1.1.0", OSS: "1.17.0"}, {Cluster: "1.1.1", OSS: "1.17.0"}, {Cluster: "1.1.2", OSS: "1.17.0"},
	{Cluster: "1.2.0", OSS: "1.17.0"}, {Cluster: "1.2.1", OSS: "1.17.0"},
}

// AvailableVersions lists what can be declared with what is installed now: the original's versions, as far as something runs them, then ours.
func AvailableVersions(facts FlinkFacts) (all []AvailableVersion) {
	for _, v := range legacyEntries {
		if real, ok := facts.Resolve(v.OSS); ok {
			v.Flink = real
			all = append(all, v)
		}
	}
	for _, installed := range facts.Installed {
		all = append(all, AvailableVersion{Cluster: ourClusterVersion, OSS: installed, Flink: installed})
	}
	return all
}
