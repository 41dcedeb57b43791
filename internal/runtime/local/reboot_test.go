package local

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"drey/internal/keeper"
	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

// TestAfterARestartOfTheMachineAllHasEndedAndCanBeKilled lays down what a power cut leaves: files that say that it runs. PID and
// port are somebody else's by now, who must not be touched.
func TestAfterARestartOfTheMachineAllHasEndedAndCanBeKilled(t *testing.T) {
	t.Parallel()
	r := open(t, newConfig(t))
	inc := newIncarnation(t, r, runtimetest.Script{runtimetest.Wait}, runtimetest.Script{runtimetest.Wait})
	mustPrepare(t, r, inc)
	stranger := startBystander(t, nil)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	for _, p := range []runtime.ProcessID{jobManager, taskManager} {
		role := r.folder(inc.ID).role(p)
		if err := killKeeper(role); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is gone", func() bool { return !mustHeld(t, r, role) && keepers(t, role) == 0 })
		_ = os.Remove(filepath.Join(role, keeper.LockFile))
		running := keeper.Running{PID: stranger.Process.Pid, StartTime: 1, Port: listener.Addr().(*net.TCPAddr).Port}
		if err := keeper.WriteJSON(filepath.Join(role, keeper.RunningFile), 0o600, running); err != nil {
			t.Fatal(err)
		}
	}
	mustPrepare(t, r, inc)
	ended := func(s runtime.Status) bool {
		for _, p := range s.Processes {
			if p.State != runtime.Exited || p.Exit != (runtime.Exit{Code: -1}) {
				return false
			}
		}
		return len(s.Processes) == 2
	}
	if s := mustObserve(t, r, inc.ID); !ended(s) || s.Dead || s.Tombstone {
		t.Errorf("it is seen as %+v", s)
	}
	for _, roles := range [][]runtime.Role{{runtime.TaskManager}, nil} {
		if err := r.Kill(limited(t), inc.ID, roles...); err != nil {
			t.Error(err)
		}
	}
	if s := mustObserve(t, r, inc.ID); !ended(s) || !s.Dead {
		t.Errorf("after its kill it is seen as %+v", s)
	}
	if state, _ := stat(t, stranger.Process.Pid); state == "Z" || state == "" {
		t.Error("who has its PID now was killed")
	}
}
