package lifecycle

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/store"
)

// world answers questions from what is really there: the store's rows, the runtime, Flink's REST and the storage. It only reads;
// effects are in effects.go.
type world struct{ Config }

// newID makes 32 lower-case hex digits.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// flinkAt is the client of an incarnation's JobManager. Its port is not re-used while the incarnation may live, and every question
// names a job id that only that incarnation knows, so a stranger at the address is found out.
func (w *world) flinkAt(inc cluster.Incarnation) *flink.Client {
	t, ok := w.Targets[inc.Target]
	if !ok {
		return flink.New("", nowhere{inc.Target})
	}
	at := t.Endpoint(runtime.IncarnationID(inc.ID), inc.RESTPort)
	return flink.New(at.URL, at.Transport).Through(w.Metrics.Transport)
}

// nowhere is the way to a target that is not here any more.
type nowhere struct{ target string }

// RoundTrip implements [http.RoundTripper].
func (n nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, noTarget(n.target) }

func noTarget(name string) error { return fmt.Errorf("there is no target %q here", name) }

// runtimeOf is the one of the job's target.
func (w *world) runtimeOf(target string) (runtime.Runtime, error) {
	t, ok := w.Targets[target]
	if !ok {
		return nil, noTarget(target)
	}
	return t.Runtime, nil
}

// ports are the ranges of all targets.
func (w *world) ports() map[string][2]int {
	all := make(map[string][2]int, len(w.Targets))
	for name, t := range w.Targets {
		all[name] = t.Ports
	}
	return all
}

// answer asks the world, in the order that saves most: rows, processes, Flink, storage.
func (w *world) answer(ctx context.Context, op string, f facts, q questions) (answers, error) {
	var a answers
	if q.Fresh {
		a.Fresh, a.Ports = [2]string{newID(), newID()}, w.ports()
	}
	steps := []struct {
		asked bool
		ask   func() error
	}{
		{q.Staged, func() (err error) { a.Staged, err = w.readStaged(ctx, op, f); return err }},
		{q.Restore, func() (err error) { a.Restore, err = w.chooseRestore(ctx, f); return err }},
		{q.Incarnation != "", func() error { return w.lookIncarnation(ctx, f, q.Incarnation, &a) }},
		{q.Living != "", func() (err error) { a.Living, err = w.living(ctx, q.Living); return err }},
		// The trigger before the job: a job is FINISHED no later than its stop is COMPLETED, so that the one is never seen without the other.
		{q.Trigger != "", func() error { return w.lookTrigger(ctx, q.Trigger, &a) }},
		{q.Job, func() error { return w.lookJob(ctx, q, &a) }},
		{q.Directory != "", func() (err error) { a.Directory, err = w.completeIn(ctx, q.Directory); return err }},
		{q.Metadata != "", func() (err error) { a.Metadata, err = w.metadata(ctx, q.Metadata); return err }},
		{q.Leftovers != "", func() (err error) { a.Leftovers, err = w.leftovers(ctx, f); return err }},
		{q.Other != "", func() error { return w.lookOther(ctx, q.Other, &a) }},
		{q.Parse, func() (err error) { a.Parsed, err = w.parses(ctx, *a.Trigger); return err }},
		{q.Checkpoint != "", func() error { return w.lookCheckpoint(ctx, q.Checkpoint, &a) }},
		{q.Room, func() (err error) { a.Room, err = w.roomBeside(ctx, f); return err }},
		{q.Preflight, func() (err error) { a.Preflight, err = w.preflight(ctx, f); return err }},
		{q.Own != "", func() (err error) { a.Own, err = w.ownCheckpoints(ctx, f, q.Own); return err }},
		{q.Health, func() (err error) { a.Health, err = w.health(ctx, a); return err }},
		{q.Registered, func() (err error) { a.Registered, err = w.registered(ctx, a); return err }},
		{q.Rescale, func() (err error) { a.Rescale, err = w.lookRescale(ctx, f, a); return err }},
		{q.Reach != "", func() (err error) { a.Reach, err = w.reach(ctx, q.Reach); return err }},
		{q.Nested, func() (err error) { a.Nested, a.Stuck, err = w.nested(ctx, f); return err }},
		{q.Timing, func() error { a.Timing = w.timing(ctx, a); return nil }},
	}
	for _, s := range steps {
		if !s.asked {
			continue
		}
		if err := s.ask(); err != nil {
			return a, err
		}
	}
	return a, nil
}

// lookIncarnation sees the row and the processes of one incarnation; and if something of it ended, why.
func (w *world) lookIncarnation(ctx context.Context, f facts, id string, a *answers) error {
	var inc cluster.Incarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		inc, err = tx.Incarnation(id)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot read incarnation %s: %w", id, err)
	}
	return w.see(ctx, inc, a)
}

// see sees the processes of an incarnation.
func (w *world) see(ctx context.Context, inc cluster.Incarnation, a *answers) error {
	rt, seen, err := w.observe(ctx, inc)
	if err != nil {
		return err
	}
	a.Row, a.Incarnation = &inc, &seen
	a.Diagnosis = w.diagnose(ctx, rt, seen)
	return nil
}

