package flink

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// defaults are what holds where the user says nothing; the first block is the original service's, the others are measured:
// a cluster on one machine neither waits nor loses a TaskManager for long.
var defaults = map[string]string{
	"execution.checkpointing.incremental":  "true",
	"execution.checkpointing.interval":     "60 s",
	"execution.checkpointing.num-retained": "5",
	"state.backend.type":                   "rocksdb",
	"taskmanager.numberOfTaskSlots":        "1",

	"cluster.registration.error-delay":                "100 ms",
	"cluster.registration.initial-timeout":            "50 ms",
	"cluster.registration.max-timeout":                "500 ms",
	"cluster.registration.refused-registration-delay": "100 ms",
	"external-resources":                              "none",
	"heartbeat.interval":                              "2000",
	"heartbeat.timeout":                               "8000",
	"slotmanager.requirement-check.delay":             "0 ms",   // waits to gather requirements; 50 ms of an update's gap
	"taskmanager.registration.timeout":                "30 min", // one that is held waits for its JobManager's order
	"web.refresh-interval":                            "500",
}

// owned are keys with a value that is the same for every incarnation and never a user's.
var owned = map[string]string{
	"blob.server.port":                                          "0",
	"execution.checkpointing.create-subdir":                     "true",
	"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
	"execution.checkpointing.storage":                           "filesystem",
	"execution.shutdown-on-application-finish":                  "false",
	"high-availability.type":                                    "NONE",
	"jobmanager.resource-id":                                    "jm",
	"jobmanager.retrieve-taskmanager-hostname":                  "false",
	"taskmanager.data.port":                                     "0",
	"taskmanager.rpc.port":                                      "0",
	"web.submit.enable":                                         "false",
}

// config is the effective configuration of all roles: defaults, then the user's, then ours.
func (p Plan) config(memory Memory) (map[string]string, error) {
	config := maps.Clone(defaults)
	if p.Storage.Checkpoints != "" {
		config["execution.checkpointing.dir"] = p.Storage.Checkpoints
	}
	if p.Storage.Savepoints != "" {
		config["execution.checkpointing.savepoint-dir"] = p.Storage.Savepoints
	}
	maps.Copy(config, p.Storage.S3.keys())
	maps.Copy(config, Merge(p.Config))
	maps.Copy(config, p.interpreters())
	maps.Copy(config, memory.Defaults)
	maps.Copy(config, memory.JobManager.Keys())
	maps.Copy(config, memory.TaskManager.Keys())
	maps.Copy(config, owned)
	maps.Copy(config, p.own())
	slots, err := Slots(config)
	if err != nil {
		return nil, err
	}
	if _, set := config["parallelism.default"]; !set {
		config["parallelism.default"] = strconv.Itoa(DefaultParallelism(slots, p.TaskManagers))
	}
	return config, nil
}

// interpreters are the Pythons that the user names none of: the JobManager calls the program by the same one that its operators run in.
func (p Plan) interpreters() map[string]string {
	const worker, client = "python.executable", "python.client.executable"
	keys := map[string]string{}
	user := Merge(p.Config)
	executable := cmp.Or(user[worker], p.Program.Interpreter)
	for _, key := range []string{worker, client} {
		if user[key] == "" && executable != "" {
			keys[key] = executable
		}
	}
	return keys
}

// own are the keys of this incarnation.
func (p Plan) own() map[string]string {
	host, rest := p.Folders.Host, strconv.Itoa(p.Ports.REST)
	bind := cmp.Or(p.Folders.Bind, host)
	keys := map[string]string{
		"cluster.id":             p.Incarnation,
		"jobmanager.bind-host":   bind,
		"jobmanager.rpc.address": host,
		"jobmanager.rpc.port":    strconv.Itoa(p.Ports.RPC),
		"pipeline.name":          p.JobName,
		"rest.address":           host,
		"rest.bind-address":      bind,
		"rest.bind-port":         rest,
		"rest.port":              rest,
		"taskmanager.bind-host":  bind,
		"taskmanager.cpu.cores":  strconv.FormatFloat(p.TaskManager.CPU, 'f', -1, 64),
		"taskmanager.host":       host,
	}
	if p.Folders.Own != "" {
		delete(keys, "taskmanager.host") // each one's own, so it is an argument
	}
	if p.Ports.Blob > 0 {
		keys["blob.server.port"] = strconv.Itoa(p.Ports.Blob)
	}
	if p.TaskManager.CPU <= 0 {
		delete(keys, "taskmanager.cpu.cores")
	}
	if jar := p.jar(); jar != "" {
		keys["drey.jar-in-place"] = fileURL(jar) // so that the gate need not have it sent (JarInPlace.java)
	}
	if len(p.Program.Libs) > 0 {
		keys["pipeline.classpaths"] = p.classpaths()
	}
	for key, value := range map[string]string{"jobmanager.archive.fs.dir": p.Storage.Archive, "drey.fs.root": p.Storage.Root} {
		if value != "" {
			keys[key] = value
		}
	}
	for account, folder := range p.Storage.Accounts {
		keys["drey.fs.account."+account] = folder
	}
	return keys
}

// classpaths are the jars beside the job's own. Given as more --jars, or as usrlib, all jars would become class path entries
// and Flink would no longer know which is the program: a Main-Class would not be found. As pipeline.classpaths they are
// added to the job's class loader on every process, where they lie at the same path, and the job jar stays the program.
func (p Plan) classpaths() string {
	var urls []string
	for _, name := range p.Program.Libs {
		urls = append(urls, fileURL(p.Folders.Jars+"/"+name))
	}
	return strings.Join(urls, ";")
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// Slots is the number of slots of one TaskManager by a configuration.
func Slots(config map[string]string) (int, error) {
	const key = "taskmanager.numberOfTaskSlots"
	text, set := config[key]
	if !set {
		return 1, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 {
		return 0, configErrorf(key, "%s must be a whole number of at least 1, not %q.", key, clip(text, 64))
	}
	return n, nil
}

// DefaultParallelism is a job's parallelism where nothing is said: 2, but at most the slots there are.
func DefaultParallelism(slots, taskManagers int) int { return max(1, min(2, slots*taskManagers)) }

// yaml writes config.yaml: flat keys, sorted, everything quoted as JSON is, which is YAML too, so that no value can be read as
// anything but a string.
func yaml(config map[string]string) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(config)) {
		fmt.Fprintf(&text, "%s: %s\n", quote(key), quote(config[key]))
	}
	return text.String()
}

func quote(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string into memory: cannot fail
	return strings.TrimSuffix(out.String(), "\n")
}
