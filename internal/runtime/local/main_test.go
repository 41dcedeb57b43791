package local

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

// builtKeeper is cmd/drey-keep, as it is carried inside drey.
var builtKeeper string

// stuckKeeper is the name of a keeper that holds its lock and never gets further.
const stuckKeeper = "stuck-keeper"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == stuckKeeper {
		waitForEver()
	}
	runtimetest.Main()
	if text := os.Getenv(serverVariable); text != "" {
		if err := serve(strings.Fields(text)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(withKeeper(m))
}

// serverVariable makes the test binary a server: data directory, keeper, incarnation to prepare.
const serverVariable = "DREY_TEST_SERVER"

// serve prepares a held process, says so, and waits to be killed.
func serve(args []string) error {
	r, err := New(Config{Dir: args[0], KeeperPath: args[1]})
	if err != nil {
		return err
	}
	id := runtime.IncarnationID(args[2])
	p := program(runtime.ProcessID{Role: runtime.JobManager}, runtimetest.Script{runtimetest.Gate(r.folder(id).path(gateFolder)), runtimetest.Wait})
	p.Gate = true
	inc := runtime.Incarnation{Shape: runtime.Shape{ID: id}, Processes: []runtime.Process{p}}
	if err := r.Prepare(context.Background(), inc); err != nil {
		return err
	}
	for {
		s, err := r.Observe(context.Background(), id)
		if err != nil {
			return err
		}
		if s.Process(p.ProcessID).State == runtime.Held {
			break
		}
	}
	fmt.Println("prepared")
	waitForEver()
	return nil
}

// waitForEver reads from a pipe that nobody writes to.
func waitForEver() {
	r, w, err := os.Pipe()
	if err != nil {
		os.Exit(1)
	}
	defer w.Close()
	_, _ = r.Read(make([]byte, 1))
}

func withKeeper(m *testing.M) int {
	dir, err := os.MkdirTemp("", "drey-keep")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	builtKeeper = filepath.Join(dir, "drey-keep")
	if out, err := exec.Command("go", "build", "-o", builtKeeper, "drey/cmd/drey-keep").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build the keeper: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// open makes a Runtime over dir that is closed after the test.
func open(t *testing.T, config Config) *Runtime {
	t.Helper()
	r, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// newConfig is a data directory with a distribution.
func newConfig(t *testing.T) Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "distributions", "2.3.0", "lib"), 0o700); err != nil {
		t.Fatal(err)
	}
	return Config{Dir: dir, KeeperPath: builtKeeper, Java: "/bin/java"}
}

// program is the test binary, acting out a script.
func program(p runtime.ProcessID, script runtimetest.Script) runtime.Process {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return runtime.Process{ProcessID: p, Args: append([]string{self}, script...), Env: maps.Clone(runtimetest.ProgramEnv())}
}

func TestConformance(t *testing.T) { runtimetest.Run(t, fixture) }

func TestConformanceOfProcesses(t *testing.T) { runtimetest.RunProcesses(t, fixture) }

func fixture(t *testing.T) runtimetest.Fixture {
	config := newConfig(t)
	now := open(t, config)
	return runtimetest.Fixture{
		Runtime:      now,
		Distribution: "2.3.0",
		Program:      program,
		Restart: func(t *testing.T) runtime.Runtime {
			if err := now.Close(); err != nil {
				t.Fatal(err)
			}
			now = open(t, config)
			return now
		},
		KillKeeper: func(t *testing.T, id runtime.IncarnationID, p runtime.ProcessID) {
			if err := killKeeper(now.folder(id).role(p)); err != nil {
				t.Fatal(err)
			}
		},
	}
}
