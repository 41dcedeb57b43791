package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Scale implements [runtime.Runtime]. Wherever it is cut off, it may be repeated: see docs/decisions/0003-keeper-and-gate.md.
func (r *Runtime) Scale(ctx context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	if err := checkID(id); err != nil {
		return err
	}
	defer r.preparing.lock(string(id))()
	if err := r.scale(ctx, r.folder(id), role, n, generation); err != nil {
		return fmt.Errorf("cannot scale role %s of incarnation %s: %w", role, id, err)
	}
	r.log.InfoContext(ctx, "incarnation scaled", "incarnation", id, "role", role, "generation", generation)
	return nil
}

func (r *Runtime) scale(ctx context.Context, f incarnation, role runtime.Role, n int, generation int64) error {
	if err := alive(f); err != nil {
		return err
	}
	processes, err := f.scalable(role, n)
	if err != nil {
		return err
	}
	if released, err := exists(filepath.Join(f.path(gateFolder), keeper.OrderFile)); err != nil || !released {
		return errors.Join(err, runtime.ErrNotReleased)
	}
	if err := f.advance(generation); err != nil {
		return err
	}
	ended, err := r.ended(f, processes)
	if err != nil {
		return err
	}
	if len(ended) > 0 {
		if err := r.replace(ctx, f, ended); err != nil {
			return err
		}
	}
	return r.startAll(ctx, f, processes)
}

// scalable lists the processes of a role as they were prepared.
func (i incarnation) scalable(role runtime.Role, n int) ([]runtime.ProcessID, error) {
	was, err := readPrepared(i)
	if err != nil {
		return nil, err
	}
	var out []runtime.ProcessID
	for _, p := range was.Processes {
		if p.Role != role {
			continue
		}
		if p.Gate {
			return nil, errors.New("what has a gate never starts twice")
		}
		out = append(out, runtime.ProcessID{Role: p.Role, Index: p.Index})
	}
	if len(out) != n || n == 0 {
		return nil, fmt.Errorf("%d processes were asked for, but %d were prepared", n, len(out))
	}
	return out, nil
}

// advance remembers the highest generation.
func (i incarnation) advance(generation int64) error {
	highest, err := readNumber(i.path(scaledFile))
	switch {
	case err != nil:
		return fmt.Errorf("cannot read the generation: %w", err)
	case generation < highest:
		return fmt.Errorf("generation %d is below %d: %w", generation, highest, runtime.ErrStale)
	case generation == highest:
		return nil
	}
	if err := writeNumber(i.path(scaledFile), generation); err != nil {
		return fmt.Errorf("cannot write the generation: %w", err)
	}
	return nil
}

// ended picks the processes whose lock is free: nobody but us starts them again.
func (r *Runtime) ended(f incarnation, processes []runtime.ProcessID) (out []runtime.ProcessID, err error) {
	for _, p := range processes {
		held, err := r.held(f.role(p))
		if err != nil {
			return nil, err
		}
		if !held {
			out = append(out, p)
		}
	}
	return out, nil
}

// replace makes room for the next processes: nothing of the ended ones lives, and how they ended is kept.
func (r *Runtime) replace(ctx context.Context, f incarnation, ended []runtime.ProcessID) error {
	wanted := func(p runtime.ProcessID) bool { return slices.Contains(ended, p) }
	match := func(m marked) bool { return m.incarnation == f.id && wanted(m.process) }
	if _, err := r.end(ctx, []incarnation{f}, match, wanted); err != nil {
		return fmt.Errorf("cannot end what is left: %w", err)
	}
	for _, p := range ended {
		if err := r.retire(ctx, f, p); err != nil {
			return fmt.Errorf("cannot replace %s: %w", p, err)
		}
	}
	return nil
}

// retire takes an ended process's files out of the way. The last act is the rename: from then on it has not run, and a
// repeat has nothing to do here but to start it.
func (r *Runtime) retire(ctx context.Context, f incarnation, p runtime.ProcessID) error {
	path := f.role(p)
	if err := removeBut(filepath.Join(f.path(workFolder), p.String())); err != nil {
		return fmt.Errorf("cannot empty its working folder: %w", err)
	}
	if ran, err := ranBefore(path); err != nil || !ran {
		return err
	}
	if err := r.keepExit(ctx, path); err != nil {
		return fmt.Errorf("cannot keep how it ended: %w", err)
	}
	if err := r.awaitNoKeeper(ctx, path); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(path, keeper.RunningFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(filepath.Join(path, keeper.ExitFile), filepath.Join(path, keeper.ReplacedFile))
}

// keepExit writes exit.json where the keeper could not.
func (r *Runtime) keepExit(ctx context.Context, path string) error {
	exit, err := r.exitOf(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		exit, err = keeper.Exit{Code: -1}, nil
	}
	if err != nil {
		return err
	}
	file := filepath.Join(path, keeper.ExitFile)
	if there, err := exists(file); there || err != nil {
		return err
	}
	return keeper.WriteJSON(file, 0o600, exit)
}

// awaitNoKeeper waits until an ended process's keeper is gone, so that none writes where the next one will. All that it had
// to record is recorded, so one that stays is killed.
func (r *Runtime) awaitNoKeeper(ctx context.Context, path string) error {
	r.dismissKeeper(ctx, path)
	wait, began := backoff{}, time.Now()
	for {
		lives := false
		if err := eachProcess(func(pid int) { lives = lives || isKeeper(pid, path) }); err != nil || !lives {
			return err
		}
		if time.Since(began) > keeperPatience {
			if err := killKeeper(path); err != nil {
				return err
			}
		}
		if !wait.sleep(ctx) {
			return fmt.Errorf("its keeper is not gone yet: %w", ctx.Err())
		}
	}
}
