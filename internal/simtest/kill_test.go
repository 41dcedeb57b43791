package simtest

import (
	"testing"
	"testing/synctest"

	"drey/internal/cluster"
)

func TestAnUpdateGoesOnWhereverTheServerIsKilled(t *testing.T) {
	for name, tt := range map[string]struct {
		action cluster.Action
		first  fate
		least  int // moments to be killed at
	}{
		"from a savepoint, after each commit":  {cluster.ActionUpdate, fate{Commit: 1}, 10},
		"from a savepoint, after each effect":  {cluster.ActionUpdate, fate{Effect: 1}, 5},
		"from a checkpoint, after each effect": {cluster.ActionLastStateUpdate, fate{Effect: 1}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, steady)
				s := r.serve(nil)
				s.create()
				s.stop()
				n := 0
				for f := tt.first; r.updateKilled(tt.action, &f); f = f.next() {
					n++
				}
				if n < tt.least {
					t.Errorf("it was killed at %d moments, want at least %d", n, tt.least)
				}
				checkRuns(r, tt.action == cluster.ActionUpdate)
			})
		})
	}
}

// updateKilled does an update whose server is killed at a moment, and lets another server go on; false if the moment did not come.
func (r *rig) updateKilled(action cluster.Action, moment *fate) bool {
	s := r.serve(moment)
	id := s.update(action)
	if s.await(id) {
		s.stop()
		return false
	}
	s = r.serve(nil)
	defer s.stop()
	s.await(id)
	versions, err := s.Versions(r.Context(), ref)
	if err != nil {
		r.Fatal(err)
	}
	jobs, err := s.Jobs(r.Context(), ref)
	if err != nil {
		r.Fatal(err)
	}
	if got, want := jobs[0].RunningVersion, versions[0].Number; got != want {
		r.Errorf("killed at %+v: version %d runs, want %d", *moment, got, want)
	}
	return true
}
