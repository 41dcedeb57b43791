// Package plan is what package kube tells PID 1 of a node to do. It knows no Kubernetes.
package plan

// Plan is what a node consists of. It is read from a JSON file.
type Plan struct {
	Hostname string
	Cgroups  []string          // folders of the cgroups that hold the daemons
	Memory   []string          // places that get an empty file system in memory
	Folders  map[string]string // places that show another folder
	Files    map[string]string // places that show another file; one that does not exist is left out
	Daemons  []Daemon
}

// Daemon is a program that always runs.
type Daemon struct {
	Args   []string
	Log    string // appended to
	Socket string // where not empty: what comes after it waits until it listens here
}
