package cluster

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// LaunchOf is what a declared cluster launches: jobSpec and the cluster's part. Configurations stay as they were sent, because they are
// echoed; [Launch.Config] resolves aliases.
func LaunchOf(spec Spec) Launch {
	p := spec.Properties.Profile
	l := Launch{
		ClusterConfig: ClusterConfig(p.ServiceConfigs),
		OSSVersion:    p.OSSVersion,
	}
	f := p.Flink
	if f == nil {
		return l
	}
	l.StorageURI = f.Storage.URI
	l.JobManager, l.TaskManager = f.JobManager, f.TaskManager
	l.TaskManagers = taskManagers(spec)
	l.Configuration = f.Configuration
	l.PodTemplate = podTemplateText(f.PodTemplate)
	if j := f.Job; j != nil {
		l.JarDirectory, l.JarName, l.EntryClass = j.JarDirectory, j.JarName, j.EntryClass
		l.Args = j.Args
	}
	return l
}

// podTemplateText is a pod template as JSON, its keys sorted; "" if there is none.
func podTemplateText(template map[string]any) string {
	if len(template) == 0 {
		return ""
	}
	text, err := json.Marshal(template)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(text)
}

// taskManagers is the number of TaskManagers wanted: numReplicas if given, else the count of workers (R05).
func taskManagers(spec Spec) int {
	if f := spec.Properties.Profile.Flink; f != nil && f.NumReplicas != nil {
		return *f.NumReplicas
	}
	n := 0
	for _, g := range spec.Properties.Compute.Nodes {
		if strings.EqualFold(g.Type, workerNodes) {
			n += g.Count
		}
	}
	return n
}

// WithWorkers is s with n worker nodes (R05). s stays as it is.
func (s Spec) WithWorkers(n int) Spec {
	nodes := slices.Clone(s.Properties.Compute.Nodes)
	for i, g := range nodes {
		if strings.EqualFold(g.Type, workerNodes) {
			nodes[i].Count = n
		}
	}
	s.Properties.Compute.Nodes = nodes
	return s
}

// Types of node groups, in the casing of answers.
const (
	headNodes   = "Head"
	workerNodes = "Worker"
)

// AddHead puts the Head group that published versions show in first place, with the workers' size, if nobody sent one (R05).
func AddHead(nodes []NodeGroup) []NodeGroup {
	size := ""
	for _, g := range nodes {
		if strings.EqualFold(g.Type, headNodes) {
			return nodes
		}
		size = cmp.Or(size, g.VMSize)
	}
	return slices.Concat([]NodeGroup{{Type: headNodes, VMSize: size, Count: 2}}, nodes)
}

// ClusterConfig is the user's flink-conf.yaml of the service configuration, as sent; nil if there is none.
func ClusterConfig(services []ServiceConfig) map[string]string {
	var config map[string]string
	for _, s := range services {
		for _, c := range s.Configs {
			for _, f := range c.Files {
				if !isFlinkConf(s.ServiceName, c.Component, f.FileName) {
					continue
				}
				if config == nil {
					config = map[string]string{}
				}
				maps.Copy(config, f.Values)
			}
		}
	}
	return config
}

// With is l with what r sends; what r does not send stays (R20, R21). Fields that r's action does not use are ignored (R24).
func (l Launch) With(r RunJob) Launch {
	r = r.Used()
	l.JarDirectory = cmp.Or(r.JarDirectory, l.JarDirectory)
	l.JarName = cmp.Or(r.JarName, l.JarName)
	l.EntryClass = cmp.Or(r.EntryClass, l.EntryClass)
	if r.Args != nil {
		l.Args = r.Args
	}
	if r.Configuration != nil {
		l.Configuration = r.Configuration
	}
	return l
}

// WithSpec is l with the cluster's part of spec; the job's part stays. A PUT of a cluster moves this part only (R14).
func (l Launch) WithSpec(spec Spec) Launch {
	n := LaunchOf(spec)
	n.JarDirectory, n.JarName, n.EntryClass, n.Args, n.Configuration = l.JarDirectory, l.JarName, l.EntryClass, l.Args, l.Configuration
	return n
}

// Equal reports whether l and m launch the same.
func (l Launch) Equal(m Launch) bool {
	return l.JarDirectory == m.JarDirectory && l.JarName == m.JarName && l.EntryClass == m.EntryClass &&
		l.ArgsText() == m.ArgsText() && maps.Equal(l.Configuration, m.Configuration) &&
		maps.Equal(l.ClusterConfig, m.ClusterConfig) && l.StorageURI == m.StorageURI &&
		l.JobManager == m.JobManager && l.TaskManager == m.TaskManager &&
		l.TaskManagers == m.TaskManagers && l.OSSVersion == m.OSSVersion && l.PodTemplate == m.PodTemplate
}

