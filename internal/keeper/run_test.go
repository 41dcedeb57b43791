package keeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long what must happen may take.
const patience = 90 * time.Second

const testKey = "0123456789abcdef0123456789abcdef"

// TestMain makes the test binary a keeper, so that the race detector sees it, or the process it keeps.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "run":
		if err := Run(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case len(os.Args) == 2 && os.Args[1] == "container":
		code, err := RunContainer(os.Getenv("CONFIG"), 7)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	default:
		os.Exit(m.Run())
	}
}

// life is a keeper under test.
type life struct {
	*testing.T
	folder string
	gate   string
	cmd    *exec.Cmd
	ended  chan error
	client *Client
}

// shell lays down a role folder whose process is a shell script; $GATE is its gate.
func shell(t *testing.T, script string) *life {
	t.Helper()
	l := &life{T: t, folder: t.TempDir(), gate: t.TempDir()}
	in := Input{
		Version: Version, Incarnation: "i", Process: "jobmanager-0",
		Args: []string{"/bin/sh", "-c", script}, Env: map[string]string{"GATE": l.gate, "PATH": "/bin:/usr/bin"},
		Folder: l.folder, Gate: l.gate, Tombstone: filepath.Join(l.folder, "dead"),
	}
	if err := WriteJSON(filepath.Join(l.folder, InputFile), 0o600, in); err != nil {
		t.Fatal(err)
	}
	put(t, l.folder, KeyFile, testKey+"\n")
	return l
}

// start starts the keeper with the lock at descriptor 3.
func (l *life) start() {
	l.Helper()
	lock, err := os.OpenFile(filepath.Join(l.folder, LockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		l.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		l.Fatal(err)
	}
	l.startWith(lock)
	lock.Close()
}

func (l *life) startWith(files ...*os.File) {
	l.Helper()
	self, err := os.Executable()
	if err != nil {
		l.Fatal(err)
	}
	stderr, err := os.Create(filepath.Join(l.folder, ErrorFile))
	if err != nil {
		l.Fatal(err)
	}
	defer stderr.Close()
	l.cmd = &exec.Cmd{Path: self, Args: []string{self, "run", l.folder}, ExtraFiles: files, Stderr: stderr, Env: []string{}}
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := l.cmd.Start(); err != nil {
		l.Fatal(err)
	}
	l.ended = make(chan error, 1)
	go func() { l.ended <- l.cmd.Wait() }()
	l.Cleanup(func() { _ = l.cmd.Process.Kill() })
}

// open waits until the process runs, and opens the client.
func (l *life) open() {
	l.Helper()
	l.until("it runs", func() bool { _, err := ReadRunning(l.folder); return err == nil })
	transport := &http.Transport{}
	l.Cleanup(transport.CloseIdleConnections)
	var err error
	if l.client, err = Open(l.folder, transport); err != nil {
		l.Fatal(err)
	}
}

func (l *life) until(what string, ok func() bool) {
	l.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			l.Fatalf("waited in vain until %s; the keeper said %s", what, l.said())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (l *life) said() string {
	text, _ := os.ReadFile(filepath.Join(l.folder, ErrorFile))
	return string(text)
}

func (l *life) status() Status {
	l.Helper()
	s, err := l.client.Status(context.Background())
	if err != nil {
		l.Fatal(err)
	}
	return s
}

func (l *life) logs(cursor int64, wait time.Duration) string {
	l.Helper()
	r, begin, err := l.client.Logs(context.Background(), cursor, wait)
	if err != nil {
		l.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		l.Fatal(err)
	}
	return fmt.Sprintf("%d:%s", begin, text)
}

// awaitEnd waits until the keeper is gone.
func (l *life) awaitEnd() error {
	l.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(patience):
		l.Fatal("the keeper stays")
		return nil
	}
}

const gateScript = `echo up; echo '{"at":1}' >$GATE/.r; mv $GATE/.r $GATE/ready
while ! test -e $GATE/order; do sleep 0.01; done; echo "got $(cat $GATE/order)"; exec sleep 1000`

func TestALifeOverTheProtocol(t *testing.T) {
	t.Parallel()
	l := shell(t, gateScript)
	l.start()
	l.open()
	l.until("it holds", func() bool { return l.status().Gate.Gate == "ready" })
	s := l.status()
	if s.Version != 1 || s.Incarnation != "i" || s.Process != "jobmanager-0" || s.PID == 0 || s.Exit != nil || s.StartedAt.IsZero() || s.OrderDigest != "" || s.LogEnd != 3 {
		t.Errorf("a held one's status is %+v", s)
	}
	ctx := context.Background()
	for i, step := range []struct {
		order string
		want  error
	}{{"one", nil}, {"one", nil}, {"two", ErrReleased}, {"one", nil}} {
		if err := l.client.Release(ctx, []byte(step.order)); !errors.Is(err, step.want) {
			t.Errorf("release %d: got %v, want %v", i, err, step.want)
		}
	}
	if err := l.client.Release(ctx, make([]byte, maxOrderBytes+1)); err == nil || errors.Is(err, ErrReleased) {
		t.Errorf("a huge order: got %v", err)
	}
	if got := l.logs(3, 30*time.Second); got != "3:got one\n" {
		t.Errorf("with waiting, the logs are %q", got)
	}
	if got := l.status().OrderDigest; got != OrderDigest([]byte("one")) {
		t.Errorf("the order's digest is %q", got)
	}
	for range 2 {
		if err := l.client.Kill(ctx); err != nil {
			t.Error(err)
		}
	}
	l.until("its end is recorded", func() bool { e, err := ReadExit(l.folder); return err == nil && e.Signal == 9 && e.Code == -1 })
	l.until("its end is told", func() bool { return l.status().Exit != nil })
	if err := l.client.Release(ctx, []byte("two")); !errors.Is(err, ErrReleased) {
		t.Errorf("after its end: got %v", err)
	}
	if got := l.logs(0, 0); got != "0:up\ngot one\n" {
		t.Errorf("after its end, the logs are %q", got)
	}
	if err := l.awaitEnd(); err != nil {
		t.Errorf("after its logs were read it ended with %v", err)
	}
}

func TestWhatEndedUnreleasedHoldsNothing(t *testing.T) {
	t.Parallel()
	l := shell(t, `echo '{"at":1}' >$GATE/ready`)
	l.start()
	l.open()
	l.until("it ended", func() bool { return l.status().Exit != nil })
	if err := l.client.Release(context.Background(), []byte("one")); !errors.Is(err, ErrNotHeld) {
		t.Errorf("got %v, want ErrNotHeld", err)
	}
}

func TestNobodyWithoutTheKeyIsAnswered(t *testing.T) {
	t.Parallel()
	l := shell(t, "exec sleep 1000")
	l.start()
	l.open()
	base := l.client.base
	for _, key := range []string{"", testKey[1:], testKey + "0"} {
		stranger := NewClient(base, key, &http.Transport{DisableKeepAlives: true})
		if _, err := stranger.Status(context.Background()); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("with key %q: got %v, want 401", key, err)
		}
		if err := stranger.Kill(context.Background()); err == nil {
			t.Errorf("with key %q a process can be killed", key)
		}
	}
	if l.status().Exit != nil {
		t.Error("it was killed")
	}
}

