package kube

import (
	"fmt"
	"os"
	"path/filepath"
)

// folders is the folder in which everything is kept, beside any clone so that a fresh one finds the programs: $DREY_KUBE_HOME, else
// drey-kube in the user's cache folder.
//
//	bin/            what runs inside, of the clone that asked last
//	programs/SHA/   Kubernetes, by digest of its sources
//	images/         image tars that every node has from its start
//	seed/           those, unpacked once
//	run/            the state of the cluster: pid/ pki/ etcd/ node/ shared/
//	log/            of each program, kept after the cluster's end
type folders string

func findFolders() (folders, error) {
	if home := os.Getenv("DREY_KUBE_HOME"); home != "" {
		home, err := filepath.Abs(home)
		return folders(home), err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cannot find the cache folder, set DREY_KUBE_HOME: %w", err)
	}
	return folders(filepath.Join(cache, "drey-kube")), nil
}

func (f folders) bin(program string) string { return filepath.Join(string(f), "bin", program) }
func (f folders) images(parts ...string) string {
	return filepath.Join(append([]string{string(f), "images"}, parts...)...)
}
func (f folders) seed(parts ...string) string {
	return filepath.Join(append([]string{string(f), "seed"}, parts...)...)
}
func (f folders) run(parts ...string) string {
	return filepath.Join(append([]string{string(f), "run"}, parts...)...)
}

// users is what those who took the cluster have open, and taken says that nobody else wants it.
func (f folders) users() string { return filepath.Join(string(f), "users") }
func (f folders) taken() string { return f.run("taken") }

func (f folders) pki(file string) string { return f.run("pki", file) }
func (f folders) log(parts ...string) string {
	return filepath.Join(append([]string{string(f), "log"}, parts...)...)
}
func (f folders) node(i int, parts ...string) string {
	return f.run(append([]string{"node", fmt.Sprint(i)}, parts...)...)
}

// Program is the path of a program of the cluster, "kubectl" for one.
func (f folders) Program(name string) string { return f.run("programs", name) }

// Kubeconfig is the path of the administrator's, for use on the machine and inside the cluster's network.
func (f folders) Kubeconfig() string { return f.pki("admin.kubeconfig") }

// Shared is a folder that is the same on the machine and in every node, as a network file system would be. A hostPath volume at this path
// is storage that every pod reaches.
func (f folders) Shared() string { return f.run("shared") }

// Logs is the folder with the log of each program.
func (f folders) Logs() string { return f.log() }
