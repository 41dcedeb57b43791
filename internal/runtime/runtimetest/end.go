package runtimetest

import (
	"slices"
	"strings"
	"syscall"

	"drey/internal/runtime"
)

func killedForEver(r *rig) {
	inc := r.prepareHeld()
	r.release(inc.ID, "one")
	r.kill(inc.ID)
	s := r.observe(inc.ID)
	if !s.Dead || !s.Tombstone {
		r.Errorf("after its kill it is seen as %+v", s)
	}
	for _, p := range s.Processes {
		if p.State != runtime.Exited || p.Exit.Code != -1 || p.Exit.Signal != int(syscall.SIGKILL) || p.Exit.OOM {
			r.Errorf("%s is seen as %+v", p.ProcessID, p)
		}
	}
	r.wantError(r.Runtime.Prepare(r.ctx, inc), runtime.ErrDead)
	r.kill(inc.ID)
}

func killedBefore(r *rig) {
	inc := r.incarnation(r.newID(), Script{Wait}, nil)
	r.kill(inc.ID)
	r.wantError(r.Runtime.Prepare(r.ctx, inc), runtime.ErrDead)
	if s := r.observe(inc.ID); !s.Dead || !s.Tombstone || len(s.Processes) != 0 {
		r.Errorf("it is seen as %+v", s)
	}
}

func heldKilled(r *rig) {
	inc := r.prepareHeld()
	r.kill(inc.ID)
	if s := r.observe(inc.ID); !s.Dead || s.Process(jobManager).State != runtime.Exited {
		r.Errorf("after its kill it is seen as %+v", s)
	}
	r.wantError(r.Runtime.Release(r.ctx, inc.ID, []byte("one")), runtime.ErrNotHeld)
}

func roleKilled(r *rig) {
	inc := r.prepareHeld()
	r.kill(inc.ID, runtime.TaskManager)
	ended := r.await(inc.ID, taskManager, runtime.Exited)
	if s := r.observe(inc.ID); s.Tombstone || s.Dead || s.Process(jobManager).State != runtime.Held || ended.Exit.Signal != int(syscall.SIGKILL) {
		r.Errorf("it is seen as %+v", s)
	}
	r.kill(inc.ID, runtime.TaskManager)
	r.prepare(inc)
	if s := r.observe(inc.ID).Process(taskManager); s.State != runtime.Exited {
		r.Errorf("prepare started again what was killed: %+v", s)
	}
	r.release(inc.ID, "one")
	r.awaitOutput(inc.ID, jobManager, "open")
}

func unknown(r *rig) {
	id := r.newID()
	if s := r.observe(id); s.Dead || s.Tombstone || len(s.Processes) != 0 {
		r.Errorf("it is seen as %+v", s)
	}
	r.kill(id, runtime.TaskManager)
	if s := r.observe(id); s.Dead || s.Tombstone {
		r.Errorf("after a kill of a role it is seen as %+v", s)
	}
	_, _, err := r.Runtime.Logs(r.ctx, id, jobManager, 0)
	r.wantError(err, runtime.ErrNotFound)
	if err := r.Runtime.Forget(r.ctx, id); err != nil {
		r.Error(err)
	}
}

// ending is a script with the exit that it leads to.
type ending struct {
	script Script
	want   runtime.Exit
}

func exits(r *rig) {
	r.exits(map[string]ending{
		"a code":          {Script{Exit(5)}, runtime.Exit{Code: 5}},
		"the end of main": {Script{Print("bye")}, runtime.Exit{}},
		"a signal":        {Script{Signal(syscall.SIGTERM)}, runtime.Exit{Code: -1, Signal: 15}},
	})
}

func lastWords(r *rig) {
	const words = "java.lang.OutOfMemoryError: Java heap space"
	r.exits(map[string]ending{
		"out of memory":                 {Script{Print("Terminating due to " + words), Exit(3)}, runtime.Exit{Code: 3, OOM: true}},
		"out of memory, killed by it":   {Script{Print("# " + words), Signal(syscall.SIGKILL)}, runtime.Exit{Code: -1, Signal: 9, OOM: true}},
		"code 3 of the job itself":      {Script{Print("bye"), Exit(3)}, runtime.Exit{Code: 3}},
		"killed long after a survived":  {Script{Print("caught " + words), Signal(syscall.SIGKILL)}, runtime.Exit{Code: -1, Signal: 9}},
		"out of memory behind 1 MiB":    {Script{Fill(1 << 20), Print("\nTerminating due to " + words), Exit(3)}, runtime.Exit{Code: 3, OOM: true}},
		"a descendant holds the output": {Script{Spawn, Print("Terminating due to " + words), Exit(3)}, runtime.Exit{Code: 3, OOM: true}},
	})
}

