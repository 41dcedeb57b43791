package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keeping gives a test its own settings file.
func keeping(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "drey", "config.yaml")
	t.Setenv("DREY_CONFIG", file)
	if text != "" {
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

const twoContexts = "current: dev\ncontexts:\n  dev: {pool: ofdev}\n  prod: {pool: ofprod, group: ofprod, confirm: always}\ndefaults: {pool: usual, group: usual, output: wide}\n"

func TestAFlagIsAboveTheEnvironmentAboveTheContextAboveTheSettings(t *testing.T) {
	for why, tt := range map[string]struct {
		settings, line string
		env            map[string]string
		want           string // value and origin
	}{
		"built in":                     {"", "config list --query [?name=='time'].[value,origin]", nil, "relative\tbuilt in"},
		"settings":                     {twoContexts, "config list --query [?name=='group'].[value,origin]", nil, "usual\tsettings"},
		"context above settings":       {twoContexts, "config list --query [?name=='pool'].[value,origin]", nil, "ofdev\tcontext dev"},
		"another context":              {twoContexts, "config list --context prod --query [?name=='pool'].[value,origin]", nil, "ofprod\tcontext prod"},
		"a context by the environment": {twoContexts, "config list --query [?name=='pool'].[value,origin]", map[string]string{"DREY_CONTEXT": "prod"}, "ofprod\tcontext prod"},
		"environment above context":    {twoContexts, "config list --query [?name=='pool'].[value,origin]", map[string]string{"DREY_POOL": "e"}, "e\tDREY_POOL"},
		"flag above environment":       {twoContexts, "config list -p f --query [?name=='pool'].[value,origin]", map[string]string{"DREY_POOL": "e"}, "f\t--pool"},
		"no colour":                    {"defaults: {color: always}", "config list --query [?name=='color'].[value,origin]", map[string]string{"NO_COLOR": "1"}, "never\tNO_COLOR"},
		"forced colour":                {"", "config list --query [?name=='color'].[value,origin]", map[string]string{"CLICOLOR_FORCE": "1"}, "always\tCLICOLOR_FORCE"},
		"colour by flag":               {"", "config list --color auto --query [?name=='color'].[value,origin]", map[string]string{"NO_COLOR": "1"}, "auto\t--color"},
	} {
		t.Run(why, func(t *testing.T) {
			keeping(t, tt.settings)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			out, stderr, code := runIn(t, t.TempDir(), append(strings.Fields(strings.ReplaceAll(tt.line, "config list", "config list -o tsv")), []string{}...)...)
			if code != exitOK || out != tt.want+"\n" {
				t.Errorf("exit code %d, got %q, want %q; stderr %s", code, out, tt.want, stderr)
			}
		})
	}
}

func TestContextsAreKeptForTheirUserOnly(t *testing.T) {
	file := keeping(t, "")
	dir := t.TempDir()
	for _, line := range []string{"context set dev --connection c.json -p analytics", "context set other --server https://flink.example", "context use dev", "config set output yaml", "context set dev -g g2"} {
		if _, stderr, code := runIn(t, dir, strings.Fields(line)...); code != exitOK {
			t.Fatalf("%s: exit code %d: %s", line, code, stderr)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "current: dev\ncontexts:\n    dev:\n        connection: " + filepath.Join(dir, "c.json") + "\n        group: g2\n        pool: analytics\n    other:\n        server: https://flink.example\ndefaults:\n    output: yaml\n"
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v (%v), want 0600", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder is %v (%v), want 0700", info.Mode(), err)
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	for line, says := range map[string]string{
		"config set output xml":              `is none of table, wide`,
		"config set ouput json":              "did you mean output?",
		"config get colour":                  "did you mean color?",
		"context use nowhere":                `no context "nowhere"`,
		"context delete nowhere":             `no context "nowhere"`,
		"context set dev":                    "nothing is named",
		"context set dev --confirm sometime": "neither always nor no",
		"--context nowhere cluster list":     `no context "nowhere"`,
		"cluster list --time yesterday":      `is none of relative, local, utc`,
		"cluster list --color red":           `is none of auto, always, never`,
	} {
		keeping(t, "")
		if _, stderr, code := runIn(t, t.TempDir(), strings.Fields(line)...); code != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, stderr %q, want %q in it", line, code, stderr, says)
		}
	}
	keeping(t, "contexts: [")
	if _, stderr, code := runIn(t, t.TempDir(), "cluster", "list"); code != exitUsage || !strings.Contains(stderr, "cannot be understood") {
		t.Errorf("broken settings: exit code %d, stderr %q", code, stderr)
	}
}

func TestAContextLeadsToItsServer(t *testing.T) {
	f := newFake(t)
	here := t.TempDir()
	file := f.connectionIn(t, t.TempDir())
	keeping(t, "current: mine\ncontexts:\n  mine: {connection: "+file+", pool: local}\n")
	for _, line := range []string{"cluster list -o name", "--context mine cluster list -o name"} {
		if out, stderr, code := runIn(t, here, strings.Fields(line)...); code != exitOK || out != "orders\n" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %s", line, code, out, stderr)
		}
	}
	if out, stderr, code := runIn(t, here, "config", "list", "--query", "[?name=='group'].[value,origin]", "-o", "tsv"); code != exitOK || out != "dev\tconnection\n" {
		t.Errorf("what the connection says: exit code %d, stdout %q, stderr %s", code, out, stderr)
	}
	t.Setenv("DREY_SERVER", f.URL)
	t.Setenv("DREY_CA", filepath.Join(filepath.Dir(file), "ca.pem"))
	if _, stderr, code := runIn(t, here, "rest", "GET", "/about"); code != exitDenied || !strings.Contains(stderr, "DREY_TOKEN") {
		t.Errorf("a server without a token: exit code %d, stderr %s", code, stderr)
	}
	t.Setenv("DREY_TOKEN", "given")
	if out, stderr, code := runIn(t, here, "rest", "GET", "/about", "--query", "version", "-o", "tsv"); code != exitOK || out != "1\n" {
		t.Errorf("a server and a token: exit code %d, stdout %q, stderr %s", code, out, stderr)
	}
}

