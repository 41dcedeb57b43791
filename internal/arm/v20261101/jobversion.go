package v20261101

import (
	"cmp"
	"strconv"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// JobVersion is a version of a cluster's job.
type JobVersion struct {
	Name       string               `json:"name"` // its number
	Properties JobVersionProperties `json:"properties"`
}

// JobVersionProperties are a version's properties.
type JobVersionProperties struct {
	Number               int               `json:"number"`
	State                string            `json:"state"`
	Running              bool              `json:"running"`
	Goal                 bool              `json:"goal"` // the job shall run it
	CreatedAt            string            `json:"createdAt,omitempty"`
	GoodAt               string            `json:"goodAt,omitempty"`
	Failure              string            `json:"failure,omitempty"`
	FlinkVersion         string            `json:"flinkVersion,omitempty"`
	Jar                  cluster.Jar       `json:"jar"`
	Lib                  []cluster.Jar     `json:"lib,omitempty"`
	JobJarDirectory      string            `json:"jobJarDirectory"`
	JarName              string            `json:"jarName"`
	EntryClass           string            `json:"entryClass,omitempty"` // the jar's Main-Class where none was given
	Args                 *string           `json:"args,omitempty"`
	Configuration        map[string]string `json:"configuration,omitempty"`        // the job's own
	ClusterConfiguration map[string]string `json:"clusterConfiguration,omitempty"` // from the cluster's service configuration
	StorageURI           string            `json:"storageUri"`
	JobManager           cluster.Resources `json:"jobManager"`
	TaskManager          cluster.Resources `json:"taskManager"`
	TaskManagers         int               `json:"taskManagers"`
	Operators            []Operator        `json:"operators,omitempty"` // absent if it was never rehearsed
}

// Operator is one operator of a version's job graph.
type Operator struct {
	ID          string `json:"id"`
	UID         string `json:"uid,omitempty"`
	Name        string `json:"name"`
	Parallelism int    `json:"parallelism"`
}

// NewJobVersion shows a version of job.
func NewJobVersion(v cluster.Version, job cluster.Job) JobVersion {
	l := v.Launch
	out := JobVersion{Name: strconv.Itoa(v.Number), Properties: JobVersionProperties{
		Number: v.Number, State: string(v.State), Running: v.Number == job.RunningVersion, Goal: v.Number == job.Goal,
		CreatedAt: stamp(v.CreatedAt), GoodAt: stamp(v.GoodAt), Failure: v.Failure, FlinkVersion: v.Flink,
		Jar: cluster.Jar{Name: l.JarName, SHA256: v.JarSHA256, Bytes: v.JarBytes}, Lib: v.Lib,
		JobJarDirectory: l.JarDirectory, JarName: l.JarName, EntryClass: cmp.Or(l.EntryClass, v.MainClass), Args: l.Args,
		Configuration: lifecycle.HideConfig(l.Configuration), ClusterConfiguration: lifecycle.HideConfig(l.ClusterConfig), StorageURI: l.StorageURI,
		JobManager: l.JobManager, TaskManager: l.TaskManager, TaskManagers: l.TaskManagers,
	}}
	for _, o := range v.Operators {
		out.Properties.Operators = append(out.Properties.Operators, Operator(o))
	}
	return out
}
