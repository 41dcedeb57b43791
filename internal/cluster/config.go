package cluster

import (
	"maps"
	"slices"
	"strings"
)

// FlinkFacts is what validation must know of Flink. Package flink fills it, lifecycle passes it in.
type FlinkFacts struct {
	Installed   []string          // versions of the installed distributions that can run: "2.3.0"
	Unfit       map[string]string // versions of the others → why they cannot: after "; " the way out
	Aliases     map[string]string // legacy ossVersion → the installed version that it runs as (R03)
	MinMemoryMB int64             // least memory of a JobManager, TaskManager or history server
	// Hive says that a version's line has a Hive connector (R11). nil: none has.
	Hive func(version string) bool
	// NoScript says why a version runs no SQL scripts, and after "; " the way out; "" if it does. nil: all do.
	NoScript func(version string) string
	// NoPython says why a version runs no Python programs where the configuration names no interpreter, and after "; " the way out; "" if it
	// does. nil: all do.
	NoPython func(version string) string
	// ClassifyKey says how a user's configuration key is treated, and why. The key has its aliases resolved. nil: all honoured.
	ClassifyKey func(key, value string) (KeyClass, string)
	// CheckMemory says why Flink's memory model does not hold for a launch, and the key at fault; "" if it does. nil: it always does.
	CheckMemory func(l Launch) (key, reason string)
	// CheckPodTemplate says what is wrong with a pod template, naming its key. nil: there are no pods.
	CheckPodTemplate func(json string) error
	// NoBuckets says that jobs reach storage accounts only, whatever [Limits] allow.
	NoBuckets bool
}

// KeyClass says how a configuration key of the user's is treated (R21).
type KeyClass int

// The classes of keys.
const (
	KeyHonoured  KeyClass = iota
	KeyTakenOver          // ignored: the value that holds is ours
	KeyRefused            // 400 ReservedConfigurationKey
)

// Resolve tells which installed version an ossVersion runs as.
func (f FlinkFacts) Resolve(ossVersion string) (version string, ok bool) {
	if slices.Contains(f.Installed, ossVersion) {
		return ossVersion, true
	}
	alias, ok := f.Aliases[ossVersion]
	return alias, ok && slices.Contains(f.Installed, alias)
}

// Line is the line of a Flink version: 1.20 of 1.20.5.
func Line(version string) string { return version[:max(0, strings.LastIndexByte(version, '.'))] }

func (f FlinkFacts) classify(key, value string) (KeyClass, string) {
	if f.ClassifyKey == nil {
		return KeyHonoured, ""
	}
	return f.ClassifyKey(key, value)
}

// Names of keys that the rules themselves read.
const (
	KeyParallelism = "parallelism.default"
	KeySlots       = "taskmanager.numberOfTaskSlots"
	KeySavepoints  = "execution.checkpointing.savepoint-dir"
	KeyCheckpoints = "execution.checkpointing.dir"
	KeyLogDir      = "pipeline.remote.log.dir"
	KeyLogInterval = "pipeline.log.aggregation.interval"
	KeyPython      = "python.executable"
	keyScheduler   = "jobmanager.scheduler"
)

// Keys of Drey's own that a job may set, each to "false" to switch something off.
const (
	KeyRehearse = "drey.rehearse"    // main() is called once in a plan-only environment before it is called for real (R46)
	KeyWarm     = "drey.update.warm" // an update prepares the next incarnation beside the living one
	KeyRecovery = "drey.recovery"    // a job that ended by itself is started again
)

// Off reports whether a switch of the job's is off.
func (l Launch) Off(key string) bool {
	return strings.EqualFold(strings.TrimSpace(l.Config()[key]), "false")
}

// keyAliases are other names of keys: those that the original's documentation uses (R21), and Flink's older names of keys that the rules read.
var keyAliases = map[string]string{
	"parallelism":                           KeyParallelism,
	"savepoint.directory":                   KeySavepoints,
	"jobSavePointDirectory":                 KeySavepoints,
	"state.savepoints.dir":                  KeySavepoints,
	"state.checkpoints.dir":                 KeyCheckpoints,
	"execution.checkpoint.interval":         "execution.checkpointing.interval",
	"checkpoint.max-concurrent-checkpoints": "execution.checkpointing.max-concurrent-checkpoints",
}

// CanonicalKey is Flink's newest name for a key.
func CanonicalKey(key string) string {
	if k, ok := keyAliases[key]; ok {
		return k
	}
	return key
}

// ResolveAliases gives config with Flink's newest names. Where a key was sent under several names, the newest wins; an older name
// with an empty value means "default" and is dropped.
func ResolveAliases(config map[string]string) map[string]string {
	resolved := make(map[string]string, len(config))
	for _, key := range slices.Sorted(maps.Keys(config)) {
		canonical := CanonicalKey(key)
		if canonical == key {
			resolved[key] = config[key]
			continue
		}
		if _, direct := config[canonical]; !direct && config[key] != "" {
			resolved[canonical] = config[key]
		}
	}
	return resolved
}