// OnlyParallelism reports whether m is l but for the default parallelism, which a running job can take over in place: its scheduler is the
// adaptive one, and there are slots for all.
func (l Launch) OnlyParallelism(m Launch) bool {
	a, b := l.Config(), m.Config()
	if a[KeyParallelism] == b[KeyParallelism] || !strings.EqualFold(b[keyScheduler], "adaptive") || m.Parallelism() > m.Slots()*m.TaskManagers {
		return false
	}
	delete(a, KeyParallelism)
	delete(b, KeyParallelism)
	l.Configuration, l.ClusterConfig, m.Configuration, m.ClusterConfig = a, nil, b, nil
	return l.Equal(m)
}

// Script says that what is launched is a SQL script. It has neither an entry class nor arguments: those of a jar before it mean nothing.
func (l Launch) Script() bool { return isScript(l.JarName) }

// Python says that what is launched is a Python file. It has no entry class: that of a jar before it means nothing.
func (l Launch) Python() bool { return isPython(l.JarName) }

// ArgsText is the arguments as sent, "" if there are none.
func (l Launch) ArgsText() string {
	if l.Args == nil {
		return ""
	}
	return *l.Args
}

// JarURI is the jar's place.
func (l Launch) JarURI(suffixes ...string) (StorageURI, error) {
	base, err := ParseURI(l.StorageURI, StorageURI{}, suffixes...)
	if err != nil {
		return StorageURI{}, err
	}
	return ParseURI(JoinJarPath(l.JarDirectory, l.JarName), base, suffixes...)
}

// LibURI is the folder whose jars join the user class path (R19).
func (l Launch) LibURI(suffixes ...string) (StorageURI, error) {
	base, err := ParseURI(l.StorageURI, StorageURI{}, suffixes...)
	if err != nil {
		return StorageURI{}, err
	}
	return ParseURI(JoinJarPath(l.JarDirectory, "lib"), base, suffixes...)
}

// Prefix is the cluster's own folder in its storage: <container>/<deploymentId>, also where storageUri has a path (R18).
func (l Launch) Prefix(deploymentID string, suffixes ...string) (StorageURI, error) {
	u, err := ParseURI(l.StorageURI, StorageURI{}, suffixes...)
	if err != nil {
		return StorageURI{}, err
	}
	return u.ContainerRoot().Join(deploymentID), nil
}

// SavepointDirectory is where savepoints go: the configured folder, else <prefix>/savepoints.
func (l Launch) SavepointDirectory(deploymentID string, suffixes ...string) (StorageURI, error) {
	return l.directory(deploymentID, "savepoints", KeySavepoints, suffixes)
}

// CheckpointDirectory is where checkpoints go: the configured folder, else <prefix>/checkpoints.
func (l Launch) CheckpointDirectory(deploymentID string, suffixes ...string) (StorageURI, error) {
	return l.directory(deploymentID, "checkpoints", KeyCheckpoints, suffixes)
}

func (l Launch) directory(deploymentID, folder, key string, suffixes []string) (StorageURI, error) {
	prefix, err := l.Prefix(deploymentID, suffixes...)
	if err != nil {
		return StorageURI{}, err
	}
	if v := l.Config()[key]; v != "" {
		return ParseURI(v, prefix.ContainerRoot(), suffixes...)
	}
	return prefix.Join(folder), nil
}

// Config is the user's configuration that holds, by Flink's newest names: the job's keys win over the cluster's (R21).
func (l Launch) Config() map[string]string {
	config := ResolveAliases(l.ClusterConfig)
	maps.Copy(config, ResolveAliases(l.Configuration))
	return config
}

// Slots is the number of slots of one TaskManager.
func (l Launch) Slots() int {
	if n, err := strconv.Atoi(l.Config()[KeySlots]); err == nil && n > 0 {
		return n
	}
	return 1
}

// Parallelism is the configured one, else 2, but at most all slots (R05).
func (l Launch) Parallelism() int {
	if n, err := strconv.Atoi(l.Config()[KeyParallelism]); err == nil && n > 0 {
		return n
	}
	return max(1, min(2, l.Slots()*l.TaskManagers))
}

// ReservedMB is what an incarnation of l counts for: 110 % of each process's memory (R06).
func (l Launch) ReservedMB() int64 {
	return ReservedFor(l.JobManager.MemoryMB) + int64(l.TaskManagers)*ReservedFor(l.TaskManager.MemoryMB)
}

// ReservedFor is 110 % of one process's memory, in MB, rounded up.
func ReservedFor(memoryMB int64) int64 { return (memoryMB*11 + 9) / 10 }

// Startable says why nothing can be started from l, or nil: with no worker there is no TaskManager (R05).
func (l Launch) Startable() *Error {
	if l.TaskManagers > 0 {
		return nil
	}
	return Errorf(Conflict, "NoTaskManagers", "", "The cluster has no worker nodes, so no TaskManager could run the job.").
		WithHint("set the Worker count or numReplicas to 1 or more")
}
