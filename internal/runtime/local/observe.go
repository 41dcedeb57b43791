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

// askTimeout bounds one question to a keeper. It answers within a millisecond, or not at all.
const askTimeout = time.Second

// Observe implements [runtime.Runtime].
func (r *Runtime) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	if checkID(id) != nil {
		return runtime.Status{ID: id, SeenAt: time.Now()}, nil
	}
	all, err := r.observe(ctx, []incarnation{r.folder(id)})
	if err != nil {
		return runtime.Status{}, fmt.Errorf("cannot observe incarnation %s: %w", id, err)
	}
	return all[0], nil
}

// List implements [runtime.Runtime].
func (r *Runtime) List(ctx context.Context) ([]runtime.Status, error) {
	folders, err := r.folders()
	if err != nil {
		return nil, err
	}
	all, err := r.observe(ctx, folders)
	if err != nil {
		return nil, fmt.Errorf("cannot observe the incarnations: %w", err)
	}
	return all, nil
}

// folders lists the incarnations of which anything is left.
func (r *Runtime) folders() ([]incarnation, error) {
	entries, err := os.ReadDir(filepath.Join(r.config.Dir, "run"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the incarnations: %w", err)
	}
	var out []incarnation
	for _, e := range entries {
		if isID(e.Name()) {
			out = append(out, r.folder(runtime.IncarnationID(e.Name())))
		}
	}
	return out, nil
}

// observe sees incarnations: first files and locks, then, for those that may be dead, all processes once. In this order it
// is a proof: behind a tombstone and free locks only a process that carries the marker could make another.
func (r *Runtime) observe(ctx context.Context, folders []incarnation) ([]runtime.Status, error) {
	out := make([]runtime.Status, len(folders))
	scan := false
	for n, f := range folders {
		var err error
		if out[n], err = r.observeOne(ctx, f); err != nil {
			return nil, err
		}
		scan = scan || out[n].Dead
	}
	if !scan {
		return out, nil
	}
	found, err := r.scanTwice()
	if err != nil {
		return nil, err
	}
	for n := range out {
		lives := slices.ContainsFunc(found, func(m marked) bool { return m.incarnation == out[n].ID })
		out[n].Dead = out[n].Dead && !lives
	}
	return out, nil
}

// observeOne sees one incarnation. Dead in its answer means only: a tombstone is there and all locks are free.
func (r *Runtime) observeOne(ctx context.Context, f incarnation) (runtime.Status, error) {
	s := runtime.Status{ID: f.id}
	var err error
	if s.Tombstone, err = f.tombstoned(); err != nil {
		return s, err
	}
	order, err := keeper.ReadOrder(f.path(gateFolder))
	if err == nil {
		s.OrderDigest = keeper.OrderDigest(order)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("cannot read the order: %w", err)
	}
	roles, err := f.roles()
	if err != nil {
		return s, err
	}
	s.Dead = s.Tombstone
	for _, p := range roles {
		seen, free := r.observeProcess(ctx, f, p, s.OrderDigest != "")
		s.Processes = append(s.Processes, seen)
		s.Dead = s.Dead && free
	}
	s.SeenAt = time.Now()
	return s, ctx.Err()
}

// observeProcess sees one process; free says that its lock is.
func (r *Runtime) observeProcess(ctx context.Context, f incarnation, p runtime.ProcessID, released bool) (s runtime.ProcessStatus, free bool) {
	s = runtime.ProcessStatus{ProcessID: p, State: runtime.Unknown}
	held, err := r.held(f.role(p))
	if err == nil {
		err = r.observeFiles(ctx, f.role(p), held, released, &s)
	}
	if err != nil {
		r.log.WarnContext(ctx, "cannot see a process", "incarnation", f.id, "process", p.String(), "error", err)
		return runtime.ProcessStatus{ProcessID: p, State: runtime.Unknown}, false
	}
	return s, !held
}

// observeFiles fills s from a role folder, given whether its lock is held. The gate's files are read where they lie: they
// are all that its keeper could tell.
func (r *Runtime) observeFiles(ctx context.Context, path string, held, released bool, s *runtime.ProcessStatus) error {
	running, err := keeper.ReadRunning(path)
	ran := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.PID, s.LogStart = running.PID, running.LogStart
	if ran {
		s.Life = fmt.Sprintf("%d since %d", running.PID, running.StartTime) // a PID alone comes again
	}
	if s.Gate, err = gateOf(path); err != nil {
		return err
	}
	if s.Replaced, err = replacedBy(path); err != nil {
		return err
	}
	switch {
	case held && s.Gate.Gate == runtime.GateReady && !released:
		s.State = runtime.Held
	case held:
		s.State = runtime.Alive
	default:
		return r.observeEnd(ctx, path, ran, s)
	}
	return nil
}

// observeEnd fills s for a process whose lock is free.
func (r *Runtime) observeEnd(ctx context.Context, path string, ran bool, s *runtime.ProcessStatus) error {
	exit, err := r.exitOf(ctx, path)
	switch {
	case err == nil:
		s.State, s.Exit = runtime.Exited, told(exit)
	case errors.Is(err, errNotReaped):
		s.State = runtime.Alive
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case ran: // nobody saw how
		s.State, s.Exit = runtime.Exited, runtime.Exit{Code: -1}
	case s.Replaced != nil: // the next one is not there yet
		s.State, s.Exit, s.Replaced = runtime.Exited, *s.Replaced, nil
	default:
		s.State = runtime.Absent
	}
	return nil
}

func told(e keeper.Exit) runtime.Exit {
	return runtime.Exit{Code: e.Code, Signal: e.Signal, OOM: e.OOM, At: e.At}
}

// replacedBy reads how the process ended that the one of a role folder replaced; nil if there was none.
func replacedBy(path string) (*runtime.Exit, error) {
	exit, err := keeper.ReadReplaced(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	e := told(exit)
	return &e, err
}

// gateOf reads what the gate of a process says; nothing, if it has none.
func gateOf(path string) (runtime.GateInfo, error) {
	in, err := keeper.ReadInput(path)
	if errors.Is(err, fs.ErrNotExist) {
		return runtime.GateInfo{}, nil
	}
	if err != nil {
		return runtime.GateInfo{}, err
	}
	g, err := keeper.ReadGate(in.Gate)
	return runtime.GateInfo{Gate: runtime.Gate(g.Gate), Jobs: g.Jobs, Failure: g.Failure, At: g.At, OpenedAt: g.Opened}, err
}

// errNotReaped says that a process let go of its lock, but its parent says that it lives.
var errNotReaped = errors.New("the process has not ended")

// exitOf reads how a process whose lock is free ended; [fs.ErrNotExist] if nobody saw it. Between its death and exit.json
// its keeper needs a moment, which we give it; where the disk is full, the keeper's word is as good.
func (r *Runtime) exitOf(ctx context.Context, path string) (keeper.Exit, error) {
	client, _ := keeper.Open(path, r.transport)
	wait, deadline := backoff{}, time.Now().Add(askTimeout)
	for {
		exit, err := keeper.ReadExit(path)
		if client == nil || !errors.Is(err, fs.ErrNotExist) {
			return exit, err
		}
		s, err := ask(ctx, client)
		switch {
		case err != nil: // it is gone, and may have written its last word just before
			return keeper.ReadExit(path)
		case s.Exit != nil:
			return *s.Exit, nil
		case time.Now().After(deadline) || !wait.sleep(ctx):
			return keeper.Exit{}, errNotReaped
		}
	}
}

// ask asks a keeper for its status, with a bound.
func ask(ctx context.Context, client *keeper.Client) (keeper.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return client.Status(ctx)
}
