package simtest

import (
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
)

// A start names no state: it takes the newest savepoint, and nothing that would silently give up what came after it.
func TestAStartDoesNotGoBackBehindWhatTheJobCompleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRig(t, steady).serve(nil)
		defer s.stop()
		spec := counter()
		spec.Properties.Profile.Flink.Configuration[cluster.KeyRecovery] = "false"
		s.declare(spec)
		s.act(cluster.ActionSavepoint)
		time.Sleep(20 * delay) // checkpoints come after it
		s.loseJobManager()
		if op := s.ask(cluster.ActionStart); op.Error == nil || op.Error.Code != "SavepointBehindState" {
			s.Fatalf("the start ended %+v, want SavepointBehindState", op)
		}
		s.act(cluster.ActionRelaunch)
		runs := s.ledger.all()
		if last, before := runs[len(runs)-1], runs[len(runs)-2]; last.From+20*delay.Milliseconds() < before.To {
			s.Errorf("the job had come to %d and goes on from %d", before.To, last.From)
		}
	})
}

// The incarnation of a warm update is made before the savepoint that it starts from: what it completed is newer all the same.
func TestAStartDoesNotGoBackToTheSavepointOfAnUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRig(t, steady).serve(nil)
		defer s.stop()
		spec := counter()
		spec.Properties.Profile.Flink.Configuration[cluster.KeyRecovery] = "false"
		s.declare(spec)
		s.act(cluster.ActionUpdate)
		time.Sleep(20 * delay) // checkpoints come after it
		s.loseJobManager()
		if op := s.ask(cluster.ActionStart); op.Error == nil || op.Error.Code != "SavepointBehindState" {
			s.Fatalf("the start ended %+v, want SavepointBehindState", op)
		}
	})
}

// An update that fails, and whose way back fails too, leaves a savepoint that nothing has verified yet. It is all there is of the job.
func TestAStartGoesOnFromTheSavepointOfAnUpdateThatFailedBothWays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRig(t, steady).serve(nil)
		defer s.stop()
		spec := counter()
		spec.Properties.Profile.Flink.Configuration[fake.Key] = "trouble=restore" // shows only once it has something to restore
		s.declare(spec)
		spec.Properties.Profile.Flink.Configuration = map[string]string{fake.Key: "trouble=exit"}
		if op := s.declare(spec); op.Status != "Failed" {
			s.Fatalf("the update ended %+v, want Failed", op)
		}
		s.ask(cluster.ActionStart)
		all, err := s.Incarnations(s.Context(), ref)
		if err != nil {
			s.Fatal(err)
		}
		if s.see().Phase != cluster.Failed || all[0].Restore == "" {
			s.Errorf("the start was from %q, want the savepoint of the update", all[0].Restore)
		}
	})
}

// declare declares the cluster, and waits for the end of the operation.
func (s *server) declare(spec cluster.Spec) lifecycle.Operation {
	s.Helper()
	_, op, err := s.PutCluster(s.Context(), s.caller(), ref, cluster.ByOurPut, spec, lifecycle.Conditions{})
	if err != nil {
		s.Fatal(err)
	}
	return s.finish(op.ID)
}

// ask asks for an action, and waits for the end of its operation.
func (s *server) ask(action cluster.Action) lifecycle.Operation {
	s.Helper()
	op, err := s.RunJob(s.Context(), s.caller(), ref, cluster.RunJob{Action: action})
	if err != nil {
		s.Fatal(err)
	}
	return s.finish(op.ID)
}

// loseJobManager ends the newest incarnation's JobManager by itself, and waits until the cluster is Failed.
func (s *server) loseJobManager() {
	s.Helper()
	all, err := s.Incarnations(s.Context(), ref)
	if err != nil {
		s.Fatal(err)
	}
	err = s.runtime.Exit(runtime.IncarnationID(all[0].ID), runtime.ProcessID{Role: runtime.JobManager}, runtime.Exit{Code: 1})
	if err != nil {
		s.Fatal(err)
	}
	for s.see().Phase != cluster.Failed {
		time.Sleep(delay)
	}
}

// The JobManager of a job that stopped with a savepoint that is no good stands for a person to see, until that person starts it. That is no word
// to go on without what the savepoint should hold.
func TestAStartAfterAStopWhoseSavepointIsNoGoodAsks(t *testing.T) {
	for trouble, want := range map[string]string{"empty": "SavepointNotFound", "lie": "RestoreNeedsChoice"} {
		t.Run(trouble, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newRig(t, steady).serve(nil)
				defer s.stop()
				spec := counter()
				spec.Properties.Profile.Flink.Configuration[fake.Key] = "trouble=" + trouble
				s.declare(spec)
				if op := s.ask(cluster.ActionStop); op.Error == nil || op.Error.Code != "SavepointUnverified" {
					s.Fatalf("the stop ended %+v, want SavepointUnverified", op)
				}
				if op := s.ask(cluster.ActionStart); op.Error == nil || op.Error.Code != want {
					s.Errorf("the start ended %+v, want %s", op, want)
				}
				all, err := s.Incarnations(s.Context(), ref)
				if err != nil {
					s.Fatal(err)
				}
				if left := all[len(all)-1]; left.Phase != cluster.Dead {
					s.Errorf("after the start, the incarnation that was stopped is %s, want Dead", left.Phase)
				}
				if trouble != "lie" {
					return // it is there, and would be tried again
				}
				if op := s.ask(cluster.ActionRelaunch); op.Error != nil {
					s.Errorf("the relaunch, which says that nothing newer is wanted, ended %+v", op)
				}
			})
		})
	}
}
