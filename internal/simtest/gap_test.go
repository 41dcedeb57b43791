package simtest

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
)

// handOverMost is what Drey itself may add to a job's gap, between the moment from which the next incarnation may run and its release.
const handOverMost = 30 * time.Millisecond

func TestAHandOverIsOneCommitAndNoWaiting(t *testing.T) {
	for name, tt := range map[string]struct {
		action  cluster.Action
		latency time.Duration // of each of Flink's answers
		unseen  bool          // the job ends between two questions of one Look
		from    string        // what must have happened before the next one may run
	}{
		"from a savepoint":                            {cluster.ActionUpdate, 0, false, "COMPLETED"},
		"from a savepoint, asked slowly":              {cluster.ActionUpdate, time.Millisecond, false, "COMPLETED"},
		"from a savepoint, ended between two answers": {cluster.ActionUpdate, time.Millisecond, true, "COMPLETED"},
		"from a checkpoint":                           {cluster.ActionLastStateUpdate, 0, false, "dead"},
		"from a checkpoint, asked slowly":             {cluster.ActionLastStateUpdate, time.Millisecond, false, "dead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				behaviour := steady
				behaviour.Latency, behaviour.EndsUnseen = tt.latency, tt.unseen
				r := newRig(t, behaviour)
				s := r.serve(nil)
				defer s.stop()
				s.create()
				s.await(s.update(tt.action))
				checkHandOver(s, tt.from, []string{"Kill taskmanager", "Release"})
				checkRuns(r, tt.action == cluster.ActionUpdate)
			})
		})
	}
}

// checkHandOver holds what a server did between a moment and the release against what it is to do.
func checkHandOver(s *server, from string, then []string) {
	s.Helper()
	notes := s.seam.seen()
	at := func(what string) int { return slices.IndexFunc(notes, func(n note) bool { return n.What == what }) }
	begin, end := at(from), at("Release")
	if begin < 0 || end < begin {
		s.Fatalf("no %s before Release in %v", from, notes)
	}
	if took := notes[end].At.Sub(notes[begin].At); took > handOverMost {
		s.Errorf("%v from %s to Release, want at most %v", took, from, handOverMost)
	}
	if commits := notes[end].Turn - notes[begin].Turn; commits != 1 {
		s.Errorf("%d commits from %s to Release, want 1", commits, from)
	}
	var done []string
	for _, n := range notes[begin+1 : end+1] {
		done = append(done, n.What)
		if old := n.Incarnation == notes[at("Prepare")].Incarnation; old != (n.What == "Release") {
			s.Errorf("%s was done to %s", n.What, n.Incarnation)
		}
	}
	done = slices.Compact(done) // the watcher, too, ends TaskManagers whose JobManager it sees gone
	if !slices.Equal(done, then) {
		s.Errorf("from %s on: %v, want %v", from, done, then)
	}
}

// checkRuns: exactly one job counts at the end, no two ever did at once, and each went on where a snapshot of the one before it ends:
// where that stopped, or, if it was killed, some time before.
func checkRuns(r *rig, stopped bool) {
	r.Helper()
	runs := r.ledger.all()
	for i, run := range runs[1:] {
		before := runs[i]
		if before.Over.IsZero() || before.Over.After(run.Began) {
			r.Errorf("run %d began at %v, and run %d was over at %v", i+1, run.Began, i, before.Over)
		}
		if run.From == 0 || run.From > before.To || stopped && run.From < before.To {
			r.Errorf("run %d went on from %d, and run %d had come to %d", i+1, run.From, i, before.To)
		}
	}
	if last := runs[len(runs)-1]; len(runs) < 2 || !last.Over.IsZero() {
		r.Errorf("the last of %d runs was over at %v", len(runs), last.Over)
	}
}
