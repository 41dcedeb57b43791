package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"drey/internal/runtime"
)

// startShell starts a shell script as a child; it says "up" when it is.
func startShell(t *testing.T, r *Runtime, script string) *Child {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	c, err := r.StartChild(runtime.IncarnationID(randomHex(16)), runtime.Process{ProcessID: jobManager, Args: []string{"/bin/sh", "-c", script}}, t.TempDir(), output)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	eventually(t, "the child is up", func() bool {
		text, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(text), "up")
	})
	return c
}

func TestAChildEndsWhenItIsAsked(t *testing.T) {
	c := startShell(t, open(t, newConfig(t)), "echo up; exec sleep 1000")
	if err := c.Terminate(); err != nil {
		t.Fatal(err)
	}
	<-c.Ended()
	if err := c.Terminate(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

func TestAChildHasTheLowestPriority(t *testing.T) {
	c := startShell(t, open(t, newConfig(t)), "echo up; exec sleep 1000")
	got, err := unix.Getpriority(unix.PRIO_PROCESS, c.process.Pid) // the kernel's form: 20 less the niceness
	if err != nil || got != 20-leastNice {
		t.Errorf("got %d (%v), want %d", got, err, 20-leastNice)
	}
	if own, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil || own == got {
		t.Errorf("our own is %d (%v)", own, err)
	}
}

func TestKillingAChildEndsWhatItStarted(t *testing.T) {
	r := open(t, newConfig(t))
	c := startShell(t, r, "sleep 1000 & echo up; wait")
	c.Kill()
	eventually(t, "nothing of it is left", func() bool { return len(markedNow(t, r)) == 0 })
}

func TestKillAllFindsAChildAndWhatItLeft(t *testing.T) {
	r := open(t, newConfig(t))
	c := startShell(t, r, "sleep 1000 & echo up; kill -9 $$")
	<-c.Ended()
	left := markedNow(t, r)
	killed, err := r.KillAll(limited(t))
	if err != nil || len(left) != 1 || len(killed) != 1 || killed[0].PID != left[0].pid {
		t.Errorf("left %v, killed %v (%v)", left, killed, err)
	}
}

func markedNow(t *testing.T, r *Runtime) []marked {
	t.Helper()
	found, err := r.scan()
	if err != nil {
		t.Fatal(err)
	}
	return found
}
