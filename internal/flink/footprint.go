package flink

import (
	"fmt"
	"math"
	"strings"
)

// Size is what one process of a role may use.
type Size struct {
	MemoryMB int     // of the whole process; a hard limit is 110 % of it
	CPU      float64 // more than 0
}

// smallBelowMB is where Flink's own defaults leave too little for the job: R06's small footprint begins.
const smallBelowMB = 1600

// Memory is the memory of both roles, and the keys Drey added to come to it.
type Memory struct {
	JobManager  JobManagerMemory
	TaskManager TaskManagerMemory
	Defaults    map[string]string // process sizes and small-footprint figures the user did not set
}

// NewMemory computes the memory of both roles from a user's effective configuration and the sizes asked for.
// An error is a [*ConfigError].
func NewMemory(config map[string]string, jobManager, taskManager Size, entryClass string) (Memory, error) {
	full := Merge(config)
	defaults := map[string]string{}
	add := func(key, value string) { full[key], defaults[key] = value, value }
	for _, role := range []string{RoleJobManager, RoleTaskManager} {
		size := jobManager
		if role == RoleTaskManager {
			size = taskManager
		}
		key := role + ".memory.process.size"
		mb, err := processMB(full, key, size)
		if err != nil {
			return Memory{}, err
		}
		if _, set := full[key]; !set {
			add(key, fmt.Sprintf("%dm", mb))
		}
		if mb < smallBelowMB {
			addSmall(full, add, role, entryClass)
		}
	}
	m := Memory{Defaults: defaults}
	var err error
	if m.JobManager, err = NewJobManagerMemory(full); err != nil {
		return Memory{}, err
	}
	if m.TaskManager, err = NewTaskManagerMemory(full); err != nil {
		return Memory{}, err
	}
	return m, checkProcess(m, jobManager, taskManager)
}

// processMB is the user's own process size in MB, or all of the role's memory.
func processMB(config map[string]string, key string, size Size) (int, error) {
	text, set := config[key]
	if !set {
		return size.MemoryMB, nil
	}
	bytes, err := ParseSize(text)
	unit := strings.ToLower(strings.TrimSpace(text))
	if err != nil || !strings.HasSuffix(unit, "m") && !strings.HasSuffix(unit, "mb") {
		return 0, configErrorf(key, "%s must be whole megabytes that end in m or mb, not %q.", key, clip(text, 64))
	}
	if bytes > int64(size.MemoryMB)*mib {
		return 0, configErrorf(key, "%s (%s) is more than the role's memory (%d MB).", key, sizeText(bytes), size.MemoryMB)
	}
	return int(bytes / mib), nil
}

// checkProcess refuses explicit figures that add up to more than the role may use.
func checkProcess(m Memory, jobManager, taskManager Size) error {
	if n := m.JobManager.Process(); n > int64(jobManager.MemoryMB)*mib {
		return configErrorf("jobmanager.memory.flink.size", "The JobManager's memory settings add up to %s, more than its %d MB.", sizeText(n), jobManager.MemoryMB)
	}
	if n := m.TaskManager.Process(); n > int64(taskManager.MemoryMB)*mib {
		return configErrorf("taskmanager.memory.flink.size", "The TaskManager's memory settings add up to %s, more than its %d MB.", sizeText(n), taskManager.MemoryMB)
	}
	return nil
}

// figures are keys that are added together, unless one of unless is set: what then follows from the user's own figures
// must not be narrowed by ours.
type figures struct {
	values map[string]string
	unless []string
}

// small are R06's figures by role, below <role>.memory. except for managed memory and metaspace, which depend.
var small = map[string][]figures{
	RoleJobManager: {
		{values: map[string]string{"off-heap.size": "64m"}},
		{values: map[string]string{"jvm-overhead.min": "64m", "jvm-overhead.max": "64m"},
			unless: []string{"jvm-overhead.fraction", "flink.size", "heap.size"}},
	},
	RoleTaskManager: {
		{values: map[string]string{"framework.heap.size": "64m"}},
		{values: map[string]string{"framework.off-heap.size": "32m"}},
		{values: map[string]string{"jvm-overhead.min": "64m", "jvm-overhead.max": "64m"},
			unless: []string{"jvm-overhead.fraction", "flink.size", "task.heap.size"}},
		{values: map[string]string{"network.min": "16m", "network.max": "16m"}, unless: []string{"network.fraction", "task.heap.size"}},
	},
}

// addSmall adds the small footprint's figures for what the user left open.
func addSmall(config map[string]string, add func(key, value string), role, entryClass string) {
	managed := "8m"
	if backend, set := config["state.backend.type"]; !set || strings.Contains(strings.ToLower(backend), "rocksdb") {
		managed = "64m"
	}
	metaspace := "128m"
	if entryClass == pythonDriver {
		managed = "256m" // its workers are beside the JVM, and have their share of this
	}
	if needsPlanner(entryClass) {
		metaspace = map[string]string{RoleJobManager: "256m", RoleTaskManager: "192m"}[role]
	}
	groups := append([]figures{{values: map[string]string{"jvm-metaspace.size": metaspace}}}, small[role]...)
	if role == RoleTaskManager {
		groups = append(groups, figures{values: map[string]string{"managed.size": managed}, unless: []string{"managed.fraction"}})
	}
	for _, group := range groups {
		group.add(config, add, role+".memory.")
	}
}

func (f figures) add(config map[string]string, add func(key, value string), prefix string) {
	for key := range f.values {
		if _, set := config[prefix+key]; set {
			return
		}
	}
	for _, key := range f.unless {
		if _, set := config[prefix+key]; set {
			return
		}
	}
	for key, value := range f.values {
		add(prefix+key, value)
	}
}

// needsPlanner says that a program runs SQL or Python, which load far more classes.
func needsPlanner(entryClass string) bool {
	return entryClass == sqlDriver || entryClass == pythonDriver
}

// cores is a CPU figure as the JVM takes it: whole and at least one.
func cores(cpu float64) int { return max(1, int(math.Ceil(cpu))) }
