package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/daemon"
)

func TestAConfigurationIsCheckedWithoutAServer(t *testing.T) {
	good, bad, broken := "data: d\npoll:\n  retryAfterSeconds: 3\n", "data: d\nlisten: 0.0.0.0:80\npoll:\n  retryAfterSeconds: 0\n", "data: ["
	for why, tt := range map[string]struct {
		text   string
		args   []string
		code   int
		stdout []string
		stderr []string
	}{
		"values are told with their sources": {good, []string{"--log-level", "debug"}, exitOK, []string{"poll.retryAfterSeconds", "drey.yaml:3", "log.level", "debug", "flag", "machine"}, nil},
		"every problem is told":              {bad, nil, exitFailed, []string{"0.0.0.0:80"}, []string{"2 problems", "listen", "poll.retryAfterSeconds"}},
		"a file that cannot be read":         {broken, nil, exitFailed, nil, []string{"drey.yaml", "yaml"}},
		"a flag that is not known":           {good, []string{"--colour"}, exitUsage, nil, []string{"colour"}},
	} {
		for _, command := range [][]string{{"config", "check"}, {"serve", "--check"}} {
			dir := t.TempDir()
			file := filepath.Join(dir, "drey.yaml")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, code := runIn(t, dir, append(append(command, "--config", file), tt.args...)...)
			if code != tt.code {
				t.Errorf("%s, %v: exit code %d, want %d\n%s%s", why, command, code, tt.code, stdout, stderr)
			}
			for _, want := range tt.stdout {
				if !strings.Contains(stdout, want) {
					t.Errorf("%s, %v: stdout has no %q:\n%s", why, command, want, stdout)
				}
			}
			for _, want := range tt.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("%s, %v: stderr has no %q:\n%s", why, command, want, stderr)
				}
			}
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("%s, %v: something was made: %v", why, command, left)
			}
		}
	}
}

func TestAConfigurationIsCheckedForScriptsToo(t *testing.T) {
	stdout, stderr, code := runIn(t, t.TempDir(), "config", "check", "--dev", "-o", "json")
	var settings []daemon.Setting
	if err := json.Unmarshal([]byte(stdout), &settings); err != nil || code != exitOK {
		t.Fatalf("%v, exit code %d\n%s%s", err, code, stdout, stderr)
	}
	if len(settings) != len(daemon.Keys()) || settings[0].Key != "data" || settings[0].Source != "--dev" {
		t.Errorf("got %+v", settings)
	}
}
