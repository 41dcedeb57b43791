package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

var (
	jobManager  = runtime.ProcessID{Role: runtime.JobManager}
	taskManager = runtime.ProcessID{Role: runtime.TaskManager}
)

// patience is how long what must happen may take.
const patience = 90 * time.Second

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	wait, ctx := backoff{}, limited(t)
	for !ok() {
		if !wait.sleep(ctx) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// newIncarnation has processes that act out scripts; all of it is killed after the test.
func newIncarnation(t *testing.T, r *Runtime, jm, tm runtimetest.Script) runtime.Incarnation {
	t.Helper()
	inc := runtime.Incarnation{
		Shape:     runtime.Shape{ID: runtime.IncarnationID(randomHex(16)), Distribution: "2.3.0"},
		Processes: []runtime.Process{program(jobManager, jm)},
	}
	if tm != nil {
		inc.Processes = append(inc.Processes, program(taskManager, tm))
	}
	t.Cleanup(func() {
		if err := r.Kill(limited(t), inc.ID); err != nil {
			t.Errorf("cannot clean up: %v", err)
		}
	})
	return inc
}

func mustPrepare(t *testing.T, r *Runtime, inc runtime.Incarnation) {
	t.Helper()
	if err := r.Prepare(limited(t), inc); err != nil {
		t.Fatal(err)
	}
}

func stateOf(t *testing.T, r *Runtime, id runtime.IncarnationID, p runtime.ProcessID) runtime.State {
	t.Helper()
	return mustObserve(t, r, id).Process(p).State
}

func mustObserve(t *testing.T, r *Runtime, id runtime.IncarnationID) runtime.Status {
	t.Helper()
	s, err := r.Observe(limited(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func outputOf(t *testing.T, r *Runtime, id runtime.IncarnationID, p runtime.ProcessID) string {
	t.Helper()
	logs, _, err := r.Logs(limited(t), id, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	text, err := io.ReadAll(logs)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustHeld(t *testing.T, r *Runtime, role string) bool {
	t.Helper()
	held, err := r.held(role)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// descriptors are the files that a process has open.
func descriptors(t *testing.T, pid int) []string {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(folder, e.Name())); err == nil {
			out = append(out, target)
		}
	}
	return out
}

// startBystander starts a process that waits for ever, or for the test's end.
func startBystander(t *testing.T, env []string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, runtimetest.Wait)
	for name, value := range runtimetest.ProgramEnv() {
		env = append(env, name+"="+value)
	}
	c.Env = env
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c
}

// stat answers a process's state letter and parent; "" if it is not there.
func stat(t *testing.T, pid int) (state string, parent int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	_, after, _ := strings.Cut(string(text), ") ")
	if _, err := fmt.Sscan(after, &state, &parent); err != nil {
		t.Fatal(err)
	}
	return state, parent
}

// zombies counts our children that have ended and were not reaped.
func zombies(t *testing.T) int {
	t.Helper()
	n := 0
	err := eachProcess(func(pid int) {
		if state, parent := stat(t, pid); state == "Z" && parent == os.Getpid() {
			n++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// keepers counts the living keepers of a role folder.
func keepers(t *testing.T, role string) int {
	t.Helper()
	n := 0
	err := eachProcess(func(pid int) {
		if isKeeper(pid, role) {
			n++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
