package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ChangeClass says what a changed path of a spec asks of a running job (R13), the heavier the greater.
type ChangeClass int

// The classes of changes.
const (
	ChangeNone    ChangeClass = iota // stored, nothing restarts
	ChangeRescale                    // another number of TaskManagers
	ChangeRestart                    // restart with savepoint, frozen jar
	ChangeUpgrade                    // another Flink
	ChangeRefused                    // 409 PropertyChangeNotAllowed
)

// String is the class in a word.
func (c ChangeClass) String() string {
	return [...]string{"none", "rescale", "restart", "upgrade", "refused"}[c]
}

const useUpdate = "use runJob UPDATE"

// part is one thing of a spec that changes as a whole.
type part struct {
	path  string
	class ChangeClass
	hint  string           // of a refused one
	value func(s Spec) any // in the form in which it is compared; values are compared as JSON, so nil and empty are equal
}

// parts is the one table of paths (R13, R14). Node groups and the service configuration are parts of several classes; functions
// below split them. A property that is in no part does not count as a change: a test walks all of them.
var parts = []part{
	{"location", ChangeRefused, "", func(s Spec) any { return NormalizeLocation(s.Location) }},
	{"tags", ChangeNone, "", func(s Spec) any { return s.Tags }},
	{"properties.clusterType", ChangeRefused, "", func(s Spec) any { return strings.ToLower(s.Properties.ClusterType) }},
	{"properties.computeProfile.nodes", ChangeNone, "", func(s Spec) any { return nodesButWorkers(s) }},
	{"properties.computeProfile.nodes.count", ChangeNone, "", func(s Spec) any { return workerCount(s) }},
	{"", ChangeRescale, "", func(s Spec) any { return taskManagers(s) }}, // shows as what made it so: the count or numReplicas
	{atProfile + ".clusterVersion", ChangeUpgrade, "", profile(func(p Profile) any { return p.ClusterVersion })},
	{atProfile + ".ossVersion", ChangeUpgrade, "", profile(func(p Profile) any { return p.OSSVersion })},
	{atProfile + ".identityProfile", ChangeRestart, "", profile(func(p Profile) any { return foldedIdentity(p.Identity) })},
	{atProfile + ".managedIdentityProfile", ChangeRestart, "", profile(func(p Profile) any { return foldedIdentities(p.ManagedIdentities) })},
	{atProfile + ".authorizationProfile", ChangeNone, "", profile(func(p Profile) any { return p.Authorization })},
	{atProfile + ".secretsProfile", ChangeRestart, "", profile(func(p Profile) any { return p.Secrets })},
	{atProfile + ".serviceConfigsProfiles", ChangeRestart, "", profile(func(p Profile) any { return configButLogs(p.ServiceConfigs) })},
	{atProfile + ".serviceConfigsProfiles", ChangeNone, "", profile(func(p Profile) any { return logConfig(p.ServiceConfigs) })},
	{atProfile + ".clusterAccessProfile", ChangeRefused, "", profile(func(p Profile) any { return p.Access != nil && p.Access.EnableInternalIngress })},
	{atProfile + ".logAnalyticsProfile", ChangeNone, "", profile(func(p Profile) any { return p.LogAnalytics })},
	{atProfile + ".prometheusProfile", ChangeNone, "", profile(func(p Profile) any { return p.Prometheus })},
	{atProfile + ".sshProfile", ChangeNone, "", profile(func(p Profile) any { return p.SSH })},
	{atProfile + ".autoscaleProfile", ChangeNone, "", profile(func(p Profile) any { return p.Autoscale })},
	{atProfile + ".rangerPluginProfile", ChangeNone, "", profile(func(p Profile) any { return p.RangerPlugin })},
	{atProfile + ".scriptActionProfiles", ChangeNone, "", profile(func(p Profile) any { return p.ScriptActions })},
	{atProfile, ChangeNone, "", profile(func(p Profile) any { return p.Other })},
	{atFlink + ".storage.storageUri", ChangeRefused, "", flink(func(f Flink) any { return f.Storage.URI })},
	{atFlink + ".numReplicas", ChangeNone, "", flink(func(f Flink) any { return f.NumReplicas })},
	{atFlink + ".jobManager", ChangeRestart, "", flink(func(f Flink) any { return f.JobManager })},
	{atFlink + ".taskManager", ChangeRestart, "", flink(func(f Flink) any { return f.TaskManager })},
	{atFlink + ".historyServer", ChangeNone, "", flink(func(f Flink) any { return f.HistoryServer })},
	{atFlink + ".catalogOptions", ChangeRestart, "", flink(func(f Flink) any { return f.Catalog })},
	{atFlink + ".deploymentMode", ChangeRefused, "", flink(func(f Flink) any { return strings.ToLower(orSession(f.DeploymentMode)) })},
	{atJob + ".jobJarDirectory", ChangeRefused, useUpdate, job(func(j JobSpec) any { return j.JarDirectory })},
	{atJob + ".jarName", ChangeRefused, useUpdate, job(func(j JobSpec) any { return j.JarName })},
	{atJob + ".entryClass", ChangeRefused, useUpdate, job(func(j JobSpec) any { return j.EntryClass })},
	{atJob + ".args", ChangeRefused, useUpdate, job(func(j JobSpec) any { return Launch{Args: j.Args}.ArgsText() })},
	{atJob + ".savePointName", ChangeNone, "", job(func(j JobSpec) any { return j.SavePointName })},
	{atJob + ".upgradeMode", ChangeNone, "", job(func(j JobSpec) any { return strings.ToUpper(j.UpgradeMode) })},
	{atFlink + ".flinkConfiguration", ChangeRefused, useUpdate, flink(func(f Flink) any { return f.Configuration })},
}

