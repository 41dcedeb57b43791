package daemon

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decision is a row of the table in docs/decisions/0004-configuration.md.
type decision struct{ defaults, dev string }

// decisions reads that table: each key with its two columns of defaults.
func decisions(t *testing.T) map[string]decision {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "decisions", "0004-configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := map[string]decision{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		row := decision{defaults: plain(cells[2]), dev: plain(cells[3])}
		if row.dev == "the same" {
			row.dev = row.defaults
		}
		var names []string
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			if !strings.HasPrefix(m[1], "-") {
				names = append(names, m[1])
			}
		}
		for i, name := range names {
			r := row
			if len(names) > 1 { // two keys in one row have two values each
				r.defaults, r.dev = strings.Split(row.defaults, ", ")[i], strings.Split(row.dev, ", ")[i]
			}
			rows[name] = r
		}
	}
	return rows
}

func plain(cell string) string { return strings.ReplaceAll(strings.TrimSpace(cell), "`", "") }

func TestTheDecisionsTableHasTheKeysOfTheStruct(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for key := range decisions(t) {
		want[key] = true
	}
	got := map[string]bool{}
	for _, key := range Keys() {
		got[key] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys differ (-docs +code):\n%s", diff)
	}
}

// words stand in the table where a default is none, or the machine's.
var words = map[string]string{
	"data": "none: required", "limits.memoryMB": "machine's less 10 %", "java.home": "JAVA_HOME, else java on the path",
	"kubernetes.namespace": "none: off", "kubernetes.kubeconfig": "where kubectl looks", "kubernetes.context": "its current context",
	"kubernetes.drey": "none: required", "kubernetes.images": "none: required", "kubernetes.claim": "none", "kubernetes.pod": "none",
	"tls.names": "none", "tls.certificate": "none", "tls.key": "none", "storage.folder": "none: <data>/storage",
	"database": "none: SQLite in <data>/drey.db", "debug.listen": "none: off", "storage.s3.buckets": "none", "storage.s3.endpoint": "AWS", "storage.s3.region": "us-east-1", "storage.s3.credentials": "the environment",
	"log.format": "text on a terminal, else json",
}

