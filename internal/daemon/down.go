package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drey/internal/runtime/local"
)

const (
	downPoll = 50 * time.Millisecond
	downAsk  = 15 * time.Second // until a server that was asked to end is killed: its grace for turns, and some
)

// Down ends the server of a data directory, if one runs, and then every process that was ever started from it, JobManagers
// first. It writes nothing: the next server finds its jobs ended, as after a reboot. say is told each thing that was ended.
func Down(ctx context.Context, dir string, say func(string)) error {
	lock, err := takeOver(ctx, dir, say)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }()
	if err := endSimulated(ctx, dir, say); err != nil {
		return err
	}
	rt, err := local.New(local.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { _ = rt.Close() }()
	killed, err := rt.KillAll(ctx)
	for _, k := range killed {
		say(fmt.Sprintf("ended %s of incarnation %s (pid %d)", k.Process, k.Incarnation, k.PID))
	}
	return err
}

// takeOver takes the lock of a data directory, ending the server that has it: it is asked, and killed if it does not listen.
func takeOver(ctx context.Context, dir string, say func(string)) (*Lock, error) {
	var asked Owner
	kill := time.After(downAsk)
	for {
		lock, err := TakeLock(dir)
		var taken *LockedError
		if err == nil && asked.PID != 0 {
			say(fmt.Sprintf("ended the server (pid %d)", asked.PID))
		}
		if err == nil || !errors.As(err, &taken) {
			return lock, err
		}
		end := taken.Owner.Terminate
		select {
		case <-time.After(downPoll):
			if taken.Owner.PID == 0 || taken.Owner == asked {
				continue // nobody can tell whom, or it was asked
			}
		case <-kill:
			end = taken.Owner.Kill
		case <-ctx.Done():
			return nil, fmt.Errorf("the server did not end: %w", ctx.Err())
		}
		asked = taken.Owner
		if err := end(); err != nil && asked.lives() {
			return nil, err
		}
	}
}
