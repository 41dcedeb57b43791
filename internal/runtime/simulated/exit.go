package simulated

import (
	"context"
	"fmt"
	"slices"

	"drey/internal/runtime"
)

// Exit ends a process as if by itself. No target can be asked for that: it is what tests do to one.
func (r *Runtime) Exit(id runtime.IncarnationID, p runtime.ProcessID, e runtime.Exit) error {
	r.mu.Lock()
	var found *Process
	if inc := r.all[id]; inc != nil {
		if at := slices.IndexFunc(inc.processes, func(q *Process) bool { return q.ID == p }); at >= 0 {
			found = inc.processes[at]
		}
	}
	r.mu.Unlock()
	if found == nil {
		return fmt.Errorf("%s of incarnation %s: %w", p, id, runtime.ErrNotFound)
	}
	found.Exit(e)
	return nil
}

// Exit is [Runtime.Exit] there, with an exit code.
func (r *Remote) Exit(ctx context.Context, id runtime.IncarnationID, p runtime.ProcessID, code int) error {
	_, err := r.send(ctx, "exit", call{ID: id, Process: p, N: int64(code)})
	return err
}
