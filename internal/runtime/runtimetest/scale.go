package runtimetest

import (
	"strings"
	"sync"
	"syscall"

	"drey/internal/runtime"
)

// second is the TaskManager that no test ends by itself.
var second = runtime.ProcessID{Role: runtime.TaskManager, Index: 1}

// released brings up a released incarnation with two TaskManagers.
func (r *rig) released(first Script) runtime.Incarnation {
	r.Helper()
	id := r.newID()
	inc := r.incarnation(id, Script{Gate(r.layout(id).Gate), Wait}, first)
	inc.TaskManagers = 2
	inc.Processes = append(inc.Processes, r.Program(second, Script{Print("up"), Wait}))
	r.prepare(inc)
	r.await(id, jobManager, runtime.Held)
	r.release(id, "one")
	return inc
}

func (r *rig) scale(id runtime.IncarnationID, generation int64) {
	r.Helper()
	if err := r.Runtime.Scale(r.ctx, id, runtime.TaskManager, 2, generation); err != nil {
		r.Fatal(err)
	}
}

// end ends a process from outside, as a machine does that has no memory left.
func (r *rig) end(id runtime.IncarnationID, p runtime.ProcessID) {
	r.Helper()
	r.KillKeeper(r.T, id, p)
	r.await(id, p, runtime.Exited)
}

func replaced(r *rig) {
	inc := r.released(Script{Env, List, Touch("state"), Print("up"), Wait})
	first := r.awaitOutput(inc.ID, taskManager, "up\n")
	r.kill(inc.ID, runtime.TaskManager)
	ended := r.await(inc.ID, taskManager, runtime.Exited)
	r.await(inc.ID, second, runtime.Exited)
	r.scale(inc.ID, 1)
	now := r.await(inc.ID, taskManager, runtime.Alive)
	if now.Life == ended.Life || now.Replaced == nil || *now.Replaced != ended.Exit || now.Replaced.Signal != int(syscall.SIGKILL) || now.LogStart != int64(len(first)) {
		r.Errorf("it ended as %+v, the next one is seen as %+v", ended, now)
	}
	all := first + first // also the same environment, arguments, and an empty folder
	if got := r.awaitOutput(inc.ID, taskManager, all); got != all {
		r.Errorf("both wrote %q, want %q", got, all)
	}
	if got, begin := r.output(inc.ID, taskManager, now.LogStart); got != first || begin != now.LogStart {
		r.Errorf("the next one wrote %q from %d, want %q", got, begin, first)
	}
	if !strings.Contains(first, "the folder holds []\n") {
		r.Errorf("the folder was not empty: %q", first)
	}
	if s := r.observe(inc.ID); s.Process(second).State != runtime.Alive || s.Process(jobManager).State != runtime.Alive || s.Process(jobManager).Replaced != nil {
		r.Errorf("the others are seen as %+v", s)
	}
}

func scaledAgain(r *rig) {
	inc := r.released(Script{Print("up"), Wait})
	before := r.observe(inc.ID).Process(second)
	r.scale(inc.ID, 3)
	r.end(inc.ID, taskManager)
	r.scale(inc.ID, 3)
	first := r.await(inc.ID, taskManager, runtime.Alive)
	if first.Replaced == nil || first.Replaced.Code != -1 {
		r.Errorf("nobody saw its end, but it is told as %+v", first.Replaced)
	}
	r.Runtime = r.Restart(r.T)
	r.scale(inc.ID, 3)
	r.wantError(r.Runtime.Scale(r.ctx, inc.ID, runtime.TaskManager, 2, 2), runtime.ErrStale)
	r.prepare(inc)
	s := r.observe(inc.ID)
	if s.Process(taskManager).Life != first.Life || s.Process(second).Life != before.Life || s.Process(second).Replaced != nil {
		r.Errorf("what lived was touched: %+v", s)
	}
	r.end(inc.ID, taskManager)
	r.wantError(r.Runtime.Scale(r.ctx, inc.ID, runtime.TaskManager, 2, 2), runtime.ErrStale)
	r.prepare(inc)
	if s := r.observe(inc.ID).Process(taskManager); s.State != runtime.Exited {
		r.Errorf("one that ended again was started by an old scale or by prepare: %+v", s)
	}
	r.scale(inc.ID, 4)
	r.await(inc.ID, taskManager, runtime.Alive)
	r.wantError(r.Runtime.Scale(r.ctx, inc.ID, runtime.TaskManager, 2, 3), runtime.ErrStale)
}

func scaledAtOnce(r *rig) {
	inc := r.released(Script{Print("up"), Wait})
	r.awaitOutput(inc.ID, taskManager, "up\n")
	r.end(inc.ID, taskManager)
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() { r.wantError(r.Runtime.Scale(r.ctx, inc.ID, runtime.TaskManager, 2, 1), nil) })
	}
	calls.Wait()
	if got := r.awaitOutput(inc.ID, taskManager, "up\nup\n"); got != "up\nup\n" {
		r.Errorf("two lives wrote %q", got)
	}
	if got := r.awaitOutput(inc.ID, second, "up\n"); got != "up\n" {
		r.Errorf("the one that lived wrote %q", got)
	}
}

func notScaled(r *rig) {
	inc := r.released(Script{Wait})
	scale := func(id runtime.IncarnationID, role runtime.Role, n int) error {
		return r.Runtime.Scale(r.ctx, id, role, n, 1)
	}
	for _, tt := range []struct {
		role runtime.Role
		n    int
		want string
	}{
		{runtime.TaskManager, 1, "2 were prepared"},
		{runtime.TaskManager, 3, "2 were prepared"},
		{runtime.JobManager, 1, "gate"},
		{"historyserver", 1, "0 were prepared"},
	} {
		if err := scale(inc.ID, tt.role, tt.n); err == nil || !strings.Contains(err.Error(), tt.want) {
			r.Errorf("%d of %s: got %v, want an error with %q", tt.n, tt.role, err, tt.want)
		}
	}
	r.wantError(scale(r.newID(), runtime.TaskManager, 1), runtime.ErrNotFound)
	r.wantError(scale(r.prepareHeld().ID, runtime.TaskManager, 1), runtime.ErrNotReleased)
	r.kill(inc.ID)
	r.wantError(scale(inc.ID, runtime.TaskManager, 2), runtime.ErrDead)
}

func replacedKilled(r *rig) {
	inc := r.released(Script{Print("up"), Wait})
	r.end(inc.ID, taskManager)
	r.scale(inc.ID, 1)
	before, _ := r.output(inc.ID, taskManager, 0)
	if r.observe(inc.ID).Dead {
		r.Error("it lives, and is seen as dead")
	}
	r.kill(inc.ID)
	s := r.observe(inc.ID)
	if p := s.Process(taskManager); !s.Dead || p.State != runtime.Exited || p.Exit.Signal != int(syscall.SIGKILL) || p.Replaced == nil || p.Replaced.Code != -1 {
		r.Errorf("after its kill it is seen as %+v", s)
	}
	if err := r.Runtime.Forget(r.ctx, inc.ID); err != nil {
		r.Fatal(err)
	}
	if p := r.observe(inc.ID).Process(taskManager); p.Replaced == nil || p.Exit.Signal != int(syscall.SIGKILL) {
		r.Errorf("after it was forgotten it is seen as %+v", p)
	}
	if after, _ := r.output(inc.ID, taskManager, 0); !strings.HasPrefix(after, before) {
		r.Errorf("its output was %q, and is %q", before, after)
	}
}
