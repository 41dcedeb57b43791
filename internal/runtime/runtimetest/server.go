package runtimetest

import (
	"context"
	"errors"
	"time"

	"drey/internal/runtime"
)

func logs(r *rig) {
	id := r.newID()
	r.prepare(r.incarnation(id, Script{Print("first"), Fill(1 << 20), Print("last")}, nil))
	r.await(id, jobManager, runtime.Exited)
	want := "first\n" + string(Pattern(1<<20)) + "last\n"
	got, begin := r.output(id, jobManager, 0)
	if begin != 0 || got != want {
		r.Errorf("got %d bytes from %d, want %d from 0", len(got), begin, len(want))
	}
	r.kill(id)
	if again, _ := r.output(id, jobManager, 0); again != want {
		r.Errorf("after the kill: got %d bytes, want %d", len(again), len(want))
	}
}

func cursors(r *rig) {
	id := r.newID()
	r.prepare(r.incarnation(id, Script{Print("0123456789"), Gate(r.layout(id).Gate), Print("more"), Wait}, nil))
	r.await(id, jobManager, runtime.Held)
	r.awaitOutput(id, jobManager, "9\n")
	for _, tt := range []struct {
		cursor int64
		want   string
	}{{0, "0123456789\n"}, {4, "456789\n"}, {11, ""}, {100, ""}} {
		if got, begin := r.output(id, jobManager, tt.cursor); got != tt.want || begin != tt.cursor {
			r.Errorf("cursor %d: got %q from %d, want %q", tt.cursor, got, begin, tt.want)
		}
	}
	r.release(id, "one")
	r.awaitOutput(id, jobManager, "more\n")
	if got, begin := r.output(id, jobManager, 11); got != "order one\nmore\n" || begin != 11 {
		r.Errorf("what came later: got %q from %d", got, begin)
	}
}

func adopted(r *rig) {
	inc := r.prepareHeld()
	before := r.observe(inc.ID)
	r.Runtime = r.Restart(r.T)
	after := r.observe(inc.ID)
	for i, p := range before.Processes {
		if q := after.Processes[i]; q.Life != p.Life || q.State != p.State {
			r.Errorf("before the restart: %+v; after: %+v", p, q)
		}
	}
	r.prepare(inc)
	r.release(inc.ID, "one")
	r.awaitOutput(inc.ID, jobManager, "open")
	r.Runtime = r.Restart(r.T)
	r.wantError(r.Runtime.Release(r.ctx, inc.ID, []byte("two")), runtime.ErrReleased)
	r.kill(inc.ID)
	r.Runtime = r.Restart(r.T)
	if !r.observe(inc.ID).Dead {
		r.Error("a new server does not see that it is dead")
	}
	r.wantError(r.Runtime.Prepare(r.ctx, inc), runtime.ErrDead)
}

func epochs(r *rig) {
	claim := func(epoch, want int64, refused bool) {
		r.Helper()
		got, err := r.Runtime.Claim(r.ctx, "a server", epoch, time.Minute)
		if got != want || (err != nil) != refused {
			r.Errorf("claim of %d: got %d, %v; want %d", epoch, got, err, want)
		}
	}
	claim(3, 3, false)
	claim(3, 3, false)
	claim(2, 3, true)
	r.Runtime = r.Restart(r.T)
	claim(2, 3, true)
	claim(4, 4, false)
}

func identity(r *rig) {
	before, err := r.Runtime.Identity(r.ctx)
	if err != nil || before == "" {
		r.Fatalf("got %q, %v", before, err)
	}
	r.Runtime = r.Restart(r.T)
	if after, err := r.Runtime.Identity(r.ctx); err != nil || after != before {
		r.Errorf("got %q, %v; want %q", after, err, before)
	}
}

func watchedFor(r *rig) {
	ctx, cancel := context.WithCancel(r.ctx)
	events, ended := make(chan runtime.Event), make(chan error, 1)
	go func() {
		ended <- r.Runtime.Watch(ctx, func(e runtime.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	id := r.newID()
	r.prepare(r.incarnation(id, Script{Gate(r.layout(id).Gate), Exit(4)}, nil))
	see := func(what string, ok func(runtime.ProcessStatus) bool) {
		r.Helper()
		for {
			select {
			case e := <-events:
				if e.ID == id && ok(r.observe(id).Process(jobManager)) {
					return
				}
			case <-r.ctx.Done():
				r.Fatalf("nothing told that %s", what)
			}
		}
	}
	see("it holds", func(p runtime.ProcessStatus) bool { return p.State == runtime.Held })
	r.release(id, "one")
	see("it ended", func(p runtime.ProcessStatus) bool { return p.State == runtime.Exited })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		r.Errorf("the watch ended with %v", err)
	}
}
