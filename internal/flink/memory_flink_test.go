package flink

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flinkHome is the unpacked Flink release that tests against the real thing need.
func flinkHome(t *testing.T) string {
	t.Helper()
	home := os.Getenv("DREY_TEST_FLINK_HOME")
	if home == "" {
		t.Fatal("DREY_TEST_FLINK_HOME is not set: it must name an unpacked Flink release; `make test` sets it.")
	}
	return home
}

// bashJavaUtils asks Flink's own calculator. ok is false where Flink refuses the configuration.
func bashJavaUtils(t *testing.T, home, command string, config map[string]string) (lines []string, ok bool) {
	t.Helper()
	dists, err := filepath.Glob(filepath.Join(home, "lib", "flink-dist-*.jar"))
	if err != nil || len(dists) != 1 {
		t.Fatalf("%s has %d flink-dist jars (%v), want one", home, len(dists), err)
	}
	conf := t.TempDir()
	if err := os.WriteFile(filepath.Join(conf, "config.yaml"), []byte(yaml(config)), 0o600); err != nil {
		t.Fatal(err)
	}
	classPath := filepath.Join(home, "bin", "bash-java-utils.jar") + ":" + dists[0]
	cmd := exec.CommandContext(t.Context(), "java", "-XX:TieredStopAtLevel=1", "-cp", classPath,
		"org.apache.flink.runtime.util.bash.BashJavaUtils", command, "--configDir", conf)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	for line := range strings.Lines(string(out)) {
		if result, found := strings.CutPrefix(strings.TrimSpace(line), "BASH_JAVA_UTILS_EXEC_RESULT:"); found {
			lines = append(lines, result)
		}
	}
	if err == nil && len(lines) == 2 {
		return lines, true
	}
	if !strings.Contains(string(out)+said.String(), "IllegalConfigurationException") {
		t.Fatalf("BashJavaUtils failed for another reason than the configuration: %v\n%s%s", err, out, said.String())
	}
	return nil, false
}

func dynamic(t *testing.T, pairs string) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for word := range strings.FieldsSeq(pairs) {
		if word == "-D" {
			continue
		}
		key, value, found := strings.Cut(word, "=")
		if !found {
			t.Fatalf("cannot read %q in %q", word, pairs)
		}
		keys[key] = value
	}
	return keys
}

func TestTaskManagerMemoryAgreesWithFlink(t *testing.T) {
	t.Parallel()
	home := flinkHome(t)
	for why, config := range map[string]map[string]string{
		"as shipped":                          {"process.size": "1728m"},
		"an odd number of bytes":              {"process.size": "1812345679"},
		"large, both overhead limits reached": {"process.size": "40g"},
		"Flink's memory given":                {"flink.size": "1280m"},
		"both totals given":                   {"flink.size": "1280m", "process.size": "1800m"},
		"both totals, too far apart":          {"flink.size": "1280m", "process.size": "1600m"},
		"odd fractions": {
			"process.size": "3333m", "managed.fraction": "0.37", "network.fraction": "0.13", "jvm-overhead.fraction": "0.07",
		},
		"task heap given, network is the rest":      {"process.size": "2g", "task.heap.size": "600m", "network.max": "700m"},
		"task heap given, rest below the limit":     {"process.size": "2g", "task.heap.size": "1000m"},
		"all parts given":                           {"task.heap.size": "300m", "managed.size": "200m"},
		"all parts and the process given":           {"task.heap.size": "300m", "managed.size": "200m", "process.size": "1300m"},
		"all parts, an odd network fraction":        {"task.heap.size": "301m", "managed.size": "77777777", "network.fraction": "0.23"},
		"the small footprint":                       smallTaskManager("512m", "64m"),
		"small without RocksDB":                     smallTaskManager("420m", "8m"),
		"too small for the task heap":               {"process.size": "862m"},
		"fixed managed memory, task off-heap given": {"process.size": "1600 mb", "managed.size": "128 m", "task.off-heap.size": "33m"},
	} {
		t.Run(why, func(t *testing.T) {
			full := prefixed("taskmanager.memory.", config)
			full["taskmanager.numberOfTaskSlots"] = "2"
			lines, ok := bashJavaUtils(t, home, "GET_TM_RESOURCE_PARAMS", full)
			memory, err := NewTaskManagerMemory(full)
			if ok != (err == nil) {
				t.Fatalf("Flink accepts: %v %v; we say %v", ok, lines, err)
			}
			if !ok {
				return
			}
			compare(t, lines, memory.JVMArgs(), memory.Keys(), "taskmanager.cpu.cores", "taskmanager.numberOfTaskSlots", "external-resources")
		})
	}
}

func TestJobManagerMemoryAgreesWithFlink(t *testing.T) {
	t.Parallel()
	home := flinkHome(t)
	for why, config := range map[string]map[string]string{
		"as shipped":             {"process.size": "1600m"},
		"an odd number of bytes": {"process.size": "1712345677", "jvm-overhead.fraction": "0.17"},
		"heap given":             {"heap.size": "300m"},
		"heap and process given": {"heap.size": "700m", "process.size": "1300m"},
		"Flink's memory given":   {"flink.size": "900m", "enable-jvm-direct-memory-limit": "true"},
		"too small":              {"process.size": "576m"},
		"the small footprint": {
			"process.size": "512m", "jvm-metaspace.size": "128m", "jvm-overhead.min": "64m", "jvm-overhead.max": "64m", "off-heap.size": "64m",
		},
	} {
		t.Run(why, func(t *testing.T) {
			full := prefixed("jobmanager.memory.", config)
			lines, ok := bashJavaUtils(t, home, "GET_JM_RESOURCE_PARAMS", full)
			memory, err := NewJobManagerMemory(full)
			if ok != (err == nil) {
				t.Fatalf("Flink accepts: %v %v; we say %v", ok, lines, err)
			}
			if ok {
				compare(t, lines, memory.JVMArgs(), memory.Keys())
			}
		})
	}
}

// compare holds Flink's two lines against ours; ignore names keys that are not memory.
func compare(t *testing.T, lines, flags []string, keys map[string]string, ignore ...string) {
	t.Helper()
	if got := strings.Join(flags, " "); got != strings.TrimSpace(lines[0]) {
		t.Errorf("flags are %s\nFlink says %s", got, lines[0])
	}
	want := dynamic(t, lines[1])
	for _, key := range ignore {
		delete(want, key)
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("keys (-Flink +ours):\n%s", diff)
	}
}

func smallTaskManager(process, managed string) map[string]string {
	return map[string]string{
		"process.size": process, "managed.size": managed, "framework.heap.size": "64m", "framework.off-heap.size": "32m",
		"network.min": "16m", "network.max": "16m", "jvm-metaspace.size": "128m", "jvm-overhead.min": "64m", "jvm-overhead.max": "64m",
	}
}
