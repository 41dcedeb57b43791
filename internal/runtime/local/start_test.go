package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drey/internal/keeper"
	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
	"drey/internal/secret"
)

func TestTheLockIsFreeOnceTheProcessIsGoneWhoeverElseLives(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Spawn, runtimetest.Exit(0)}, nil)
	mustPrepare(t, r, inc)
	role := r.folder(inc.ID).role(jobManager)
	eventually(t, "the process exited", func() bool { return stateOf(t, r, inc.ID, jobManager) == runtime.Exited })
	if mustHeld(t, r, role) {
		t.Error("the lock is held")
	}
	if n := keepers(t, role); n != 1 {
		t.Errorf("%d keepers live, want 1: then this test says nothing", n)
	}
	found, err := r.scan()
	if err != nil || len(found) != 1 || found[0].incarnation != inc.ID || found[0].process != jobManager {
		t.Errorf("the descendant is found as %+v, %v", found, err)
	}
}

func TestTheProcessHoldsItsLockAndItsKeeperHasNoMarker(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, nil)
	mustPrepare(t, r, inc)
	role := r.folder(inc.ID).role(jobManager)
	if !mustHeld(t, r, role) {
		t.Error("the lock of a running process is free")
	}
	if err := eachProcess(func(pid int) {
		if !isKeeper(pid, role) {
			return
		}
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err != nil || bytes.Contains(text, []byte("DREY_")) {
			t.Errorf("the keeper's environment is %q, %v", text, err)
		}
		if slices.Contains(descriptors(t, pid), filepath.Join(role, keeper.LockFile)) {
			t.Error("the keeper has the lock open")
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAStartThatFailsSaysAtWhichStepAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	real := config.KeeperPath
	config.KeeperPath = filepath.Join(t.TempDir(), "keeper")
	r := open(t, config)
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, nil)
	if err := r.Prepare(limited(t), inc); err == nil || !strings.Contains(err.Error(), "cannot start the keeper of jobmanager-0") {
		t.Errorf("without a keeper: %v", err)
	}
	if err := os.Symlink(real, config.KeeperPath); err != nil {
		t.Fatal(err)
	}
	mustPrepare(t, r, inc)

	inc = newIncarnation(t, r, nil, nil)
	java := filepath.Join(t.TempDir(), "java")
	inc.Processes[0].Args = []string{java, runtimetest.Wait}
	if err := r.Prepare(limited(t), inc); err == nil || !strings.Contains(err.Error(), "cannot start the process") {
		t.Errorf("without an executable: %v", err)
	}
	if s := stateOf(t, r, inc.ID, jobManager); s != runtime.Absent {
		t.Errorf("what could not start is %s", s)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, java); err != nil {
		t.Fatal(err)
	}
	mustPrepare(t, r, inc)
	if s := stateOf(t, r, inc.ID, jobManager); s != runtime.Alive {
		t.Errorf("what could start now is %s", s)
	}
}

func TestAPrepareWhoseContextEndsIsGoneOnWith(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Prepare(ctx, inc); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	mustPrepare(t, r, inc)
	if n := keepers(t, r.folder(inc.ID).role(jobManager)); n != 1 {
		t.Errorf("%d keepers", n)
	}
}

func TestAForgottenOneLeavesNoSecrets(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Print("hello"), runtimetest.Wait}, nil)
	inc.Processes[0].Env["SECRET"] = "canary"
	inc.Files = []runtime.File{{Name: "config.yaml", Mode: 0o400, Content: secret.New("canary")}}
	mustPrepare(t, r, inc)
	if info, err := os.Stat(r.folder(inc.ID).path("conf/config.yaml")); err != nil || info.Mode() != 0o400 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if text, err := os.ReadFile(r.folder(inc.ID).path(preparedFile)); err != nil || bytes.Contains(text, []byte("canary")) {
		t.Errorf("what was prepared is %s, %v", text, err)
	}
	eventually(t, "it has written", func() bool {
		_, err := os.Stat(r.folder(inc.ID).path("jobmanager-0/log/00000000000000000000"))
		return err == nil
	})
	if err := r.Kill(limited(t), inc.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.Forget(limited(t), inc.ID); err != nil {
		t.Fatal(err)
	}
	var left []string
	err := filepath.WalkDir(r.folder(inc.ID).dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(r.folder(inc.ID).dir, path)
			left = append(left, name)
		}
		return err
	})
	want := []string{"dead", "jobmanager-0/exit.json", "jobmanager-0/log/00000000000000000000"}
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %q, %v; want %q", left, err, want)
	}
}

func TestOnlyWhatNeverChangesIsLinked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sum := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // of "abc"
	for name, linked := range map[string]bool{sum + ".jar": true, "job.jar": false} {
		f := incarnation{dir: filepath.Join(dir, name+".d")}
		source := filepath.Join(dir, name)
		if err := os.WriteFile(source, []byte("abc"), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time over the first one's
			if err := f.bring(limited(t), runtime.Artifact{Name: "a.jar", SHA256: sum, Source: source}); err != nil {
				t.Fatal(err)
			}
		}
		a, errA := os.Stat(source)
		b, errB := os.Stat(f.path("jars/a.jar"))
		if errA != nil || errB != nil || os.SameFile(a, b) != linked {
			t.Errorf("%s: linked %v, want %v (%v, %v)", name, !linked, linked, errA, errB)
		}
		if entries, err := os.ReadDir(f.path("jars")); err != nil || len(entries) != 1 {
			t.Errorf("%s: the folder holds %v, %v", name, entries, err)
		}
	}
}
