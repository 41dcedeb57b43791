package local

import (
	"os"
	"path/filepath"
	"testing"

	"drey/internal/runtime"
)

func TestWhatFitsIsBoundedByTheMachineAndEachControlGroupAround(t *testing.T) {
	t.Parallel()
	const machine = "MemTotal: 10240000 kB\nMemFree: 1 kB\nMemAvailable: 5120000 kB\n" // 10000 and 5000 MiB
	for why, tt := range map[string]struct {
		files map[string]string
		need  int64
		want  runtime.Fit
	}{
		"no word of the kernel":   {map[string]string{}, 1, runtime.Fit{}},
		"an old kernel":           {map[string]string{"meminfo": "MemTotal: 1 kB\n"}, 1, runtime.Fit{}},
		"the machine":             {map[string]string{"meminfo": machine}, 4000, runtime.Fit{Known: true, FreeMB: 4000, Fits: true}},
		"a MiB more":              {map[string]string{"meminfo": machine}, 4001, runtime.Fit{Known: true, FreeMB: 4000}},
		"less than the reserve":   {map[string]string{"meminfo": "MemTotal: 10240000 kB\nMemAvailable: 1024 kB\n"}, 1, runtime.Fit{Known: true}},
		"only version 1 of them":  {map[string]string{"meminfo": machine, "self/cgroup": "4:memory:/a\n"}, 1, runtime.Fit{Known: true, FreeMB: 4000, Fits: true}},
		"a group without a bound": {map[string]string{"meminfo": machine, "self/cgroup": "0::/a\n", "a/memory.max": "max\n"}, 1, runtime.Fit{Known: true, FreeMB: 4000, Fits: true}},
		"a group around, less a tenth and with what is only cached": {map[string]string{
			"meminfo": machine, "self/cgroup": "1:cpu:/x\n0::/a/b\n", "a/b/memory.max": "max\n",
			"a/memory.max": "1048576000\n", "a/memory.current": "524288000\n", "a/memory.stat": "anon 1\ninactive_file 104857600\n",
		}, 501, runtime.Fit{Known: true, FreeMB: 500}},
		"a bound that cannot be read": {map[string]string{
			"meminfo": machine, "self/cgroup": "0::/\n", "memory.max": "1\n",
		}, 1, runtime.Fit{}},
	} {
		dir := t.TempDir()
		for name, text := range tt.files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := fits(dir, dir, tt.need); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", why, got, tt.want)
		}
	}
}
