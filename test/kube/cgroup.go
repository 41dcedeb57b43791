package kube

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	cgroupMount = "/sys/fs/cgroup"
	cgroupRoot  = "/drey-kube"
)

// A node has two cgroups: one is the kubelet's root, the other holds its daemons.
func podsCgroup(node int) string    { return filepath.Join(cgroupRoot, nodeName(node)) }
func daemonsCgroup(node int) string { return podsCgroup(node) + "-daemons" }

// hierarchies are the folders below which cgroups are made: one for each controller on version 1, one for all on version 2.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers")); err == nil {
		return []string{cgroupMount}, nil
	}
	found, err := filepath.Glob(filepath.Join(cgroupMount, "*", "cgroup.procs"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no cgroups below %s: %w", cgroupMount, errors.Join(err, fs.ErrNotExist))
	}
	for i, file := range found {
		found[i] = filepath.Dir(file)
	}
	return found, nil
}

// addCgroups makes cgroups in every hierarchy, as the kubelet wants its root to be there.
func addCgroups(groups ...string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		for _, group := range append([]string{cgroupRoot}, groups...) {
			if err := os.MkdirAll(root+group, 0o755); err != nil {
				return err
			}
			if err := inheritCPUs(root, group); err != nil {
				return err
			}
		}
		if err := delegate(root); err != nil {
			return err
		}
	}
	return nil
}

// inheritCPUs fills in what a new cgroup of version 1 leaves empty.
func inheritCPUs(root, group string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root+group, name), text, 0); err != nil {
			return err
		}
	}
	return nil
}

// delegate hands the controllers down, which version 2 does only when told.
func delegate(root string) error {
	if root != cgroupMount {
		return nil
	}
	for _, group := range []string{"", cgroupRoot} {
		if err := os.WriteFile(filepath.Join(root+group, "cgroup.subtree_control"), []byte("+cpuset +cpu +io +memory +pids"), 0); err != nil {
			return fmt.Errorf("cannot hand the cgroup controllers down: %w", err)
		}
	}
	return nil
}

// removeCgroup removes a cgroup of ours with all below it. Nothing may run in it any more.
func removeCgroup(group string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		var folders []string
		err := filepath.WalkDir(filepath.Join(root, cgroupRoot, group), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, folder := range slices.Backward(folders) {
			if err := os.Remove(folder); err != nil {
				return fmt.Errorf("cannot remove a cgroup: %w", err)
			}
		}
	}
	return nil
}
