package flink

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Finding is something a person should know of a key of theirs. It never holds the value.
type Finding struct {
	Key     string // as it was written
	Message string // a sentence
}

// Classified is a user's configuration, sorted by what Drey does with it.
type Classified struct {
	Config    map[string]string // what is honoured, by newest names
	TakenOver []Finding         // not used: Drey sets it, the value that holds is in [Rendered.Config]
	Refused   []Finding         // the request must be refused
}

// renamed are other names of a key: Flink's older ones, and the original service's. One name may stand for several keys.
var renamed = map[string][]string{
	"parallelism":                           {"parallelism.default"},
	"savepoint.directory":                   {"execution.checkpointing.savepoint-dir"},
	"jobSavePointDirectory":                 {"execution.checkpointing.savepoint-dir"},
	"execution.checkpoint.interval":         {"execution.checkpointing.interval"},
	"checkpoint.max-concurrent-checkpoints": {"execution.checkpointing.max-concurrent-checkpoints"},

	"state.backend":                              {"state.backend.type"},
	"state.backend.incremental":                  {"execution.checkpointing.incremental"},
	"state.backend.local-recovery":               {"execution.state-recovery.from-local", "execution.checkpointing.local-backup.enabled"},
	"state.checkpoint-storage":                   {"execution.checkpointing.storage"},
	"state.checkpoints.create-subdir":            {"execution.checkpointing.create-subdir"},
	"state.checkpoints.dir":                      {"execution.checkpointing.dir"},
	"state.checkpoints.num-retained":             {"execution.checkpointing.num-retained"},
	"state.savepoints.dir":                       {"execution.checkpointing.savepoint-dir"},
	"state.storage.fs.memory-threshold":          {"execution.checkpointing.data-inline-threshold"},
	"state.storage.fs.write-buffer-size":         {"execution.checkpointing.write-buffer-size"},
	"execution.checkpointing.unaligned":          {"execution.checkpointing.unaligned.enabled"},
	"execution.savepoint-restore-mode":           {"execution.state-recovery.claim-mode"},
	"execution.savepoint.ignore-unclaimed-state": {"execution.state-recovery.ignore-unclaimed-state"},
	"execution.savepoint.path":                   {"execution.state-recovery.path"},
	"restart-strategy":                           {"restart-strategy.type"},
	"taskmanager.network.memory.fraction":        {"taskmanager.memory.network.fraction"},
	"taskmanager.network.memory.max":             {"taskmanager.memory.network.max"},
	"taskmanager.network.memory.min":             {"taskmanager.memory.network.min"},
	"taskmanager.state.local.root-dirs":          {"execution.checkpointing.local-backup.dirs"},
}

// Merge lays configurations over each other, the weakest first: pool, cluster, job. Old and new names are one key; within one
// layer the newest name wins. Nothing is shared with the arguments.
func Merge(layers ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, layer := range layers {
		maps.Copy(merged, newestNames(layer))
	}
	return merged
}

func newestNames(layer map[string]string) map[string]string {
	named := make(map[string]string, len(layer))
	for _, key := range slices.Sorted(maps.Keys(layer)) { // sorted: of two old names the answer is always the same
		for _, newest := range renamed[key] {
			named[newest] = layer[key]
		}
	}
	for key, value := range layer {
		if renamed[key] == nil {
			named[key] = value
		}
	}
	return named
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9$_][A-Za-z0-9$_.*/:@-]{0,254}$`)

// Classify sorts one user's configuration. Findings are in the order of their keys.
func Classify(user map[string]string) Classified {
	c := Classified{Config: newestNames(user)}
	for _, written := range slices.Sorted(maps.Keys(user)) {
		names := renamed[written]
		if names == nil {
			names = []string{written}
		}
		for _, key := range names {
			c.sort(written, key, user[written])
		}
	}
	for _, directory := range []string{"execution.checkpointing.savepoint-dir", "execution.checkpointing.dir"} {
		if value, set := c.Config[directory]; set && strings.TrimSpace(value) == "" {
			delete(c.Config, directory) // empty means the default
		}
	}
	return c
}

// sort decides one key.
func (c *Classified) sort(written, key, value string) {
	class, why := honoured, ""
	switch {
	case !keyForm.MatchString(key):
		class, why = refused, "This is no key of Flink's configuration."
	case key == "env.java.opts.all" || key == "env.java.opts.jobmanager" || key == "env.java.opts.taskmanager":
		if why = refusedOption(value); why != "" {
			class = refused
		}
	default:
		class, why = rule(key)
	}
	if class == honoured {
		return
	}
	delete(c.Config, key)
	finding := Finding{Key: written, Message: why}
	if class == refused {
		c.Refused = append(c.Refused, finding)
	} else {
		c.TakenOver = append(c.TakenOver, finding)
	}
}

// Hidden stands for the value of a key that is [Sensitive].
const Hidden = "******"

// Sensitive says that a key's value must not be shown, by Flink's own list of words.
func Sensitive(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc(sensitiveWords, func(word string) bool { return strings.Contains(key, word) })
}

var sensitiveWords = []string{
	"password", "secret", "fs.azure.account.key", "apikey", "api-key", "auth-params", "service-key", "token", "basic-auth",
	"jaas.config", "http-headers", "access-key", "accesskey", "credential", "private",
}

// refusedOption says why JVM options of a user are refused; "" if they are fine. Only properties and tuning are let through:
// what loads code, opens a port or runs a command would make the process somebody else's.
func refusedOption(options string) string {
	for _, option := range strings.Fields(options) {
		if strings.ContainsAny(option, `"'`) {
			return "JVM options with quotes are not supported: an option with a blank in it cannot be given."
		}
		property := strings.HasPrefix(option, "-D") && !hasAnyPrefix(option, "-Dcom.sun.management.jmxremote", "-Djava.security.")
		tuning := hasAnyPrefix(option, "-XX:", "-Xss", "-Xmn", "-Xlog:") && !hasAnyPrefix(option, "-XX:OnError", "-XX:OnOutOfMemoryError",
			"-XX:Flags", "-XX:VMOptionsFile", "-XX:+ManagementServer")
		if !property && !tuning {
			name, _, _ := strings.Cut(option, "=")
			return fmt.Sprintf("The JVM option %s is not allowed here; -D properties and -XX tuning are.", clip(name, 64))
		}
	}
	return ""
}

func hasAnyPrefix(text string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
}
