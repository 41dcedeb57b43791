package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"drey/internal/keeper"
	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
	"drey/internal/secret"
)

var (
	jobManager  = runtime.ProcessID{Role: runtime.JobManager}
	taskManager = runtime.ProcessID{Role: runtime.TaskManager}
)

// patience is how long what must happen may take.
const patience = 90 * time.Second

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	wait, ctx := backoff{}, limited(t)
	for !ok() {
		if !wait.sleep(ctx) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// newIncarnation has processes that act out scripts; all of it is killed after the test.
func newIncarnation(t *testing.T, r *Runtime, jm, tm runtimetest.Script) runtime.Incarnation {
	t.Helper()
	inc := runtime.Incarnation{
		Shape:     runtime.Shape{ID: runtime.IncarnationID(randomHex(16)), Distribution: "2.3.0"},
		Processes: []runtime.Process{program(jobManager, jm)},
	}
	if tm != nil {
		inc.Processes = append(inc.Processes, program(taskManager, tm))
	}
	t.Cleanup(func() {
		if err := r.Kill(context.Background(), inc.ID); err != nil {
			t.Errorf("cannot clean up: %v", err)
		}
	})
	return inc
}

func mustPrepare(t *testing.T, r *Runtime, inc runtime.Incarnation) {
	t.Helper()
	if err := r.Prepare(limited(t), inc); err != nil {
		t.Fatal(err)
	}
}

func stateOf(t *testing.T, r *Runtime, id runtime.IncarnationID, p runtime.ProcessID) runtime.State {
	t.Helper()
	s, err := r.Observe(limited(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return s.Process(p).State
}

func mustHeld(t *testing.T, r *Runtime, role string) bool {
	t.Helper()
	held, err := r.held(role)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestASecondServerIsRefusedAndToldByWhom(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	first := open(t, config)
	_, err := New(config)
	if !errors.Is(err, ErrOwned) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v, want ErrOwned with our PID", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(config.Dir, link); err != nil {
		t.Fatal(err)
	}
	config.Dir = link
	if _, err := New(config); !errors.Is(err, ErrOwned) {
		t.Errorf("by another name: got %v, want ErrOwned", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if second := open(t, config); second.config.Dir != first.config.Dir || second.id != first.id {
		t.Errorf("the next owner sees %q %q, the first saw %q %q", second.config.Dir, second.id, first.config.Dir, first.id)
	}
}

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

// descriptors are the files that a process has open.
func descriptors(t *testing.T, pid int) []string {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(folder, e.Name())); err == nil {
			out = append(out, target)
		}
	}
	return out
}

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

// startBystander starts a process that waits for ever, or for the test's end.
func startBystander(t *testing.T, env []string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, runtimetest.Wait)
	for name, value := range runtimetest.ProgramEnv() {
		env = append(env, name+"="+value)
	}
	c.Env = env
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c
}

// stat answers a process's state letter and parent; "" if it is not there.
func stat(t *testing.T, pid int) (state string, parent int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	_, after, _ := strings.Cut(string(text), ") ")
	if _, err := fmt.Sscan(after, &state, &parent); err != nil {
		t.Fatal(err)
	}
	return state, parent
}

// zombies counts our children that have ended and were not reaped.
func zombies(t *testing.T) int {
	t.Helper()
	n := 0
	err := eachProcess(func(pid int) {
		if state, parent := stat(t, pid); state == "Z" && parent == os.Getpid() {
			n++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// keepers counts the living keepers of a role folder.
func keepers(t *testing.T, role string) int {
	t.Helper()
	n := 0
	err := eachProcess(func(pid int) {
		if isKeeper(pid, role) {
			n++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
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
	eventually(t, "all descendants live", func() bool { found, err := r.scan(); return err == nil && len(found) == 8 })
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

// TestAServerThatIsKilledLeavesItsProcesses runs a server of its own, SIGKILLs it, and goes on where it was.
func TestAServerThatIsKilledLeavesItsProcesses(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	id := runtime.IncarnationID(randomHex(16))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(self)
	server.Env = append(os.Environ(), serverVariable+"="+config.Dir+" "+config.KeeperPath+" "+string(id))
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 8)
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "prepared" {
		t.Fatalf("the server said %q, %v", said, err)
	}
	if _, err := New(config); !errors.Is(err, ErrOwned) || !strings.Contains(err.Error(), strconv.Itoa(server.Process.Pid)) {
		t.Errorf("beside the server: got %v, want ErrOwned with its PID", err)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	r := open(t, config)
	t.Cleanup(func() { _ = r.Kill(context.Background(), id) })
	if s := stateOf(t, r, id, jobManager); s != runtime.Held {
		t.Errorf("after the server's end the process is %s, want %s", s, runtime.Held)
	}
	running, err := keeper.ReadRunning(r.folder(id).role(jobManager))
	if err != nil {
		t.Fatal(err)
	}
	if session, err := getsid(running.PID); err != nil || session == mustSession(t) {
		t.Errorf("the process is in session %d, ours, %v", session, err)
	}
	if err := r.Release(limited(t), id, []byte("one")); err != nil {
		t.Error(err)
	}
	if err := r.Kill(limited(t), id); err != nil {
		t.Error(err)
	}
}

func getsid(pid int) (int, error) {
	sid, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(sid), nil
}

func mustSession(t *testing.T) int {
	t.Helper()
	sid, err := getsid(0)
	if err != nil {
		t.Fatal(err)
	}
	return sid
}
