package e2e

import (
	"testing"
	"time"

	"drey/test/flink/witness"
)

// away is how long the server is gone; its reference is as long.
const away = time.Minute

// The server gone for a minute under load: the same processes, no restart counted by Flink, no pause that the minute before did not
// have as well; afterwards the job is adopted.
func TestAJobDoesNotNoticeThatTheServerIsGone(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("static", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(1500) // past the JVM's own warm-up
	before := s.processes()
	begin := time.Now()
	w.runsFor(away)
	died := time.Now()
	s.kill()
	w.runsFor(away)
	returned := time.Now()
	s.start()
	s.must("cluster", "wait", "static", "--for", "job=RUNNING")
	after := s.processes()
	if len(before) != len(after) {
		t.Errorf("the processes were %v and are %v", before, after)
	}
	for pid, name := range before {
		if after[pid] != name {
			t.Errorf("process %d was %s and is %q", pid, name, after[pid])
		}
	}
	reference, n1, err := witness.LongestPause(w.ledger, begin, died)
	if err != nil {
		t.Fatal(err)
	}
	pause, n2, err := witness.LongestPause(w.ledger, died, returned)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("longest pause with the server: %v (%d records), without it: %v (%d records)", reference, n1, pause, n2)
	if n2 < n1/2 {
		t.Errorf("%d records while the server was gone, %d before", n2, n1)
	}
	report := w.clean("after the outage", false)
	if report.Incarnations != 1 {
		t.Errorf("%d incarnations instead of one", report.Incarnations)
	}
	if lives := w.lives(); lives != 1 {
		t.Errorf("Flink restarted the job %d times", lives-1)
	}
	s.must("job", "stop", "static")
	w.clean("after the stop", true)
}

// runsFor waits until the ledger is d further in time.
func (w *witnessed) runsFor(d time.Duration) {
	w.t.Helper()
	end := time.Now().Add(d)
	w.until("the ledger reaches the moment", func() bool {
		_, at, err := witness.Last(w.ledger)
		if err != nil {
			w.t.Fatal(err)
		}
		return at.After(end)
	})
}

func (w *witnessed) lives() int {
	n, err := witness.Lives(w.ledger)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
