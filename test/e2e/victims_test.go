package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"drey/internal/engine"
)

// oneIncarnation is the one that has processes.
func (s *server) oneIncarnation() string {
	s.t.Helper()
	found := ""
	for _, name := range s.processes() {
		id, _, _ := strings.Cut(name, "/")
		if found != "" && found != id {
			s.t.Fatalf("two incarnations have processes: %v", s.processes())
		}
		found = id
	}
	return found
}

// signal kills a process by its marker, or its keeper, and waits until the process is gone.
func (s *server) signal(marker string, keeper bool) {
	s.t.Helper()
	for pid, name := range s.processes() {
		if name != marker {
			continue
		}
		victim := pid
		if keeper {
			victim = parent(s.t, pid)
		}
		if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
			s.t.Fatal(err)
		}
		s.until(marker+" is gone", func() bool { return s.processes()[pid] != marker })
		return
	}
	s.t.Fatalf("there is no process %s: %v", marker, s.processes())
}

// stat is a field of a process's stat file after its name: 0 is the state, 1 the parent.
func stat(pid, field int) (string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	return strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))[field], nil
}

func parent(t testing.TB, pid int) int {
	t.Helper()
	text, err := stat(pid, 1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 1 {
		t.Fatalf("process %d has the parent %q: %v", pid, text, err)
	}
	return n
}

// tireless is a configuration whose recovery never gives up and never waits.
const tireless = "gate:\n  minimumSeconds: 0\n  maximumSeconds: 8\nrecovery:\n  budget: 1000\n  backoffSeconds: 0\n  backoffMostSeconds: 0\n"

// victim is one process of an update.
type victim struct {
	held   bool // of the incarnation that is prepared; else of the one that runs the job
	role   string
	keeper bool
}

func (v victim) String() string {
	whose, what := "living ", strings.TrimSuffix(v.role, "-0")
	if v.held {
		whose = "held "
	}
	if v.keeper {
		what = "keeper of " + what
	}
	return whose + what
}

var victims = []victim{{true, "jobmanager-0", false}, {true, "taskmanager-0", false}, {true, "jobmanager-0", true},
	{false, "jobmanager-0", false}, {false, "taskmanager-0", false}, {false, "taskmanager-0", true}}

// Each process of an update is killed while the server stands still at a step: at every other one each time, and at each of them with
// DREY_TEST_SWEEP=all. Whatever dies, the operation ends true, the job comes back by itself, there are never two copies, and the witness is clean.
func TestEachProcessOfAnUpdateKilledAtAStep(t *testing.T) {
	points := []engine.Point{{Kind: "job.update", Step: "preflight", Moment: engine.Before}, {Kind: "job.update", Step: "stop", Moment: engine.Sent},
		{Kind: "job.update", Step: "hand-over", Moment: engine.After}, {Kind: "job.update", Step: "gate", Moment: engine.Before}}
	s := prepareServer(t, env(t, "DREY_TEST_FAILPOINTS"))
	s.write(tireless)
	s.start()
	w, r := s.witness("victims", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	n, everyOther := 0, os.Getenv("DREY_TEST_SWEEP") != "all"
	for i, p := range points {
		for j, v := range victims {
			if p.Step == "gate" && !v.held || everyOther && (i+j)%2 == 1 {
				continue // in the gate the old one is buried
			}
			n++
			w.victimAt(p, v, n)
		}
	}
	report := w.clean("after all kills", false)
	t.Logf("%d kills; %d incarnations, %d records", n, report.Incarnations, report.Records)
}

func (w *witnessed) victimAt(p engine.Point, v victim, n int) {
	w.t.Helper()
	w.grows(600)
	w.kill()
	w.start("DREY_FAILPOINT="+p.String(), "DREY_FAILPOINT_SIGNAL=STOP")
	living, pid := w.oneIncarnation(), w.cmd.Process.Pid
	before := len(w.starts())
	w.cli("job", "update", w.name, "--no-wait", "--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500", "--arg", "--version", "--arg", fmt.Sprint(n))
	w.until("the server stands still at "+p.String(), func() bool { state, err := stat(pid, 0); return err == nil && state == "T" })
	w.signal(w.marker(v, living), v.keeper)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		w.t.Fatal(err)
	}
	op := w.outcome(w.name, "job.update")
	why := fmt.Sprintf("%s killed at %s (update %s)", v, p, op.Properties.Status)
	if p.Step == "gate" || !v.held && p.Step != "hand-over" { // nobody's operation: the watcher's
		w.until(why+": the death is noticed", func() bool {
			newest := read[[]operation](w.server, "operation", "list", "--cluster", w.name)[0].Properties.Kind
			return newest == "job.recover" || newest == "job.replace"
		})
	}
	w.until(why+": the job runs on one incarnation, and nothing is going on", w.settled)
	w.mayRepeat(len(w.starts()) - before)
	w.grows(50)
	w.oneCopy(why, 1)
	w.clean(why, false)
	w.t.Logf("%s", why)
}

// marker is that of a victim's process.
func (w *witnessed) marker(v victim, living string) string {
	w.t.Helper()
	for _, name := range w.processes() {
		if id, role, _ := strings.Cut(name, "/"); role == v.role && (id != living) == v.held {
			return name
		}
	}
	w.t.Fatalf("there is no %s to kill: %v", v, w.processes())
	return ""
}

// settled reports whether the job runs and no operation is at work.
func (w *witnessed) settled() bool {
	for _, op := range read[[]operation](w.server, "operation", "list", "--cluster", w.name) {
		if op.Properties.EndTime == "" {
			return false
		}
	}
	return read[jobEntry](w.server, "job", "show", w.name).Properties.Status == "RUNNING"
}

// exe is the program that a process runs; "" if it cannot be seen.
func exe(pid int) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	return path
}
