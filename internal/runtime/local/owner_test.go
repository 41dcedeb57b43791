package local

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

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
	t.Cleanup(func() { _ = r.Kill(limited(t), id) })
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
