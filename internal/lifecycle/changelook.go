package lifecycle

import (
	"context"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
)

// What the steps of a change ask the world, beyond what every launch asks.

// roomBeside says whether a second set of processes fits beside the running one. It is not reserved (R06): what counts is what is free now.
func (w *world) roomBeside(ctx context.Context, f facts) (*roomAnswer, error) {
	r, rt, err := w.launchAt(ctx, f)
	if err != nil {
		return nil, err
	}
	a := &roomAnswer{NeedMB: r.version.Launch.ReservedMB()}
	if r.version.Launch.Off(cluster.KeyWarm) {
		a.Cold = cluster.KeyWarm + " is false"
		return a, nil
	}
	if a.Fit, err = rt.Fits(ctx, a.NeedMB); err != nil {
		return nil, fmt.Errorf("cannot see how much memory is free: %w", err)
	}
	if a.Fit.Known && !a.Fit.Fits {
		a.Cold = fmt.Sprintf("%d MB are needed beside the running incarnation, and %s", a.NeedMB, a.free())
	}
	return a, nil
}

// lookOther sees the processes of a second incarnation.
func (w *world) lookOther(ctx context.Context, id string, a *answers) error {
	inc, err := w.incarnation(ctx, id)
	if err != nil {
		return err
	}
	rt, seen, err := w.observe(ctx, inc)
	if err != nil {
		return err
	}
	a.Other, a.OtherDiagnosis = &seen, w.diagnose(ctx, rt, seen)
	return nil
}

// parses reads the metadata of the savepoint that a trigger speaks of, and of no other file: it lies in the gap.
func (w *world) parses(ctx context.Context, t triggerAnswer) (*string, error) {
	if t.Location == "" {
		return nil, nil
	}
	uri, err := w.parse(t.Location)
	if err != nil {
		return nil, err
	}
	problem := ""
	if c, err := w.candidate(ctx, uri); err != nil {
		return nil, err
	} else if !c.Parses {
		problem = "its metadata does not parse"
	}
	return &problem, nil
}

// lookCheckpoint asks the JobManager what came of a checkpoint that was asked for.
func (w *world) lookCheckpoint(ctx context.Context, trigger string, a *answers) error {
	if jobManagerGone(*a) {
		a.Checkpoint.Unreachable = true
		return nil
	}
	s, err := w.flinkAt(*a.Row).CheckpointStatus(ctx, a.Row.FlinkJobID, trigger)
	if err != nil {
		a.Checkpoint.Unreachable = true
		return ctx.Err()
	}
	a.Checkpoint = checkpointAnswer{InProgress: s.InProgress, ID: s.ID}
	if s.Failure != "" {
		a.Checkpoint.Failure = flink.RootCause(s.Failure)
	}
	return nil
}

// health asks the JobManager what the gate must know. nil: it did not answer.
func (w *world) health(ctx context.Context, a answers) (*health, error) {
	if a.Job == nil || a.Job.Unreachable || a.Job.Unknown || jobManagerGone(a) {
		return nil, nil
	}
	c := w.flinkAt(*a.Row)
	h := &health{Gate: w.Gate}
	checkpoints, err := c.Checkpoints(ctx, a.Row.FlinkJobID)
	if err != nil {
		return nil, ctx.Err()
	}
	if done := checkpoints.LatestCompleted; done != nil {
		h.Completed = done.ID
	}
	if failed := checkpoints.LatestFailed; failed != nil {
		h.Trouble = "The newest one failed: " + failed.Message
	}
	failures, err := c.Exceptions(ctx, a.Row.FlinkJobID)
	if err != nil {
		return nil, ctx.Err()
	}
	h.Restarts = len(failures)
	if h.Restarts > 0 {
		d := flink.DiagnoseJob(failures)
		h.Last = &d
	}
	config, err := c.CheckpointConfig(ctx, a.Row.FlinkJobID)
	if err != nil {
		return nil, ctx.Err()
	}
	h.Interval = config.Interval
	return h, nil
}

// registered asks the JobManager for its TaskManagers; nil if it does not answer.
func (w *world) registered(ctx context.Context, a answers) (map[string]string, error) {
	if jobManagerGone(a) {
		return nil, nil
	}
	all, err := w.flinkAt(*a.Row).TaskManagers(ctx)
	if err != nil {
		return nil, ctx.Err()
	}
	return all, nil
}

// timing asks the JobManager when what happened; nil if it does not say.
func (w *world) timing(ctx context.Context, a answers) *flink.Timing {
	if a.Row == nil || jobManagerGone(a) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	t, err := w.flinkAt(*a.Row).Timing(ctx, a.Row.FlinkJobID)
	if err != nil {
		w.Log.InfoContext(ctx, "cannot read what a start was made of", "incarnation", a.Row.ID, "error", err)
		return nil
	}
	return &t
}