func (r *rig) exits(all map[string]ending) {
	r.Helper()
	for why, tt := range all {
		id := r.newID()
		r.prepare(r.incarnation(id, tt.script, nil))
		got := r.await(id, jobManager, runtime.Exited).Exit
		if got.At.IsZero() {
			r.Errorf("%s: nobody saw when", why)
		}
		tt.want.At = got.At
		if got != tt.want {
			r.Errorf("%s: got %+v, want %+v", why, got, tt.want)
		}
	}
}

func keeperKilled(r *rig) {
	inc := r.prepareHeld()
	r.release(inc.ID, "one")
	r.awaitOutput(inc.ID, jobManager, "open")
	r.KillKeeper(r.T, inc.ID, jobManager)
	s := r.await(inc.ID, jobManager, runtime.Exited)
	if s.Exit.Code != -1 {
		r.Errorf("nobody saw its end, but it is told as %+v", s.Exit)
	}
	if s := r.observe(inc.ID); s.Process(taskManager).State != runtime.Alive || s.Dead {
		r.Errorf("the others are seen as %+v", s)
	}
	if text, _ := r.output(inc.ID, jobManager, 0); !strings.Contains(text, "open") {
		r.Errorf("its output is gone: %q", text)
	}
	r.prepare(inc)
	if s := r.observe(inc.ID).Process(jobManager).State; s != runtime.Exited {
		r.Errorf("prepare started it again: %s", s)
	}
	r.kill(inc.ID)
	if !r.observe(inc.ID).Dead {
		r.Error("it is not dead after its kill")
	}
}

func descendants(r *rig) {
	id := r.newID()
	r.prepare(r.incarnation(id, Script{Spawn, Exit(0)}, nil))
	r.awaitOutput(id, jobManager, "a descendant lives")
	if s := r.await(id, jobManager, runtime.Exited); s.Exit.Code != 0 {
		r.Errorf("it is seen as %+v", s)
	}
	if err := r.Runtime.Abandon(r.ctx, id, "somebody"); err != nil {
		r.Fatal(err)
	}
	if s := r.observe(id); s.Dead || !s.Tombstone {
		r.Errorf("with a descendant alive it is seen as %+v", s)
	}
	r.kill(id)
	if !r.observe(id).Dead {
		r.Error("it is not dead after its kill")
	}
}

func abandoned(r *rig) {
	inc := r.prepareHeld()
	if err := r.Runtime.Abandon(r.ctx, inc.ID, "somebody"); err != nil {
		r.Fatal(err)
	}
	s := r.observe(inc.ID)
	if s.Dead || !s.Tombstone || s.Process(taskManager).State != runtime.Alive {
		r.Errorf("it is seen as %+v", s)
	}
	r.wantError(r.Runtime.Prepare(r.ctx, inc), runtime.ErrDead)
	r.wantError(r.Runtime.Release(r.ctx, inc.ID, []byte("one")), runtime.ErrNotHeld)
}

func forgotten(r *rig) {
	inc := r.prepareHeld()
	r.release(inc.ID, "one")
	r.awaitOutput(inc.ID, jobManager, "open")
	before, _ := r.output(inc.ID, jobManager, 0)
	r.kill(inc.ID)
	for range 2 {
		if err := r.Runtime.Forget(r.ctx, inc.ID); err != nil {
			r.Fatal(err)
		}
	}
	s := r.observe(inc.ID)
	if !s.Dead || !s.Tombstone || s.OrderDigest != digest("one") || s.Process(jobManager).Exit.Signal != int(syscall.SIGKILL) {
		r.Errorf("what is left is seen as %+v", s)
	}
	if after, _ := r.output(inc.ID, jobManager, 0); after != before {
		r.Errorf("its output was %q, and is %q", before, after)
	}
	r.wantError(r.Runtime.Prepare(r.ctx, inc), runtime.ErrDead)
}

func notForgotten(r *rig) {
	inc := r.prepareHeld()
	if err := r.Runtime.Forget(r.ctx, inc.ID); err == nil {
		r.Error("a held one was forgotten")
	}
	r.await(inc.ID, jobManager, runtime.Held)
	r.release(inc.ID, "one")
	r.awaitOutput(inc.ID, jobManager, "open")
}

func listed(r *rig) {
	live, dead := r.prepareHeld(), r.newID()
	r.kill(dead)
	all, err := r.Runtime.List(r.ctx)
	if err != nil {
		r.Fatal(err)
	}
	find := func(id runtime.IncarnationID) runtime.Status {
		i := slices.IndexFunc(all, func(s runtime.Status) bool { return s.ID == id })
		if i < 0 {
			r.Fatalf("%s is not in the list", id)
		}
		return all[i]
	}
	if len(all) != 2 || find(live.ID).Process(jobManager).State != runtime.Held || find(live.ID).Dead || !find(dead).Dead {
		r.Errorf("the list is %+v", all)
	}
}
