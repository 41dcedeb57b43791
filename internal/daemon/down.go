package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drey/internal/runtime/local"
)

const downPoll = 50 * time.Millisecond

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

// takeOver takes the lock of a data directory, ending the server that has it.
func takeOver(ctx context.Context, dir string, say func(string)) (*Lock, error) {
	told := false
	for {
		lock, err := TakeLock(dir)
		var taken *LockedError
		if err == nil || !errors.As(err, &taken) {
			return lock, err
		}
		if taken.Owner.PID != 0 && !told {
			told = true
			if err := taken.Owner.Terminate(); err != nil && taken.Owner.lives() {
				return nil, err
			}
			say(fmt.Sprintf("ended the server (pid %d)", taken.Owner.PID))
		}
		timer := time.NewTimer(downPoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("the server did not end: %w", ctx.Err())
		}
	}
}
