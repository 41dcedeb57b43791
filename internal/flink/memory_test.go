package flink

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1024": 1024, "1b": 1, " 2 kb ": 2048, "3KibiBytes": 3072, "64m": 64 * mib, "64 MB": 64 * mib, "1g": 1 << 30, "2t": 2 << 40,
	} {
		got, err := ParseSize(text)
		if err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "m", "-1m", "1.5g", "1 mib", "9223372036854775807k", "99999999999999999999"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func TestTaskManagerMemory(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		config map[string]string
		want   string // JVM flags, or the error
	}{
		"Flink's shipped 1728m": {
			map[string]string{"process.size": "1728m"},
			"-Xmx536870902 -Xms536870902 -XX:MaxDirectMemorySize=268435458 -XX:MaxMetaspaceSize=268435456",
		},
		"nothing given": {nil, "No memory is given: set taskmanager.memory.process.size."},
		"too small for metaspace and overhead": {
			map[string]string{"process.size": "400m"},
			"taskmanager.memory.process.size (400 MB) is less than taskmanager.memory.jvm-metaspace.size (256 MB) and the JVM's overhead (192 MB) together.",
		},
		"nothing left for the task heap": {
			map[string]string{"process.size": "800m"},
			"The TaskManager is too small: of 352 MB for Flink, framework heap 128 MB, framework off-heap 128 MB, task off-heap 0 MB, " +
				"managed 140.8 MB and network 64 MB leave nothing for the task heap.",
		},
		"a share out of range": {
			map[string]string{"process.size": "2g", "managed.fraction": "1.2"},
			`taskmanager.memory.managed.fraction must be at least 0 and less than 1, not "1.2".`,
		},
		"limits the wrong way round": {
			map[string]string{"process.size": "2g", "network.min": "128m", "network.max": "64m"},
			"taskmanager.memory.network.min (128 MB) is more than taskmanager.memory.network.max (64 MB).",
		},
		"an unreadable size": {
			map[string]string{"process.size": "2 gallons"},
			`taskmanager.memory.process.size: "2 gallons" has an unknown unit: use b, k, m, g or t.`,
		},
		"overhead outside its limits": {
			map[string]string{"process.size": "4g", "flink.size": "1g"},
			"The other memory settings leave 2816 MB for the JVM's overhead, but taskmanager.memory.jvm-overhead allows 192 MB to 1024 MB.",
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			memory, err := NewTaskManagerMemory(prefixed("taskmanager.memory.", tt.config))
			checkFlags(t, memory.JVMArgs(), err, tt.want)
		})
	}
}

func TestJobManagerMemory(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		config map[string]string
		want   string
	}{
		"Flink's shipped 1600m": {
			map[string]string{"process.size": "1600m"}, "-Xmx1073741824 -Xms1073741824 -XX:MaxMetaspaceSize=268435456",
		},
		"a limit for direct memory": {
			map[string]string{"process.size": "1600m", "enable-jvm-direct-memory-limit": "true"},
			"-Xmx1073741824 -Xms1073741824 -XX:MaxDirectMemorySize=134217728 -XX:MaxMetaspaceSize=268435456",
		},
		"nothing left for the heap": {
			map[string]string{"process.size": "576m"},
			"The JobManager is too small: 128 MB are left for Flink, but jobmanager.memory.off-heap.size alone is 128 MB.",
		},
		"parts that do not add up": {
			map[string]string{"heap.size": "512m", "flink.size": "1g"},
			"jobmanager.memory.heap.size (512 MB) and jobmanager.memory.off-heap.size (128 MB) do not add up to jobmanager.memory.flink.size (1024 MB).",
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			memory, err := NewJobManagerMemory(prefixed("jobmanager.memory.", tt.config))
			checkFlags(t, memory.JVMArgs(), err, tt.want)
		})
	}
}

