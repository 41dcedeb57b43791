package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// killRoles sends SIGKILL to the processes of roles and waits for nothing: it lies in the gap of an update. So it asks no
// keeper and looks through no other processes. That they are gone is for Observe to say; their descendants, and all that a
// start at the same moment brings up, are for the kill of everything.
func (r *Runtime) killRoles(ctx context.Context, f incarnation, roles []runtime.Role) error {
	processes, err := f.roles() // sorted, so a JobManager is the first
	failed := []error{err}
	for _, p := range processes {
		if slices.Contains(roles, p.Role) {
			failed = append(failed, r.killProcess(f, p))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("cannot kill roles %v of incarnation %s: %w", roles, f.id, err)
	}
	r.log.InfoContext(ctx, "roles killed", "incarnation", f.id, "roles", roles)
	return nil
}

// killProcess sends SIGKILL to the process that a role folder names, if it lives.
func (r *Runtime) killProcess(f incarnation, p runtime.ProcessID) error {
	running, err := keeper.ReadRunning(f.role(p))
	if errors.Is(err, fs.ErrNotExist) {
		return r.killStarting(f.role(p))
	}
	if err != nil {
		return err
	}
	_, err = r.signal(marked{running.PID, f.id, p})
	return err
}

// killStarting kills a keeper that has not said yet which process it started: that one dies with it.
func (r *Runtime) killStarting(role string) error {
	held, err := r.held(role)
	if err != nil || !held {
		return err
	}
	return killKeeper(role)
}