func TestAConnectionThatIsNamedIsNotThatOfTheCurrentContext(t *testing.T) {
	keeping(t, "current: other\ncontexts:\n  other: {connection: /nowhere, group: other, pool: other}\n")
	f := newFake(t)
	if out, stderr, code := f.run(t, "good", "cluster", "list", "-o", "name"); code != exitOK || out != "orders\n" {
		t.Errorf("exit code %d, stdout %q, stderr %s", code, out, stderr)
	}
	if _, stderr, code := f.run(t, "good", "--context", "other", "cluster", "list", "-o", "name"); code != exitNotFound {
		t.Errorf("with both: exit code %d, want that of a pool that the server has not; stderr %s", code, stderr)
	}
}

func TestAContextThatAsksAlwaysAsksInSpiteOfYes(t *testing.T) {
	f := newFake(t)
	keeping(t, "current: prod\ncontexts:\n  prod: {confirm: always}\n")
	if _, stderr, code := f.run(t, "good", "--context", "prod", "cluster", "delete", "orders", "--yes"); code != exitUsage || !strings.Contains(stderr, "DREY_CONFIRM=no") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	t.Setenv("DREY_CONFIRM", "no")
	if _, stderr, code := f.run(t, "good", "--context", "prod", "cluster", "delete", "orders", "--yes"); code != exitOK {
		t.Errorf("with DREY_CONFIRM=no: exit code %d, stderr %q", code, stderr)
	}
}

func TestAClusterMayBeLeftToTheSettings(t *testing.T) {
	for why, tt := range map[string]struct {
		line string
		code int
		says string
	}{
		"by the settings":                {"cluster show -o name", exitOK, "orders"},
		"by -n":                          {"cluster show -n orders -o name", exitOK, "orders"},
		"named, though there is a usual": {"cluster show nobody", exitNotFound, "no such thing"},
		"before another argument":        {"cluster version show 2 -o name", exitOK, "2"},
		"twice":                          {"cluster show orders -n orders", exitUsage, "unexpected argument"},
		"never to be deleted":            {"cluster delete --yes", exitUsage, "NAME is missing"},
		"to be deleted by -n":            {"cluster delete -n orders --yes", exitOK, ""},
		"logs count lines with -n":       {"logs -n 1 -o none", exitOK, ""},
	} {
		t.Run(why, func(t *testing.T) {
			keeping(t, "defaults: {cluster: orders}\n")
			out, stderr, code := newFake(t).run(t, "good", strings.Fields(tt.line)...)
			if code != tt.code || !strings.Contains(out+stderr, tt.says) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d and %q", code, out, stderr, tt.code, tt.says)
			}
		})
	}
}

func TestTablesAreColouredWhereColourIsWanted(t *testing.T) {
	f := newFake(t)
	run := func(tty bool, args ...string) string {
		dir := t.TempDir()
		var out bytes.Buffer
		a := f.app(t, dir)
		a.out, a.outTTY = &out, tty
		a.run(t.Context(), append([]string{"--connection", f.connectionIn(t, dir), "cluster", "list", "--no-header"}, args...))
		return out.String()
	}
	plain := "orders  Running  RUNNING  2.3.0  1  STOP success  3d\n"
	coloured := "orders  \x1b[32mRunning\x1b[0m  \x1b[32mRUNNING\x1b[0m  2.3.0  1  STOP success  3d\n"
	for why, tt := range map[string]struct{ got, want string }{
		"no terminal":             {run(false), plain},
		"a terminal":              {run(true), coloured},
		"a terminal, but never":   {run(true, "--color", "never"), plain},
		"no terminal, but always": {run(false, "--color", "always"), coloured},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", why, tt.got, tt.want)
		}
	}
}

// Who chose a context long ago must not be sent to look for the file of another folder's server.
func TestAContextWithoutAServerIsNamed(t *testing.T) {
	keeping(t, "current: dev\ncontexts:\n  dev: {connection: /nowhere/connection.json}\n")
	_, stderr, code := runIn(t, t.TempDir(), "cluster", "list")
	if code != exitUnavailable || !strings.Contains(stderr, `context "dev"`) || !strings.Contains(stderr, "--connection .drey/connection.json") {
		t.Errorf("exit code %d, stderr %q, want the context's name and the way out", code, stderr)
	}
}