func checkFlags(t *testing.T, flags []string, err error, want string) {
	t.Helper()
	got := strings.Join(flags, " ")
	if err != nil {
		if configError, ok := errors.AsType[*ConfigError](err); !ok || configError.Key == "" {
			t.Errorf("error %v is no ConfigError with a key", err)
		}
		got = err.Error()
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func prefixed(prefix string, config map[string]string) map[string]string {
	full := map[string]string{}
	for key, value := range config {
		full[prefix+key] = value
	}
	return full
}

func TestNewMemory(t *testing.T) {
	t.Parallel()
	const class = "org.example.Main"
	for why, tt := range map[string]struct {
		config map[string]string
		jm, tm int
		class  string
		want   Memory
		err    string
	}{
		"large roles keep Flink's own figures": {
			jm: 2048, tm: 2048, class: class,
			want: Memory{
				JobManager:  JobManagerMemory{Heap: 1530082096, OffHeap: 128 * mib, Metaspace: 256 * mib, Overhead: 214748368},
				TaskManager: taskManager(2048),
				Defaults: map[string]string{
					"jobmanager.memory.process.size": "2048m", "taskmanager.memory.process.size": "2048m",
				},
			},
		},
		"small roles get the small footprint": {
			jm: 512, tm: 512, class: class,
			want: Memory{
				JobManager: JobManagerMemory{Heap: 256 * mib, OffHeap: 64 * mib, Metaspace: 128 * mib, Overhead: 64 * mib},
				TaskManager: TaskManagerMemory{FrameworkHeap: 64 * mib, TaskHeap: 144 * mib, FrameworkOffHeap: 32 * mib,
					Network: 16 * mib, Managed: 64 * mib, Metaspace: 128 * mib, Overhead: 64 * mib},
				Defaults: smallDefaults("512m", "64m"),
			},
		},
		"without RocksDB hardly any managed memory": {
			config: map[string]string{"state.backend": "hashmap"},
			jm:     512, tm: 512, class: class,
			want: Memory{
				JobManager: JobManagerMemory{Heap: 256 * mib, OffHeap: 64 * mib, Metaspace: 128 * mib, Overhead: 64 * mib},
				TaskManager: TaskManagerMemory{FrameworkHeap: 64 * mib, TaskHeap: 200 * mib, FrameworkOffHeap: 32 * mib,
					Network: 16 * mib, Managed: 8 * mib, Metaspace: 128 * mib, Overhead: 64 * mib},
				Defaults: smallDefaults("512m", "8m"),
			},
		},
		"a process size of the user's": {
			config: map[string]string{"taskmanager.memory.process.size": "3000m"}, jm: 1000, tm: 2048,
			err: "taskmanager.memory.process.size (3000 MB) is more than the role's memory (2048 MB).",
		},
		"a process size in gigabytes": {
			config: map[string]string{"taskmanager.memory.process.size": "1g"}, jm: 1000, tm: 2048,
			err: `taskmanager.memory.process.size must be whole megabytes that end in m or mb, not "1g".`,
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := NewMemory(tt.config, Size{MemoryMB: tt.jm, CPU: 1}, Size{MemoryMB: tt.tm, CPU: 1}, tt.class)
			if err != nil {
				got = Memory{}
				if err.Error() != tt.err {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("memory (-want +got):\n%s", diff)
			}
		})
	}
}

func taskManager(mb int64) TaskManagerMemory {
	m := TaskManagerMemory{FrameworkHeap: 128 * mib, FrameworkOffHeap: 128 * mib, Metaspace: 256 * mib, Overhead: times(mb*mib, float64(float32(0.1)))}
	total := mb*mib - m.Metaspace - m.Overhead
	m.Managed, m.Network = times(total, float64(float32(0.4))), times(total, float64(float32(0.1)))
	m.TaskHeap = total - m.Flink()
	return m
}

func smallDefaults(process, managed string) map[string]string {
	return map[string]string{
		"jobmanager.memory.jvm-metaspace.size":       "128m",
		"jobmanager.memory.jvm-overhead.max":         "64m",
		"jobmanager.memory.jvm-overhead.min":         "64m",
		"jobmanager.memory.off-heap.size":            "64m",
		"jobmanager.memory.process.size":             process,
		"taskmanager.memory.framework.heap.size":     "64m",
		"taskmanager.memory.framework.off-heap.size": "32m",
		"taskmanager.memory.jvm-metaspace.size":      "128m",
		"taskmanager.memory.jvm-overhead.max":        "64m",
		"taskmanager.memory.jvm-overhead.min":        "64m",
		"taskmanager.memory.managed.size":            managed,
		"taskmanager.memory.network.max":             "16m",
		"taskmanager.memory.network.min":             "16m",
		"taskmanager.memory.process.size":            process,
	}
}

func TestNewMemoryLeavesUsersFiguresAlone(t *testing.T) {
	t.Parallel()
	user := map[string]string{
		"jobmanager.memory.jvm-overhead.fraction": "0.2",
		"taskmanager.memory.managed.fraction":     "0.1",
		"taskmanager.memory.network.min":          "32m",
		"taskmanager.memory.framework.heap.size":  "48m",
	}
	got, err := NewMemory(user, Size{MemoryMB: 1200, CPU: 1}, Size{MemoryMB: 1200, CPU: 1}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"jobmanager.memory.jvm-overhead.min", "taskmanager.memory.managed.size", "taskmanager.memory.network.max",
		"taskmanager.memory.framework.heap.size",
	} {
		if value, added := got.Defaults[key]; added {
			t.Errorf("%s = %s was added beside figures of the user's", key, value)
		}
	}
	if got.TaskManager.FrameworkHeap != 48*mib {
		t.Errorf("framework heap is %d, want the user's 48 MB", got.TaskManager.FrameworkHeap)
	}
}
