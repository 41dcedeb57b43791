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
	ChangeJob                        // the job is declared anew: an UPDATE to it, newest jar
	ChangeUpgrade                    // another Flink, by jobSpec's upgradeMode (R27)
	ChangeRefused                    // 409 PropertyChangeNotAllowed
)

// String is the class in a word.
func (c ChangeClass) String() string {
	return [...]string{"none", "rescale", "restart", "job", "upgrade", "refused"}[c]
}

// Declaring is the kind of request that declares a spec. It bounds what may change.
type Declaring int

// The kinds of requests that declare.
const (
	ByPut    Declaring = iota // of a published version: the job is fixed at creation (R14)
	ByOurPut                  // of our own api-version: declares the job too
	ByPatch                   // UpdatableClusterProfile and tags (R15)
)

const useUpdate = "use runJob UPDATE"

// part is one thing of a spec that changes as a whole.
type part struct {
	path  string
	class ChangeClass
	patch bool             // a PATCH may change it
	value func(s Spec) any // in the form in which it is compared; values are compared as JSON, so nil and empty are equal
}

// parts is the one table of paths (R13-R15). Node groups and the service configuration are parts of several classes; functions
// below split them. A property that is in no part does not count as a change: a test walks all of them.
var parts = []part{
	{atLocation, ChangeRefused, false, func(s Spec) any { return NormalizeLocation(s.Location) }},
	{atTags, ChangeNone, true, func(s Spec) any { return s.Tags }},
	{"properties.clusterType", ChangeRefused, false, func(s Spec) any { return strings.ToLower(s.Properties.ClusterType) }},
	{"properties.computeProfile.availabilityZones", ChangeNone, false, func(s Spec) any { return s.Properties.Compute.AvailabilityZones }},
	{"properties.computeProfile.nodes", ChangeNone, false, func(s Spec) any { return nodesButWorkers(s) }},
	{"properties.computeProfile.nodes.count", ChangeNone, false, func(s Spec) any { return workerCount(s) }},
	{"", ChangeRescale, false, func(s Spec) any { return taskManagers(s) }}, // shows as what made it so: the count or numReplicas
	{atProfile + ".clusterVersion", ChangeUpgrade, false, profile(func(p Profile) any { return p.ClusterVersion })},
	{atProfile + ".ossVersion", ChangeUpgrade, false, profile(func(p Profile) any { return p.OSSVersion })},
	{atProfile + ".identityProfile", ChangeRestart, false, profile(func(p Profile) any { return foldedIdentity(p.Identity) })},
	{atProfile + ".managedIdentityProfile", ChangeRestart, false, profile(func(p Profile) any { return foldedIdentities(p.ManagedIdentities) })},
	{atProfile + ".authorizationProfile", ChangeNone, true, profile(func(p Profile) any { return p.Authorization })},
	{atProfile + ".secretsProfile", ChangeRestart, true, profile(func(p Profile) any { return p.Secrets })},
	{atProfile + ".serviceConfigsProfiles", ChangeRestart, true, profile(func(p Profile) any { return configButLogs(p.ServiceConfigs) })},
	{atProfile + ".serviceConfigsProfiles", ChangeNone, true, profile(func(p Profile) any { return logConfig(p.ServiceConfigs) })},
	{atProfile + ".clusterAccessProfile", ChangeRefused, false, profile(func(p Profile) any { return p.Access != nil && p.Access.EnableInternalIngress })},
	{atProfile + ".logAnalyticsProfile", ChangeNone, true, profile(func(p Profile) any { return p.LogAnalytics })},
	{atProfile + ".prometheusProfile", ChangeNone, true, profile(func(p Profile) any { return p.Prometheus })},
	{atProfile + ".sshProfile", ChangeNone, true, profile(func(p Profile) any { return p.SSH })},
	{atProfile + ".autoscaleProfile", ChangeNone, true, profile(func(p Profile) any { return p.Autoscale })},
	{atProfile + ".rangerPluginProfile", ChangeNone, true, profile(func(p Profile) any { return p.RangerPlugin })},
	{atProfile + ".scriptActionProfiles", ChangeNone, true, profile(func(p Profile) any { return p.ScriptActions })},
	{atProfile, ChangeNone, true, profile(func(p Profile) any { return p.Other })},
	{atFlink + ".storage.storageUri", ChangeRefused, false, flink(func(f Flink) any { return f.Storage.URI })},
	{atFlink + ".numReplicas", ChangeNone, false, flink(func(f Flink) any { return f.NumReplicas })},
	{atFlink + ".jobManager", ChangeRestart, false, flink(func(f Flink) any { return f.JobManager })},
	{atFlink + ".taskManager", ChangeRestart, false, flink(func(f Flink) any { return f.TaskManager })},
	{atFlink + ".historyServer", ChangeNone, false, flink(func(f Flink) any { return f.HistoryServer })},
	{atFlink + ".catalogOptions", ChangeRestart, false, flink(func(f Flink) any { return f.Catalog })},
	{atFlink + ".deploymentMode", ChangeRefused, false, flink(func(f Flink) any { return strings.ToLower(orSession(f.DeploymentMode)) })},
	{atJob + ".jobJarDirectory", ChangeJob, false, job(func(j JobSpec) any { return j.JarDirectory })},
	{atJob + ".jarName", ChangeJob, false, job(func(j JobSpec) any { return j.JarName })},
	{atJob + ".entryClass", ChangeJob, false, job(func(j JobSpec) any { return j.EntryClass })},
	{atJob + ".args", ChangeJob, false, job(func(j JobSpec) any { return Launch{Args: j.Args}.ArgsText() })},
	{atJob + ".savePointName", ChangeNone, false, job(func(j JobSpec) any { return j.SavePointName })},
	{atJob + ".upgradeMode", ChangeNone, false, job(func(j JobSpec) any { return strings.ToUpper(j.UpgradeMode) })},
	{atFlink + ".podTemplate", ChangeRestart, false, flink(func(f Flink) any { return f.PodTemplate })},
	{atFlink + ".flinkConfiguration", ChangeJob, false, flink(func(f Flink) any { return f.Configuration })},
}