// diagnose says why a process ended or main() threw; nil if nothing did. The JobManager's end explains most, so it is asked first.
func (w *world) diagnose(ctx context.Context, rt runtime.Runtime, seen runtime.Status) *flink.Diagnosis {
	for _, p := range seen.Processes {
		if p.Role == runtime.JobManager && p.Gate.Gate == runtime.GateFailed {
			d := flink.DiagnoseMain(p.Gate.Failure)
			return &d
		}
	}
	for _, p := range seen.Processes {
		if p.State == runtime.Exited {
			d := flink.DiagnoseExit(flink.Exit{Role: string(p.Role), Code: p.Exit.Code, Signal: p.Exit.Signal, OOM: p.Exit.OOM},
				w.tail(ctx, rt, seen.ID, p))
			return &d
		}
	}
	return nil
}

const tailBytes = 64 << 10

// tail is the end of a process's own output, "" if it cannot be read.
func (w *world) tail(ctx context.Context, rt runtime.Runtime, id runtime.IncarnationID, p runtime.ProcessStatus) string {
	r, _, err := rt.Logs(ctx, id, p.ProcessID, p.LogStart)
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }()
	last := make([]byte, 0, 2*tailBytes)
	piece := make([]byte, 32<<10)
	for {
		n, err := r.Read(piece)
		last = append(last, piece[:n]...)
		if len(last) > tailBytes {
			last = append(last[:0], last[len(last)-tailBytes:]...)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.Log.WarnContext(ctx, "cannot read a log to its end", "incarnation", id, "process", p.ProcessID.String(), "error", err)
			}
			return string(last)
		}
	}
}

// living sees every incarnation of a job that is not proved dead in our books.
func (w *world) living(ctx context.Context, job string) ([]living, error) {
	var rows []cluster.Incarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Incarnations(job)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read incarnations: %w", err)
	}
	var all []living
	for _, inc := range rows {
		if inc.Phase == cluster.Dead || inc.Phase == cluster.Abandoned {
			continue
		}
		_, seen, err := w.observe(ctx, inc)
		if err != nil {
			return nil, err
		}
		all = append(all, living{Row: inc, Status: seen})
	}
	return all, nil
}

// lookJob asks the JobManager for the job. No answer is an answer.
func (w *world) lookJob(ctx context.Context, q questions, a *answers) error {
	j := &jobAnswer{}
	a.Job = j
	if a.Row.FlinkJobID == "" || a.jobManager().State != runtime.Alive && a.jobManager().State != runtime.Unknown {
		j.Unreachable = true
		return nil
	}
	c := w.flinkAt(*a.Row)
	state, err := c.JobStatus(ctx, a.Row.FlinkJobID)
	switch {
	case errors.Is(err, flink.ErrNotFound):
		j.Unknown = true
		return nil
	case err != nil:
		j.Unreachable = true
		return ctx.Err()
	}
	j.State = state
	switch {
	case state == flink.Failed:
		return w.lookFailure(ctx, c, a)
	case state == flink.Running && (q.Brief || !q.Restored && q.Trigger != ""):
		j.AllRunning = true // asked for a trigger's sake: a savepoint under way needs no look at each task
		return nil
	case state == flink.Running:
		return w.lookTasks(ctx, c, q, a)
	}
	return nil
}

// lookTasks: a job is RUNNING for Flink before its tasks are.
func (w *world) lookTasks(ctx context.Context, c *flink.Client, q questions, a *answers) error {
	d, err := c.JobDetails(ctx, a.Row.FlinkJobID)
	if err != nil {
		a.Job.Unreachable = true
		return ctx.Err()
	}
	a.Job.AllRunning = d.AllRunning()
	if !q.Restored || !a.Job.AllRunning {
		return nil
	}
	cp, err := c.Checkpoints(ctx, a.Row.FlinkJobID)
	if err != nil {
		a.Job.Unreachable = true
		return ctx.Err()
	}
	if cp.LatestRestored != nil {
		a.Job.HasRestored, a.Job.Restored = true, cp.LatestRestored.Path
	}
	return nil
}

func (w *world) lookFailure(ctx context.Context, c *flink.Client, a *answers) error {
	list, err := c.Exceptions(ctx, a.Row.FlinkJobID)
	if err != nil {
		a.Job.Unreachable = true
		return ctx.Err()
	}
	d := flink.DiagnoseJob(list)
	a.Job.Failure = &d
	return nil
}

// lookTrigger asks the JobManager what came of a trigger.
func (w *world) lookTrigger(ctx context.Context, trigger string, a *answers) error {
	t := &triggerAnswer{}
	a.Trigger = t
	if jobManagerGone(*a) {
		t.Unreachable = true
		return nil
	}
	s, err := w.flinkAt(*a.Row).SavepointStatus(ctx, a.Row.FlinkJobID, trigger)
	if err != nil {
		t.Unreachable = true
		return ctx.Err()
	}
	t.Unknown, t.InProgress, t.Location = s.Unknown, s.InProgress, s.Location
	if s.Failure != nil {
		t.Failure, t.Written = flink.RootCause(s.Failure.Stack), s.Failure.Written()
	}
	return nil
}
