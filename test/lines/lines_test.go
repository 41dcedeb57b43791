// Package lines holds what is the same on every line of Flink to the releases themselves, without running them: our jar, and the
// names of the keys that Drey writes.
package lines

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drey/internal/flink"
)

// helper is our jar: the keys that begin with "drey." are read there and nowhere else.
const helper = "../../internal/daemon/embedded/drey-flink.jar"

// unneeded are keys that one of the lines does not know and need not: 1.20 has no cluster.id.
var unneeded = []string{"cluster.id"}

func TestTheJarIsTheSameWhicheverLineItIsCompiledAgainst(t *testing.T) {
	want := sum(t, helper)
	for _, home := range releases(t) {
		jar := filepath.Join(t.TempDir(), "drey-flink.jar")
		if out, err := exec.CommandContext(t.Context(), "sh", "../../java/build.sh", home, jar).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(home), err, out)
		}
		if got := sum(t, jar); got != want {
			t.Errorf("compiled against %s it is %s, want %s", filepath.Base(home), got, want)
		}
	}
}

func TestEveryLineKnowsTheKeysThatDreyWrites(t *testing.T) {
	ours := classes(t, helper, func(name string) bool { return strings.HasPrefix(name, "drey/") })
	for _, home := range releases(t) {
		flinks := constants(t, home)
		for _, key := range written(t, filepath.Base(home)) {
			known, who := flinks, "Flink "+filepath.Base(home)
			if strings.HasPrefix(key, "drey.") {
				known, who = ours, "drey-flink.jar"
			}
			if !slices.Contains(unneeded, key) && !bytes.Contains(known, []byte(key)) {
				t.Errorf("%s does not know %s", who, key)
			}
		}
	}
}

func TestAKeyThatNoLineKnowsIsFound(t *testing.T) {
	if known := constants(t, releases(t)[0]); bytes.Contains(known, []byte("heartbeat.no-such-key")) || !bytes.Contains(known, []byte("heartbeat.interval")) {
		t.Error("the constants of a release tell nothing")
	}
}

// releases are the homes of the releases that the tests are for.
func releases(t *testing.T) (homes []string) {
	t.Helper()
	for _, version := range strings.Fields(env(t, "DREY_TEST_LINES") + " " + env(t, "DREY_TEST_FLINK")) {
		homes = append(homes, filepath.Join(env(t, "DREY_DISTRIBUTIONS"), version))
	}
	return homes
}

// written are the keys of a cluster that has everything.
func written(t *testing.T, version string) []string {
	t.Helper()
	at := func(name string) string { return "/" + name }
	plan := flink.Plan{
		Incarnation: strings.Repeat("0", 32), Version: version, JobName: "job", JobManager: flink.Size{CPU: 1, MemoryMB: 1024}, TaskManager: flink.Size{CPU: 1, MemoryMB: 1024},
		TaskManagers: 1, Ports: flink.Ports{RPC: 1, REST: 2}, Program: flink.Program{Jar: "job.jar", Libs: []string{"lib.jar"}},
		Storage: flink.Storage{Checkpoints: "file:///c", Savepoints: "file:///s", Archive: "file:///a", Root: "/r"},
		Folders: flink.Folders{Host: "h", Java: at("java"), Distribution: at("d"), Lib: at("l"), Opt: at("o"), Conf: at("c"), Jars: at("j"), Plugins: at("p"), Gate: at("g"), Work: at("w")},
	}
	rendered, err := flink.Render(plan)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(rendered.Config))
}

// constants are the constant pools of the classes that declare options.
func constants(t *testing.T, home string) []byte {
	t.Helper()
	jars, err := filepath.Glob(filepath.Join(home, "lib", "flink-dist-*.jar"))
	if err != nil || len(jars) != 1 {
		t.Fatalf("%s has %d flink-dist jars (%v), want one", home, len(jars), err)
	}
	return classes(t, jars[0], func(name string) bool {
		return strings.HasPrefix(name, "org/apache/flink/") && strings.HasSuffix(name, "Options.class")
	})
}

// classes are the bytes of those classes of a jar whose names are wanted.
func classes(t *testing.T, jar string, wanted func(name string) bool) []byte {
	t.Helper()
	z, err := zip.OpenReader(jar)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	var all bytes.Buffer
	for _, f := range z.File {
		if !wanted(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	return all.Bytes()
}

func sum(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// env reads a variable that the Makefile sets.
func env(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set; run these tests by `make real`", name)
	}
	return v
}
