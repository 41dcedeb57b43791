package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Logs implements [runtime.Runtime]. It reads the files themselves: they outlive process, keeper and Forget.
func (r *Runtime) Logs(_ context.Context, id runtime.IncarnationID, p runtime.ProcessID, cursor int64) (io.ReadCloser, int64, error) {
	if err := errors.Join(checkID(id), checkProcess(p)); err != nil {
		return nil, 0, err
	}
	path := r.folder(id).role(p)
	there, err := exists(path)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot look for the logs of %s of incarnation %s: %w", p, id, err)
	}
	if !there {
		return nil, 0, fmt.Errorf("no logs of %s of incarnation %s: %w", p, id, runtime.ErrNotFound)
	}
	logs, begin, err := keeper.OpenLogs(filepath.Join(path, keeper.LogFolder), cursor)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read the logs of %s of incarnation %s: %w", p, id, err)
	}
	return logs, begin, nil
}

// Abandon implements [runtime.Runtime]: it leaves a tombstone. It signals nobody and proves nothing; Kill may follow.
func (r *Runtime) Abandon(ctx context.Context, id runtime.IncarnationID, who string) error {
	if err := checkID(id); err != nil {
		return err
	}
	if err := r.bury(r.folder(id), "abandon", who); err != nil {
		return fmt.Errorf("cannot abandon incarnation %s: %w", id, err)
	}
	r.log.InfoContext(ctx, "incarnation abandoned", "incarnation", id, "who", who)
	return nil
}

// Forget implements [runtime.Runtime]. It refuses what is not proven dead. Tombstone, logs, exit records and the order stay.
func (r *Runtime) Forget(ctx context.Context, id runtime.IncarnationID) error {
	if err := checkID(id); err != nil {
		return err
	}
	defer r.preparing.lock(string(id))()
	f := r.folder(id)
	if there, err := exists(f.dir); err == nil && !there {
		return nil
	}
	s, err := r.Observe(ctx, id)
	if err != nil {
		return err
	}
	if !s.Dead {
		return fmt.Errorf("cannot forget incarnation %s: it is not dead", id)
	}
	r.dismissKeepers(ctx, f)
	if err := f.clear(); err != nil {
		return fmt.Errorf("cannot forget incarnation %s: %w", id, err)
	}
	return nil
}

// clear removes all but what Forget keeps.
func (i incarnation) clear() error {
	roles, err := i.roles()
	if err != nil {
		return err
	}
	keep := []string{tombstoneFile, gateFolder}
	failed := []error{removeBut(i.path(gateFolder), keeper.OrderFile)}
	for _, p := range roles {
		keep = append(keep, p.String())
		failed = append(failed, removeBut(i.role(p), keeper.LogFolder, keeper.ExitFile, keeper.ReplacedFile))
	}
	return errors.Join(append(failed, removeBut(i.dir, keep...))...)
}

// removeBut removes what is in a folder but the names given.
func removeBut(folder string, keep ...string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	failed := []error{err}
	for _, e := range entries {
		if !slices.Contains(keep, e.Name()) {
			failed = append(failed, os.RemoveAll(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(failed...)
}
