// Package conformance plays the scenarios of package flinktest on real Flink, and compares or records what it answers.
package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"drey/internal/cluster"
	"drey/internal/flink/flinktest"
	"drey/internal/runtime"
	"drey/internal/runtime/local"
)

var record = flag.Bool("record", false, "write the traces instead of comparing them")

func TestRealFlinkAnswersAsItDidWhenRecorded(t *testing.T) {
	w := realWorld(t)
	play := flinktest.Check
	if *record {
		play = flinktest.Record
	}
	t.Run("scenarios", func(t *testing.T) { // in parallel, all before the runtime is closed
		for name := range flinktest.Scenarios {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				play(t, w, name)
			})
		}
	})
}

func realWorld(t *testing.T) flinktest.World {
	version, home := env(t, "DREY_TEST_FLINK"), env(t, "DREY_TEST_FLINK_HOME")
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	const embedded = "../../internal/daemon/embedded/" // where the Makefile puts the keeper and our jar
	rt, err := local.New(local.Config{
		Dir: t.TempDir(), KeeperPath: absolute(t, embedded+"drey-keep"), Java: java,
		Distributions: func(string) (string, error) { return home, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	ours := artifact(t, flinktest.GateJar, embedded+"drey-flink.jar")
	plugin := ours
	plugin.Name, plugin.Plugin = "drey-fs/"+ours.Name, true
	return flinktest.World{
		Runtime: rt, Version: version, Storage: t.TempDir(), Port: flinktest.Port,
		Traces:    filepath.Join("../../internal/flink/flinktest/testdata", cluster.Line(version)),
		Artifacts: []runtime.Artifact{artifact(t, flinktest.Jar, filepath.Join(env(t, "DREY_TEST_JARS"), flinktest.Jar)), ours, plugin},
	}
}

func artifact(t *testing.T, name, source string) runtime.Artifact {
	t.Helper()
	source = absolute(t, source)
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return runtime.Artifact{Name: name, SHA256: hex.EncodeToString(sum[:]), Source: source}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
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
