//go:build python

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A Python program is a job like another: the state of its function goes through the death of a TaskManager, an update, a stop and a start, and
// what does not fit is told before anything stops.
func TestAPythonJobGoesOnWithItsState(t *testing.T) {
	s := newServer(t)
	s.configure("gate:\n  minimumSeconds: 0\n  maximumSeconds: 120\n") // a sequence keeps what is still to come as its state
	text, err := os.ReadFile("testdata/counts.py")
	if err != nil {
		t.Fatal(err)
	}
	program := func(instead ...string) string {
		file := filepath.Join(t.TempDir(), "counts.py")
		if err := os.WriteFile(file, []byte(strings.NewReplacer(instead...).Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	grows := func(from int64) int64 {
		t.Helper()
		var last int64
		s.until("it counts on", func() bool {
			_, last = s.counts("counts")
			return last > from+50
		})
		return last
	}
	s.must("cluster", "create", "counts", "--jar", program(), "--arg", "100", "--conf", "execution.checkpointing.interval=1s")
	last := grows(0)

	before := s.workers()
	if len(before) == 0 {
		t.Fatalf("there is no Python worker: %v", s.processes())
	}
	s.killTaskManager()
	grows(last + 100) // behind what was still printed
	for pid := range s.workers() {
		if before[pid] {
			t.Errorf("a Python worker outlived its TaskManager: process %d of %v", pid, s.processes())
		}
	}
	s.must("job", "savepoint", "counts")

	_, last = s.counts("counts")
	s.must("job", "update", "counts", "--arg", "200")
	if first := s.first("counts"); first < last {
		t.Errorf("after the update it goes on at %d; it had come to %d", first, last)
	}
	s.must("job", "stop", "counts")
	if left := s.processes(); len(left) > 0 {
		t.Errorf("after the stop there are %v", left)
	}
	_, stopped := s.counts("counts")
	s.must("job", "start", "counts")
	if first := s.first("counts"); first != stopped+1 {
		t.Errorf("it goes on at %d, and was stopped at %d", first, stopped)
	}
	for why, tt := range map[string]struct{ jar, says string }{
		"an error in it":           {program("env.execute()", "undefined_name()"), "NameError: name 'undefined_name' is not defined"},
		"another operator's state": {program(`uid("count")`, `uid("sum")`), "is not in the new version"},
	} {
		r := s.cli("job", "update", "counts", "--jar", tt.jar)
		if r.code == 0 || !strings.Contains(r.err, tt.says) || !strings.Contains(r.err, "version 2 runs") {
			t.Errorf("%s: exit code %d\n%s", why, r.code, r.err)
		}
	}
	if r := s.cli("cluster", "create", "old", "--flink-version", versions(t)[0], "--jar", program()); r.code != 1 || !strings.Contains(r.err, "installed without Python") {
		t.Errorf("on a release without Python: exit code %d\n%s", r.code, r.err)
	}
	s.must("job", "stop", "counts")
}

// first waits for the first count of the newest incarnation.
func (s *server) first(name string) (first int64) {
	s.t.Helper()
	s.until("it counts", func() bool {
		first, _ = s.counts(name)
		return first > 0
	})
	return first
}

// killTaskManager kills the JVM, and not what it started.
func (s *server) killTaskManager() {
	s.t.Helper()
	for pid, name := range s.processes() {
		program, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
		if err == nil && strings.HasSuffix(name, "/taskmanager-0") && filepath.Base(program) == "java" {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				s.t.Fatal(err)
			}
			return
		}
	}
	s.t.Fatalf("there is no TaskManager: %v", s.processes())
}

// workers are the processes in which Python functions run.
func (s *server) workers() map[int]bool {
	found := map[int]bool{}
	for pid := range s.processes() {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err == nil && strings.Contains(string(line), "pyflink.fn_execution") {
			found[pid] = true
		}
	}
	return found
}