// Change compares a stored spec with one that shall replace it. paths are the changed ones, none if nothing changed (R16); class is
// the heaviest of them. refused has a fault for each path that may not change; [Conflicts] makes an answer of it.
func Change(old, new Spec) (class ChangeClass, paths []string, refused []Fault) {
	for _, p := range parts {
		if same(p.value(old), p.value(new)) {
			continue
		}
		class = max(class, p.class)
		if p.path != "" && !slices.Contains(paths, p.path) {
			paths = append(paths, p.path)
		}
		if p.class == ChangeRefused {
			refused = append(refused, refusedChange(p))
		}
	}
	return class, paths, refused
}

func refusedChange(p part) Fault {
	f := Fault{Code: "PropertyChangeNotAllowed", Target: p.path, Hint: p.hint}
	f.Message = fmt.Sprintf("%s cannot be changed.", p.path[strings.LastIndexByte(p.path, '.')+1:])
	if p.hint != "" {
		f.Message = strings.TrimSuffix(f.Message, ".") + " by a PUT; " + p.hint + "."
	}
	return f
}

func profile(f func(Profile) any) func(Spec) any {
	return func(s Spec) any { return f(s.Properties.Profile) }
}

func flink(f func(Flink) any) func(Spec) any {
	return profile(func(p Profile) any {
		if p.Flink == nil {
			return f(Flink{})
		}
		return f(*p.Flink)
	})
}

func job(f func(JobSpec) any) func(Spec) any {
	return flink(func(p Flink) any {
		if p.Job == nil {
			return f(JobSpec{})
		}
		return f(*p.Job)
	})
}

// same compares values of one part. A part that is empty is one that is absent.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && normal(x) == normal(y)
}

func normal(doc []byte) string {
	switch s := string(doc); s {
	case "null", "[]", "{}":
		return ""
	default:
		return s
	}
}

func orSession(mode string) string {
	if mode == "" {
		return "Session"
	}
	return mode
}

// nodesButWorkers is what is accounting only (R04, R05): head nodes, and the workers' size. The order of groups does not matter.
func nodesButWorkers(s Spec) map[string]NodeGroup {
	groups := map[string]NodeGroup{}
	for _, g := range s.Properties.Compute.Nodes {
		g.Type = strings.ToLower(g.Type)
		g.VMSize = strings.ToLower(g.VMSize)
		if g.Type == "worker" {
			g.Count = 0
		}
		groups[g.Type] = g
	}
	return groups
}

func workerCount(s Spec) int {
	n := 0
	for _, g := range s.Properties.Compute.Nodes {
		if strings.EqualFold(g.Type, workerNodes) {
			n += g.Count
		}
	}
	return n
}

func foldedIdentity(id *Identity) *Identity {
	if id == nil {
		return nil
	}
	return &Identity{ResourceID: strings.ToLower(id.ResourceID), ClientID: foldGUID(id.ClientID), ObjectID: foldGUID(id.ObjectID)}
}

func foldedIdentities(ids []ManagedIdentity) []ManagedIdentity {
	folded := make([]ManagedIdentity, len(ids))
	for i, id := range ids {
		folded[i] = ManagedIdentity{strings.ToLower(id.Type), strings.ToLower(id.ResourceID), foldGUID(id.ClientID), foldGUID(id.ObjectID)}
	}
	return folded
}

// foldGUID drops what R09 tolerates: case and braces.
func foldGUID(s string) string { return strings.ToLower(strings.Trim(s, "{}()")) }

// logKeys change without a restart (R22).
var logKeys = []string{KeyLogDir, KeyLogInterval}

func configButLogs(services []ServiceConfig) map[string]string {
	config := maps.Clone(ClusterConfig(services))
	maps.DeleteFunc(config, func(key, _ string) bool { return slices.Contains(logKeys, key) })
	return config
}

func logConfig(services []ServiceConfig) map[string]string {
	config := maps.Clone(ClusterConfig(services))
	maps.DeleteFunc(config, func(key, _ string) bool { return !slices.Contains(logKeys, key) })
	return config
}
