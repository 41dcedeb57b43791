package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "drey.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEveryValueIsToldWithItsSource(t *testing.T) {
	t.Parallel()
	file := written(t, "data: d\npoll:\n  retryAfterSeconds: 3\nstorage:\n  suffixes: [a.b, c.d]\n")
	_, settings, problems := Explain(file, true, func(c *Config) { c.Listen = "127.0.0.1:9000" })
	if len(problems) > 0 {
		t.Fatal(errors.Join(problems...))
	}
	got := map[string]Setting{}
	for _, s := range settings {
		got[s.Key] = s
	}
	if len(got) != len(Keys()) {
		t.Errorf("%d keys of %d are told", len(got), len(Keys()))
	}
	for key, want := range map[string][2]string{
		"listen":                 {"127.0.0.1:9000", "flag"},
		"dev":                    {"true", "flag"},
		"poll.retryAfterSeconds": {"3", file + ":3"},
		"storage.suffixes":       {"a.b, c.d", file + ":5"},
		"limits.minimumMemoryMB": {"512", "--dev"},
		"limits.memoryMB":        {got["limits.memoryMB"].Value, "machine"},
		"log.level":              {"info", "default"},
	} {
		if s := got[key]; s.Value != want[0] || s.Source != want[1] {
			t.Errorf("%s is %q from %q, want %q from %q", key, s.Value, s.Source, want[0], want[1])
		}
	}
	if s := got["data"]; !filepath.IsAbs(s.Value) || s.Source != file+":1" {
		t.Errorf("data is %q from %q", s.Value, s.Source)
	}
}

func TestAllProblemsOfAConfigurationAreToldAtOnce(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		text string
		want []string
	}{
		"values": {"listen: 0.0.0.0:1\npoll:\n  retryAfterSeconds: 0\nlog:\n  level: loud\n  format: xml\nhttp:\n  readBurst: 0\ndebug:\n  listen: example.com:9000\n", []string{
			"no data directory", `listen "0.0.0.0:1"`, `debug.listen "example.com:9000"`, "http.readBurst is 0", "poll.retryAfterSeconds", "log.level", "log.format",
		}},
		"keys":  {"data: d\nlisen: x\nlimits:\n  memoryMb: 3\n", []string{`line 2: unknown key "lisen"`, `line 4: unknown key "limits.memoryMb"`}},
		"types": {"data: d\narchives: many\npoll:\n  retryAfterSeconds: soon\n", []string{"line 2", "line 4"}},
	} {
		file := written(t, tt.text)
		_, _, problems := Explain(file, false, func(*Config) {})
		if len(problems) != len(tt.want) {
			t.Errorf("%s: got %d problems, want %d:\n%v", why, len(problems), len(tt.want), errors.Join(problems...))
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(problems[i].Error(), want) {
				t.Errorf("%s: problem %d is %q, want %q", why, i, problems[i], want)
			}
		}
	}
}