func TestTheDecisionsTableHasTheDefaultsOfTheStruct(t *testing.T) {
	t.Parallel()
	rows, ordinary, dev := decisions(t), values(Default(false)), values(Default(true))
	for _, key := range Keys() {
		row := rows[key]
		if got := orWords(ordinary[key], key); got != row.defaults {
			t.Errorf("default of %s: code %q, docs %q", key, got, row.defaults)
		}
		if got := orWords(dev[key], key); got != row.dev {
			t.Errorf("default of %s with --dev: code %q, docs %q", key, got, row.dev)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	low, high, err := EphemeralPorts()
	if err != nil {
		t.Fatal(err)
	}
	for why, tt := range map[string]struct {
		file string
		dev  bool
		set  func(*Config)
		fail string // part of the error; "" = none
		want func(Config) bool
	}{
		"defaults hold where nothing is said": {dev: true, want: func(c Config) bool {
			return c.Limits.MinimumMemoryMB == 512 && c.Limits.MemoryMB > 0 && filepath.IsAbs(c.Data)
		}},
		"the file is above the defaults": {file: "data: d\nlimits:\n  portLow: 21000\n", want: func(c Config) bool {
			return c.Limits.PortLow == 21000 && c.Limits.PortHigh == 29999
		}},
		"archives can be switched off": {file: "data: d\narchives: off\n", want: func(c Config) bool { return !c.Archives }},
		"flags are above the file": {file: "data: d\nlisten: 127.0.0.1:9000\n", set: func(c *Config) { c.Listen = "localhost:0" },
			want: func(c Config) bool { return c.Listen == "localhost:0" }},
		"dev in the file changes defaults too": {file: "dev: true\n", want: func(c Config) bool {
			return c.Dev && c.Limits.MinimumMemoryMB == 512 && filepath.Base(c.Data) == ".drey"
		}},
		"dev in the file cannot be lost by a flag's absence": {file: "dev: true\nlog:\n", want: func(c Config) bool { return c.Dev }},
		"an unknown key names the nearest":                   {file: "data: d\nlimits:\n  memoryMb: 3\n", fail: `line 3: unknown key "limits.memoryMb"; did you mean "limits.memoryMB"?`},
		"an unknown key at the top names the nearest":        {file: "lisen: x\n", fail: `unknown key "lisen"; did you mean "listen"?`},
		"a block that is a word is refused":                  {file: "log: loud\n", fail: "line 1"},
		"two documents are refused":                          {file: "data: d\n---\ndata: e\n", fail: "more than one"},
		"broken YAML is refused":                             {file: "data: [", fail: "yaml"},
		"no data directory says how to name one":             {fail: "--data DIR"},
		"an address for others is refused without a name":    {dev: true, set: func(c *Config) { c.Listen = "0.0.0.0:8443" }, fail: "loopback only"},
		"a name for others is refused":                       {dev: true, set: func(c *Config) { c.Listen = "example.com:8443" }, fail: "loopback only"},
		"no host is refused":                                 {dev: true, set: func(c *Config) { c.Listen = ":8443" }, fail: "loopback only"},
		"IPv6 loopback is fine":                              {dev: true, set: func(c *Config) { c.Listen = "[::1]:8443" }, want: func(c Config) bool { return true }},
		"an address for others is fine with a name": {dev: true, file: "tls:\n  names: [drey.example.com]\n", set: func(c *Config) { c.Listen = "0.0.0.0:8443" },
			want: func(c Config) bool { return true }},
		"one address of many is refused":               {file: "data: d\nlisten: 192.0.2.1:8443\ntls:\n  names: [drey.example.com]\n", fail: "every address"},
		"a name that is none is refused":               {file: "data: d\ntls:\n  names: [\"*.example.com\"]\n", fail: "tls.names"},
		"a certificate without its key is refused":     {file: "data: d\ntls:\n  certificate: c.pem\n", fail: "belong together"},
		"two authorities are refused":                  {file: "data: d\ntls:\n  names: [a]\n  certificate: c.pem\n  key: k.pem\n", fail: "one of them"},
		"metrics are for this machine only":            {file: "data: d\ndebug:\n  listen: 0.0.0.0:9000\ntls:\n  names: [a]\n", fail: "loopback only"},
		"a server that can run nothing is refused":     {file: "data: d\nlocal: false\n", fail: "kubernetes.namespace"},
		"storage is in the data directory":             {file: "data: /d\n", want: func(c Config) bool { return c.Storage.Folder == "/d/storage" }},
		"storage can be a volume of its own":           {file: "data: /d\nstorage:\n  folder: /s\n", want: func(c Config) bool { return c.Storage.Folder == "/s" }},
		"a bucket that is none is refused":             {file: "data: d\nstorage:\n  s3:\n    buckets: [\"state/x\"]\n", fail: "no name of a bucket"},
		"S3 at an address without a scheme is refused": {file: "data: d\nstorage:\n  s3:\n    endpoint: s3.example.com\n", fail: "storage.s3.endpoint"},
		"S3 with a password is refused":                {file: "data: d\nstorage:\n  s3:\n    endpoint: https://a:b@s3.example.com\n", fail: "without a user"},
		"S3 by its parts is fine":                      {file: "data: d\nstorage:\n  s3:\n    endpoint: https://s3.example.com:9000/\n    buckets: [state, b.c]\n", want: func(c Config) bool { return len(c.Storage.S3.Buckets) == 2 }},
		"a port of the system is refused":              {dev: true, set: func(c *Config) { c.Listen = "127.0.0.1:443" }, fail: "below 1024"},
		"ports the kernel gives away are refused": {dev: true, set: func(c *Config) { c.Limits.PortLow, c.Limits.PortHigh = low, high },
			fail: "overlaps the ports this kernel gives"},
		"a poll of no seconds is refused": {dev: true, set: func(c *Config) { c.Poll.RetryAfterSeconds = 0 }, fail: "1 to 600"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			file := ""
			if tt.file != "" {
				file = filepath.Join(t.TempDir(), "drey.yaml")
				if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			set := tt.set
			if set == nil {
				set = func(*Config) {}
			}
			got, err := Load(file, tt.dev, set)
			switch {
			case tt.fail != "" && (err == nil || !strings.Contains(err.Error(), tt.fail)):
				t.Errorf("got error %v, want one with %q", err, tt.fail)
			case tt.fail == "" && err != nil:
				t.Errorf("got error %v, want none", err)
			case tt.want != nil && !tt.want(got):
				t.Errorf("got %+v, which is not what was wanted", got)
			}
		})
	}
}

func orWords(value, key string) string {
	if w, ok := words[key]; ok && (value == "" || value == "0") {
		return w
	}
	return value
}
