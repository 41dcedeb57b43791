package e2e

import (
	"fmt"
	"testing"

	"drey/test/flink/witness"
)

type savepoint struct {
	Name       string
	Properties struct {
		URI, Origin, Incarnation string
		CheckpointID             int64
		Complete                 bool
	}
}

type jobEntry struct {
	Properties struct{ Status, JobID, Action, ActionResult, JobOutput, LastSavePoint, RunID string }
}

// One life with more than ten changes: the ledger goes on at last + 1 each time, and the sink is exactly 1..n.
func TestALifeOfStopsStartsAndSavepointsLosesAndRepeatsNothing(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("orders", true)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	run := read[jobEntry](s, "job", "show", "orders").Properties.RunID
	changes := 1
	change := func(args ...string) {
		t.Helper()
		s.must(args...)
		changes++
		w.clean(fmt.Sprintf("after %v", args), args[1] == "stop")
	}
	for range 3 {
		w.grows(300)
		change("job", "savepoint", "orders")
		w.grows(100)
		change("job", "stop", "orders")
		change("job", "start", "orders")
	}
	w.grows(300)
	change("job", "stop", "orders")
	newest := read[[]savepoint](s, "savepoint", "list", "orders")[0]
	if newest.Properties.Origin != "stop" || !newest.Properties.Complete {
		t.Fatalf("the newest savepoint is %+v", newest)
	}
	change("job", "start", "orders", "--savepoint", newest.Name)
	w.grows(300)
	change("job", "stop", "orders")
	change("job", "start", "orders", "--savepoint", read[[]savepoint](s, "savepoint", "list", "orders")[0].Properties.URI)
	w.grows(300)
	change("job", "stop", "orders")
	report := w.clean("at the end", true)
	if changes < 10 || report.Incarnations < 5 {
		t.Errorf("%d changes and %d incarnations are too few to prove anything", changes, report.Incarnations)
	}
	if now := read[jobEntry](s, "job", "show", "orders").Properties.RunID; now != run {
		t.Errorf("the runId was %s and is %s (R23)", run, now)
	}
	t.Logf("%d changes, %d incarnations, %d records, %d committed", changes, report.Incarnations, report.Records, report.Committed)
}

// A chosen older savepoint means that place and no other.
func TestAStartFromAnOlderSavepointGoesOnThere(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("older", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(200)
	s.must("job", "savepoint", "older")
	old := read[[]savepoint](s, "savepoint", "list", "older")[0]
	w.grows(300)
	s.must("job", "stop", "older")
	held, err := witness.Snapshot(w.ledger, old.Properties.Incarnation, old.Properties.CheckpointID)
	if err != nil || held == 0 {
		t.Fatalf("the ledger does not tell what savepoint %d holds: %v", old.Properties.CheckpointID, err)
	}
	s.must("job", "start", "older", "--savepoint", old.Name)
	w.grows(1)
	w.until("the new incarnation writes", func() bool {
		for _, name := range s.processes() {
			w.fresh[name[:32]] = held + 1
		}
		return len(w.fresh) > 0
	})
	s.must("job", "stop", "older")
	w.clean("after the start from the older savepoint", true)

	// An unknown one changes nothing but says so.
	bad := s.cli("job", "start", "older", "--savepoint", "savepoint-000000-000000000000")
	if bad.code != 6 {
		t.Errorf("a start from nowhere: exit code %d, want 6\n%s", bad.code, bad.err)
	}
	s.must("cluster", "delete", "older", "--yes")
	if left := s.processes(); len(left) > 0 {
		t.Errorf("after the delete there are still %v", left)
	}
}
