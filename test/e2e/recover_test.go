package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"drey/test/flink/witness"
)

// newestComplete is the highest id of a complete checkpoint that lies in the storage for a Flink job, as the test itself lists it.
func (w *witnessed) newestComplete(flinkJob string) int64 {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.dir, "storage", "*", "*", "*", "checkpoints", flinkJob, "chk-*", "_metadata"))
	if err != nil {
		w.t.Fatal(err)
	}
	newest := int64(0)
	for _, file := range found {
		n, err := strconv.ParseInt(strings.TrimPrefix(filepath.Base(filepath.Dir(file)), "chk-"), 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		newest = max(newest, n)
	}
	return newest
}

// dies kills a process of the job, or its keeper, and waits until records come again.
func (w *witnessed) dies(role string, keeper bool) {
	w.t.Helper()
	w.comesBackFrom(fmt.Sprintf("the death of %s (keeper: %v)", role, keeper), role, func(marker string) { w.signal(marker, keeper) }, func() {})
}

// comesBackFrom lets a process of the job end, and what then has to happen; and waits until records come again. A JobManager's end makes a
// new incarnation, which must begin right after the newest checkpoint that was complete when it ended; a TaskManager's end makes none.
func (w *witnessed) comesBackFrom(what, role string, end func(marker string), then func()) {
	w.t.Helper()
	w.grows(600)
	living := w.starts()[0]
	w.until("a checkpoint is complete", func() bool { return w.newestComplete(living.Properties.FlinkJobID) > 0 })
	end(living.Name + "/" + role)
	last := w.last()
	newest := w.newestComplete(living.Properties.FlinkJobID)
	held, err := witness.Snapshot(w.ledger, living.Name, newest)
	if err != nil || held == 0 {
		w.t.Fatalf("the ledger does not tell what checkpoint %d holds: %v", newest, err)
	}
	w.repeats(living.Name, held+1)
	then()
	if strings.HasPrefix(role, "jobmanager") {
		w.until("a new incarnation runs", func() bool { return w.starts()[0].Name != living.Name && w.settled() })
		w.repeats(w.starts()[0].Name, held+1)
	}
	w.until("records come again", func() bool { return w.last() > last && w.settled() })
	lives, err := witness.Begins(w.ledger)
	if err != nil {
		w.t.Fatal(err)
	}
	if first := lives[len(lives)-1].Number; first != held+1 {
		w.t.Errorf("it goes on at %d, want %d, the first after checkpoint %d", first, held+1, newest)
	}
	w.oneCopy("after "+what, 1)
	w.clean("after "+what, false)
}

// repeats allows an incarnation to repeat from a number on; where it comes back more than once, the lowest counts.
func (w *witnessed) repeats(incarnation string, from int64) {
	if old, ok := w.again[incarnation]; !ok || from < old {
		w.again[incarnation] = from
	}
}

// Whatever process of a running job dies, the job comes back by itself, from the newest complete checkpoint.
func TestARunningJobComesBackByItself(t *testing.T) {
	s := newServer(t)
	s.configure(tireless)
	w, r := s.witness("dies", true)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	for _, keeper := range []bool{false, true} {
		w.dies("jobmanager-0", keeper)
		w.dies("taskmanager-0", keeper)
	}
	for i, one := range w.starts() {
		if p := one.Properties; p.Gap == nil || p.Gap.Seconds <= 0 || i > 0 && p.Cause == "" {
			t.Errorf("start %d does not tell its gap, or why it ended: %+v", i, p)
		}
	}
	s.must("job", "stop", "dies")
	w.clean("stopped", true)
}

// After all processes are gone at once, the server too, as when the machine was restarted, the next server brings the job back.
func TestAJobComesBackAfterTheMachineWasRestarted(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("restarted", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(600)
	living := w.starts()[0]
	w.until("a checkpoint is complete", func() bool { return w.newestComplete(living.Properties.FlinkJobID) > 0 })
	s.kill()
	for pid := range s.processes() {
		p, err := os.FindProcess(parent(t, pid))
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill() // the keeper: its process goes with it
	}
	s.oneCopy("all is gone", 0)
	held, err := witness.Snapshot(w.ledger, living.Name, w.newestComplete(living.Properties.FlinkJobID))
	if err != nil || held == 0 {
		t.Fatalf("the ledger does not tell what the newest checkpoint holds: %v", err)
	}
	s.start()
	w.until("the job runs again", func() bool { return w.starts()[0].Name != living.Name && w.settled() })
	w.again[w.starts()[0].Name] = held + 1
	w.grows(50)
	w.clean("after the restart of the machine", false)
}

// A job that ends again and again is given up, with the cause, and comes back when it was repaired.
func TestACrashLoopIsGivenUpWithItsCause(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("loops", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(300)
	file := s.shared("trouble")
	s.be(file, "")
	s.must(w.update(trouble{what: "@" + file, args: []string{"--conf", "restart-strategy.type=none"}})...)
	s.be(file, "late-loop")
	w.signal(w.oneIncarnation()+"/jobmanager-0", false) // what comes back is in trouble
	w.until("it is given up", func() bool { return read[jobEntry](s, "job", "show", "loops").Properties.Status == "FAILED" })
	out := read[jobEntry](s, "job", "show", "loops").Properties.JobOutput
	if !strings.Contains(out, "CrashLoop") || !strings.Contains(out, "failed on request after 1000 numbers") {
		t.Errorf("the job says %q", out)
	}
	s.oneCopy("given up", 0)
	s.must("job", "update", "loops", "--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500", "--conf", "execution.checkpointing.interval=1s")
	w.mayRepeat(10)
	w.grows(100)
	w.clean("repaired", false)
}

// A close() that never returns holds up neither a stop nor an update: its savepoint is complete.
func TestAHangingCloseHoldsNothingUp(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("hangs", false, "--arg", "--trouble", "--arg", "close")
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(300)
	s.must("job", "update", "hangs", "--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500", "--arg", "--trouble", "--arg", "close")
	s.oneCopy("after the update", 1)
	w.grows(300)
	w.clean("after the update", false)
	s.must("job", "stop", "hangs")
	if out := read[jobEntry](s, "job", "show", "hangs").Properties.JobOutput; !strings.Contains(out, "UncommittedSideEffects") {
		t.Errorf("the job says %q", out)
	}
	w.clean("after the stop", true)
	s.oneCopy("after the stop", 0)
}
