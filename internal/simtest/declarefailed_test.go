package simtest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
)

func TestTagsMayChangeWhileTheClusterIsMade(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		_, op, err := byPut(cluster.ByPut)(s, func(spec *cluster.Spec) { spec.Properties.Profile.Flink.TaskManager.MemoryMB = 3000 })
		if err != nil {
			s.Fatal(err)
		}
		view, tags, err := byPatch(s, func(spec *cluster.Spec) { spec.Tags = map[string]string{"a": "b"} })
		if err != nil || tags.Running() {
			s.Fatalf("%v: %+v", err, tags)
		}
		if view.ProvisioningState != "Accepted" {
			s.Errorf("provisioningState is %s while the PUT before is at work", view.ProvisioningState)
		}
		s.await(op.ID)
		if got := s.see(); got.ProvisioningState != "Succeeded" || got.Spec.Tags["a"] != "b" {
			s.Errorf("afterwards: %s %v", got.ProvisioningState, got.Spec.Tags)
		}
	})
}

func TestAFailedChangeRestoresWhatWasDeclared(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		before := s.see()
		trouble := func(spec *cluster.Spec) { confOf(spec, map[string]string{fake.Key: "trouble=restore"}) }
		_, op, err := byPatch(s, trouble)
		if err != nil {
			s.Fatal(err)
		}
		_, _, err = byPatch(s, func(spec *cluster.Spec) { spec.Tags = map[string]string{"a": "b"} })
		if err != nil {
			s.Fatal(err)
		}
		done := s.finish(op.ID)
		if done.Error == nil || done.Error.Code != "RolledBack" {
			s.Fatalf("it ended with %+v:\n%s", done.Error, lines(done))
		}
		after := s.see()
		if d := cmp.Diff(before.Spec.Properties, after.Spec.Properties); d != "" {
			s.Errorf("the properties differ (-before +after):\n%s", d)
		}
		if after.ETag == before.ETag || after.Spec.Tags["a"] != "b" || after.Phase != cluster.Running || after.Job.RunningVersion != 1 {
			s.Errorf("afterwards: ETag %s, tags %v, %s, version %d", after.ETag, after.Spec.Tags, after.Phase, after.Job.RunningVersion)
		}
	})
}

func TestAFailedCreateIsHealedByAPut(t *testing.T) {
	t.Parallel()
	for why, cure := range map[string]func(*cluster.Spec){
		"the same, once the cause is gone": func(*cluster.Spec) {},
		"what repairs it":                  func(spec *cluster.Spec) { confOf(spec, map[string]string{"a": "b"}) },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, steady)
				s := r.serve(nil)
				defer s.stop()
				spec := counter()
				if why == "what repairs it" {
					confOf(&spec, map[string]string{fake.Key: "trouble=main"})
				} else {
					spec.Properties.Profile.Flink.Job.JarName = "late.jar"
				}
				_, op, err := s.PutCluster(s.Context(), s.caller(), ref, cluster.ByPut, spec, lifecycle.Conditions{})
				if err != nil {
					s.Fatal(err)
				}
				if done := s.finish(op.ID); done.Error == nil || s.see().ProvisioningState != "Failed" {
					s.Fatalf("the create ended with %+v, %s", done.Error, s.see().ProvisioningState)
				}
				if _, _, err := byPatch(s, func(spec *cluster.Spec) { spec.Tags = map[string]string{"a": "b"} }); err != nil {
					s.Fatal(err)
				}
				r.putJar("late.jar")
				_, op, err = byPut(cluster.ByPut)(s, cure)
				if err != nil {
					s.Fatal(err)
				}
				s.await(op.ID)
				if v := s.see(); v.Phase != cluster.Running || v.ProvisioningState != "Succeeded" {
					s.Errorf("afterwards: %s, %s", v.Phase, v.ProvisioningState)
				}
			})
		})
	}
}

func TestAnUnchangedPutOfAJobThatFailedLaterStartsNothing(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		_, op, err := byPatch(s, func(spec *cluster.Spec) {
			confOf(spec, map[string]string{fake.Key: "trouble=fail,run=1s", "drey.recovery": "false"})
		})
		if err != nil {
			s.Fatal(err)
		}
		s.finish(op.ID)
		for s.see().Phase != cluster.Failed {
			time.Sleep(delay)
		}
		runs := len(s.ledger.all())
		_, op, err = byPut(cluster.ByPut)(s, func(*cluster.Spec) {})
		if err != nil || op.Running() {
			s.Errorf("%v: %+v", err, op)
		}
		if v := s.see(); v.Phase != cluster.Failed || v.ProvisioningState != "Succeeded" || len(s.ledger.all()) != runs {
			s.Errorf("afterwards: %s, %s, %d runs, were %d", v.Phase, v.ProvisioningState, len(s.ledger.all()), runs)
		}
	})
}

func TestWhatWasDeclaredIsRestoredWhereverTheServerIsKilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, steady)
		s := r.serve(nil)
		s.create()
		before := s.see().Spec
		s.stop()
		n := 0
		for f := (fate{Commit: 1}); r.changeKilled(&f, before); f = f.next() {
			n++
		}
		if n < 10 {
			r.Errorf("it was killed at %d moments, want at least 10", n)
		}
	})
}

// changeKilled asks for a change that cannot be, of a server that is killed at a moment, and lets another one go on; false if the moment
// did not come.
func (r *rig) changeKilled(moment *fate, before cluster.Spec) bool {
	r.Helper()
	s := r.serve(moment)
	spec, caller := s.see().Spec, r.caller()
	confOf(&spec, map[string]string{fake.Key: "trouble=restore"})
	s.seam.watch(caller.RequestID)
	if _, _, err := s.PutCluster(s.Context(), caller, ref, cluster.ByPut, spec, lifecycle.Conditions{}); err != nil {
		r.Fatal(err)
	}
	killed := s.outlives(caller.RequestID)
	if killed {
		s = r.serve(nil)
	}
	defer s.stop()
	if op := s.finish(caller.RequestID); op.Error == nil || op.Error.Code != "RolledBack" {
		r.Fatalf("killed at %+v: it ended with %+v\n%s", *moment, op.Error, lines(op))
	}
	if d := cmp.Diff(before, s.see().Spec); d != "" {
		r.Errorf("killed at %+v: (-before +after)\n%s", *moment, d)
	}
	return killed
}

// outlives waits until an operation has ended, or the server before it: then it is true.
func (s *server) outlives(id string) bool {
	for {
		select {
		case <-s.ended:
			return true
		case <-time.After(delay):
		}
		if op, err := s.Operation(s.Context(), id); err == nil && !op.Running() {
			return false
		}
	}
}
