package local

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drey/internal/keeper"
	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

// ended brings up a released incarnation whose TaskManager has ended, and waits until its end is written down.
func ended(t *testing.T, r *Runtime, tm runtimetest.Script) runtime.Incarnation {
	t.Helper()
	inc := newIncarnation(t, r, nil, tm)
	inc.Processes[0] = program(jobManager, runtimetest.Script{runtimetest.Gate(r.folder(inc.ID).path(gateFolder)), runtimetest.Wait})
	inc.Processes[0].Gate = true
	mustPrepare(t, r, inc)
	eventually(t, "it holds", func() bool { return stateOf(t, r, inc.ID, jobManager) == runtime.Held })
	if err := r.Release(limited(t), inc.ID, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := r.Kill(limited(t), inc.ID, runtime.TaskManager); err != nil {
		t.Fatal(err)
	}
	role := r.folder(inc.ID).role(taskManager)
	eventually(t, "its end is recorded", func() bool { there, _ := exists(filepath.Join(role, keeper.ExitFile)); return there })
	return inc
}

func mustScale(t *testing.T, r *Runtime, id runtime.IncarnationID, generation int64) {
	t.Helper()
	if err := r.Scale(limited(t), id, runtime.TaskManager, 1, generation); err != nil {
		t.Fatal(err)
	}
}

// TestAScaleThatWasCutOffIsFinishedByItsRepeat lays down what each instant of a scale leaves behind.
func TestAScaleThatWasCutOffIsFinishedByItsRepeat(t *testing.T) {
	t.Parallel()
	generation := func(f incarnation) error { return f.advance(1) }
	remove := func(name string) func(incarnation) error {
		return func(f incarnation) error { return os.Remove(filepath.Join(f.role(taskManager), name)) }
	}
	rename := func(f incarnation) error {
		return os.Rename(filepath.Join(f.role(taskManager), keeper.ExitFile), filepath.Join(f.role(taskManager), keeper.ReplacedFile))
	}
	output := func(f incarnation) error {
		return os.WriteFile(filepath.Join(f.role(taskManager), keeper.LogFolder, "00000000000000000000"), nil, 0o600)
	}
	unseen := runtime.Exit{Code: -1}
	for why, tt := range map[string]struct {
		left []func(incarnation) error
		exit *runtime.Exit // nil: the one that its keeper saw
	}{
		"nothing":                      {},
		"the generation":               {left: []func(incarnation) error{generation}},
		"an end that nobody saw":       {[]func(incarnation) error{generation, remove(keeper.ExitFile)}, &unseen},
		"no running.json":              {left: []func(incarnation) error{generation, remove(keeper.RunningFile)}},
		"what ended was put away":      {left: []func(incarnation) error{generation, remove(keeper.RunningFile), rename}},
		"a keeper that was killed too": {left: []func(incarnation) error{generation, remove(keeper.RunningFile), rename, output}},
	} {
		r := open(t, newConfig(t))
		inc := ended(t, r, runtimetest.Script{runtimetest.Wait})
		f := r.folder(inc.ID)
		want := mustObserve(t, r, inc.ID).Process(taskManager).Exit
		if tt.exit != nil {
			want = *tt.exit
		}
		if err := r.awaitNoKeeper(limited(t), f.role(taskManager)); err != nil {
			t.Fatal(err)
		}
		for _, act := range tt.left {
			if err := act(f); err != nil {
				t.Fatal(err)
			}
		}
		mustPrepare(t, r, inc)
		if s := mustObserve(t, r, inc.ID).Process(taskManager); s.State != runtime.Exited || s.Exit != want || s.Replaced != nil {
			t.Errorf("%s: before the repeat it is seen as %+v", why, s)
		}
		mustScale(t, r, inc.ID, 1)
		if s := mustObserve(t, r, inc.ID).Process(taskManager); s.State != runtime.Alive || s.Replaced == nil || *s.Replaced != want {
			t.Errorf("%s: after the repeat it is seen as %+v", why, s)
		}
		if n := keepers(t, f.role(taskManager)); n != 1 {
			t.Errorf("%s: %d keepers live", why, n)
		}
	}
}

func TestDescendantsAreKilledBeforeTheirAncestorIsReplaced(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, runtimetest.Script{runtimetest.Spawn, runtimetest.Touch("spawned"), runtimetest.Wait})
	mustPrepare(t, r, inc)
	f := r.folder(inc.ID)
	spawned := filepath.Join(f.path(workFolder), taskManager.String(), "spawned")
	eventually(t, "its descendant lives", func() bool { there, _ := exists(spawned); return there })
	if err := keeper.WriteFile(filepath.Join(f.path(gateFolder), keeper.OrderFile), 0o600, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := r.Kill(limited(t), inc.ID, runtime.TaskManager); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it ended", func() bool { return stateOf(t, r, inc.ID, taskManager) == runtime.Exited })
	before, err := r.scan()
	ours := func(m marked) bool { return m.process == taskManager }
	if err != nil || !slices.ContainsFunc(before, ours) {
		t.Fatalf("alive are %+v, %v: then this test says nothing", before, err)
	}
	mustScale(t, r, inc.ID, 1)
	after, err := r.scan()
	if err != nil || !slices.ContainsFunc(after, ours) {
		t.Errorf("alive are %+v, %v", after, err)
	}
	for _, m := range before {
		if ours(m) && slices.Contains(after, m) {
			t.Errorf("%+v lives beside the next one", m)
		}
	}
}

func TestANextProcessThatCannotStartIsSeenAsTheEndedOneAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	real := config.KeeperPath
	config.KeeperPath = filepath.Join(t.TempDir(), "keeper")
	if err := os.Symlink(real, config.KeeperPath); err != nil {
		t.Fatal(err)
	}
	r := open(t, config)
	inc := ended(t, r, runtimetest.Script{runtimetest.Wait})
	if err := os.Remove(config.KeeperPath); err != nil {
		t.Fatal(err)
	}
	err := r.Scale(limited(t), inc.ID, runtime.TaskManager, 1, 1)
	if err == nil || !strings.Contains(err.Error(), "cannot start the keeper of taskmanager-0") {
		t.Errorf("without a keeper: %v", err)
	}
	if s := mustObserve(t, r, inc.ID).Process(taskManager); s.State != runtime.Exited || s.Exit.Signal != 9 {
		t.Errorf("it is seen as %+v", s)
	}
	if err := os.Symlink(real, config.KeeperPath); err != nil {
		t.Fatal(err)
	}
	mustScale(t, r, inc.ID, 1)
	if s := stateOf(t, r, inc.ID, taskManager); s != runtime.Alive {
		t.Errorf("after the repeat it is %s", s)
	}
}

func TestAScaleAndAKillAtOnceLeaveNothingAlive(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	for range 10 {
		inc := ended(t, r, runtimetest.Script{runtimetest.Wait})
		scaled := make(chan error)
		go func() { scaled <- r.Scale(limited(t), inc.ID, runtime.TaskManager, 1, 1) }()
		if err := r.Kill(limited(t), inc.ID); err != nil {
			t.Errorf("kill answered %v", err)
		}
		if err := <-scaled; err != nil && !errors.Is(err, runtime.ErrDead) {
			t.Errorf("scale answered %v", err)
		}
		if s := mustObserve(t, r, inc.ID); !s.Dead {
			t.Fatalf("it is seen as %+v", s)
		}
	}
}
