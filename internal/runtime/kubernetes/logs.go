package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// logFolder is where the output of a process is kept that was pulled from its keepers, over all its lives.
func (r *Runtime) logFolder(id runtime.IncarnationID, p runtime.ProcessID) string {
	return filepath.Join(r.config.Dir, string(id), p.String())
}

// pull fetches from a keeper what is not here yet.
func (r *Runtime) pull(ctx context.Context, a at, id runtime.IncarnationID, p runtime.ProcessID) error {
	defer r.pulling.lock(string(id) + "/" + p.String())()
	folder := r.logFolder(id, p)
	for {
		here, err := keeper.LogEnd(folder)
		if err != nil {
			return fmt.Errorf("cannot see the output that is here: %w", err)
		}
		logs, begin, err := r.keepers.of(a).Logs(ctx, here, 0)
		if err != nil {
			return err
		}
		n, err := keeper.KeepLogs(folder, begin, logs)
		logs.Close()
		if err != nil || n == 0 {
			return err
		}
	}
}

// Logs implements [runtime.Runtime]: what the keeper has more than we is fetched first. Without a keeper it is what was pulled.
func (r *Runtime) Logs(ctx context.Context, id runtime.IncarnationID, p runtime.ProcessID, cursor int64) (io.ReadCloser, int64, error) {
	if err := checkID(id); err != nil {
		return nil, 0, err
	}
	v, known := r.viewOf(id)
	if _, there := v.pods[p]; !known || !there {
		_, _, err := r.look(ctx, id)
		if v, _ = r.viewOf(id); err != nil && !errors.Is(err, ErrAway) {
			return nil, 0, fmt.Errorf("cannot look for the logs of %s of incarnation %s: %w", p, id, err)
		}
	}
	if v.rec.find(p) == nil {
		return nil, 0, fmt.Errorf("no logs of %s of incarnation %s: %w", p, id, runtime.ErrNotFound)
	}
	if a, there := v.pods[p]; there {
		limited, cancel := context.WithTimeout(ctx, 5*askTimeout)
		defer cancel()
		if err := r.pull(limited, a, id, p); err != nil {
			r.log.DebugContext(ctx, "cannot fetch output", "incarnation", id, "process", p.String(), "error", err)
		}
	}
	logs, begin, err := keeper.OpenLogs(r.logFolder(id, p), cursor)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read the logs of %s of incarnation %s: %w", p, id, err)
	}
	return logs, begin, nil
}