func TestAKeeperIsDeafToSignalsAndItsProcessIsNot(t *testing.T) {
	t.Parallel()
	l := shell(t, "exec sleep 1000")
	l.start()
	l.open()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		if err := l.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	s := l.status()
	if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	l.until("its process has ended", func() bool { return l.status().Exit != nil })
	if e := l.status().Exit; e.Signal != int(syscall.SIGTERM) {
		t.Errorf("it ended with %+v", e)
	}
}

func TestAProcessDiesWithItsKeeper(t *testing.T) {
	t.Parallel()
	l := shell(t, "exec sleep 1000")
	l.start()
	l.open()
	lock, err := os.OpenFile(filepath.Join(l.folder, LockFile), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	free := func() bool { return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil }
	if free() {
		t.Fatal("the lock of a running process is free")
	}
	if err := l.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	l.until("the lock is free", free)
}

func TestAKeeperRefusesASecondLife(t *testing.T) {
	t.Parallel()
	for name, lay := range map[string]func(l *life){
		"dead":         func(l *life) { put(l.T, l.folder, "dead", "") },
		RunningFile:    func(l *life) { put(l.T, l.folder, RunningFile, "{}") },
		ExitFile:       func(l *life) { put(l.T, l.folder, ExitFile, "{}") },
		"an order":     func(l *life) { put(l.T, l.gate, OrderFile, "one") },
		"absolute":     func(l *life) { put(l.T, l.folder, InputFile, `{"version":1,"args":["sh"]}`) },
		"version 2":    func(l *life) { put(l.T, l.folder, InputFile, `{"version":2,"args":["/bin/sh"]}`) },
		"too short":    func(l *life) { put(l.T, l.folder, KeyFile, "abc") },
		"no such file": func(l *life) { os.Remove(filepath.Join(l.folder, KeyFile)) },
	} {
		l := shell(t, "touch started")
		lay(l)
		l.start()
		if err := l.awaitEnd(); err == nil || !strings.Contains(l.said(), name) {
			t.Errorf("%s: it ended with %v and said %q", name, err, l.said())
		}
		if _, err := os.Stat(filepath.Join(l.folder, "started")); err == nil {
			t.Errorf("%s: it started its process", name)
		}
	}
}

func TestAKeeperNeedsTheLock(t *testing.T) {
	t.Parallel()
	l := shell(t, "touch started")
	lock, err := os.OpenFile(filepath.Join(l.folder, LockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	again, err := os.Open(lock.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for why, files := range map[string][]*os.File{"no lock": nil, "another file": {null}, "a lock that somebody holds": {again}} {
		l.startWith(files...)
		if err := l.awaitEnd(); err == nil || !strings.Contains(l.said(), "lock") {
			t.Errorf("%s: it ended with %v and said %q", why, err, l.said())
		}
	}
	if _, err := os.Stat(filepath.Join(l.folder, "started")); err == nil {
		t.Error("it started its process")
	}
}

func TestOutputOfADescendantIsKeptAfterTheEnd(t *testing.T) {
	t.Parallel()
	l := shell(t, `(while ! test -e $GATE/go; do sleep 0.01; done; echo later) & echo first; exit 4`)
	l.start()
	l.open()
	l.until("its end is told", func() bool { e := l.status().Exit; return e != nil && e.Code == 4 })
	put(t, l.gate, "go", "")
	l.until("the descendant has written", func() bool { return l.status().LogEnd == int64(len("first\nlater\n")) })
}

func TestRunningNamesTheProcess(t *testing.T) {
	t.Parallel()
	l := shell(t, "exec sleep 1000")
	l.start()
	l.open()
	running, err := ReadRunning(l.folder)
	if err != nil {
		t.Fatal(err)
	}
	if started, err := StartTime(running.PID); err != nil || started != running.StartTime || started == 0 {
		t.Errorf("it started at %d, %v; running.json says %d", started, err, running.StartTime)
	}
	l.until("the process is the shell's program", func() bool {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(running.PID) + "/comm")
		return err == nil && string(text) == "sleep\n"
	})
}
