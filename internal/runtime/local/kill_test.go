package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

func TestNobodyWithoutOurWholeMarkerIsTouched(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	id := runtime.IncarnationID(randomHex(16))
	marker := r.folder(id).marker(jobManager)
	bystanders := map[string]*exec.Cmd{}
	for why, env := range map[string][]string{
		"another data directory's": {markerProcess + "=" + marker, markerData + "=" + randomHex(16)},
		"no data directory's":      {markerProcess + "=" + marker},
		"no incarnation's":         {markerData + "=" + r.id},
		"a marker inside another":  {"X=" + markerProcess + "=" + marker, markerData + "=" + r.id},
		"a malformed marker":       {markerProcess + "=" + string(id), markerData + "=" + r.id},
	} {
		bystanders[why] = startBystander(t, env)
	}
	if err := r.Kill(limited(t), id); err != nil {
		t.Error(err)
	}
	if killed, err := r.KillAll(limited(t)); len(killed) != 0 || err != nil {
		t.Errorf("killed %v, %v", killed, err)
	}
	for why, b := range bystanders {
		if state, _ := stat(t, b.Process.Pid); state == "Z" || state == "" {
			t.Errorf("the one with %s was killed", why)
		}
	}
}

func TestKillAllEndsEverythingJobManagersFirstAndLeavesNoTombstone(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	script := runtimetest.Script{runtimetest.Spawn, runtimetest.Wait}
	var ids []runtime.IncarnationID
	for range 2 {
		inc := newIncarnation(t, r, script, script)
		mustPrepare(t, r, inc)
		ids = append(ids, inc.ID)
	}
	for _, id := range ids {
		for _, p := range []runtime.ProcessID{jobManager, taskManager} {
			eventually(t, "its descendant lives", func() bool { return strings.Contains(outputOf(t, r, id, p), "a descendant lives") })
		}
	}
	killed, err := r.KillAll(limited(t))
	if err != nil || len(killed) != 8 {
		t.Fatalf("killed %v, %v; want 8", killed, err)
	}
	for i, k := range killed {
		if first := i < 4; first != (k.Process == jobManager) {
			t.Errorf("number %d was %+v", i, k)
		}
	}
	for _, id := range ids {
		s, err := r.Observe(limited(t), id)
		if err != nil || s.Tombstone || s.Dead || s.Process(jobManager).State != runtime.Exited || s.Process(jobManager).Exit.Signal != 9 {
			t.Errorf("it is seen as %+v, %v", s, err)
		}
	}
}

func TestAKeeperThatHasNotStartedItsProcessIsFoundByAKill(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config.KeeperPath = filepath.Join(t.TempDir(), stuckKeeper)
	if err := os.Symlink(self, config.KeeperPath); err != nil {
		t.Fatal(err)
	}
	r := open(t, config)
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, nil)
	role := r.folder(inc.ID).role(jobManager)
	prepared := make(chan error)
	go func() { prepared <- r.Prepare(limited(t), inc) }()
	eventually(t, "the keeper is there", func() bool { return keepers(t, role) == 1 })
	if err := r.Kill(limited(t), inc.ID); err != nil {
		t.Error(err)
	}
	if err := <-prepared; !errors.Is(err, runtime.ErrDead) {
		t.Errorf("prepare answered %v, want ErrDead", err)
	}
	if n := keepers(t, role); n != 0 || mustHeld(t, r, role) {
		t.Errorf("%d keepers live, the lock is held: %v", n, mustHeld(t, r, role))
	}
}

func TestAPrepareAndAKillAtOnceLeaveNothingAlive(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	for range 20 {
		inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, runtimetest.Script{runtimetest.Wait})
		var both sync.WaitGroup
		both.Go(func() {
			if err := r.Prepare(limited(t), inc); err != nil && !errors.Is(err, runtime.ErrDead) {
				t.Errorf("prepare answered %v", err)
			}
		})
		both.Go(func() {
			eventually(t, "something of it is there", func() bool { there, _ := exists(r.folder(inc.ID).dir); return there })
			if err := r.Kill(limited(t), inc.ID); err != nil {
				t.Errorf("kill answered %v", err)
			}
		})
		both.Wait()
		if s, err := r.Observe(limited(t), inc.ID); err != nil || !s.Dead {
			t.Fatalf("it is seen as %+v, %v", s, err)
		}
	}
}

func TestAKillWhoseContextHasEndedSendsItsSignals(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, nil)
	mustPrepare(t, r, inc)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Kill(ctx, inc.ID); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	eventually(t, "it is dead", func() bool { s, err := r.Observe(limited(t), inc.ID); return err == nil && s.Dead })
}

func TestKeepersGoAfterAKillAndAreReaped(t *testing.T) {
	r := open(t, newConfig(t)) // not parallel: it counts zombies of this process
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, runtimetest.Script{runtimetest.Exit(0)})
	mustPrepare(t, r, inc)
	eventually(t, "one has exited", func() bool { return stateOf(t, r, inc.ID, taskManager) == runtime.Exited })
	if err := r.Kill(limited(t), inc.ID); err != nil {
		t.Fatal(err)
	}
	f := r.folder(inc.ID)
	eventually(t, "no keeper is left", func() bool { return keepers(t, f.role(jobManager))+keepers(t, f.role(taskManager)) == 0 })
	eventually(t, "no zombie is left", func() bool { return zombies(t) == 0 })
}