// Changes are the differences between a stored spec and one that shall replace it.
type Changes struct {
	Class   ChangeClass // the heaviest of them
	Paths   []string    // the changed ones, none if nothing changed (R16)
	Job     bool        // the job is declared anew
	Refused []Fault     // one for each path that may not change; [Conflicts] makes an answer of them
}

// OnlyTags reports whether nothing but the tags changes, which no operation is in the way of (R24).
func (c Changes) OnlyTags() bool { return slices.Equal(c.Paths, []string{atTags}) }

// Change compares a stored spec with one that shall replace it.
func Change(old, new Spec, by Declaring) (c Changes) {
	for _, p := range parts {
		if same(p.value(old), p.value(new)) {
			continue
		}
		class := p.class
		if class == ChangeJob && by != ByOurPut || by == ByPatch && !p.patch {
			class = ChangeRefused
		}
		c.Class = max(c.Class, class)
		c.Job = c.Job || class == ChangeJob
		if p.path == "" {
			continue
		}
		if !slices.Contains(c.Paths, p.path) {
			c.Paths = append(c.Paths, p.path)
		}
		if class == ChangeRefused {
			c.Refused = append(c.Refused, refusedChange(p, by))
		}
	}
	return c
}

func refusedChange(p part, by Declaring) Fault {
	f := Fault{Code: "PropertyChangeNotAllowed", Target: p.path}
	verb := "PUT"
	if by == ByPatch {
		verb, f.Hint = "PATCH", "use a PUT"
	}
	switch {
	case p.class == ChangeJob:
		f.Hint = useUpdate
	case p.path == atLocation:
		f.Code, f.Hint = "InvalidResourceLocation", "" // R02
	case p.class == ChangeRefused:
		f.Hint = ""
	}
	f.Message = p.path[strings.LastIndexByte(p.path, '.')+1:] + " cannot be changed."
	if f.Hint != "" {
		f.Message = fmt.Sprintf("%s by a %s; %s.", strings.TrimSuffix(f.Message, "."), verb, f.Hint)
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
