package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

// The change of a running job's parallelism in place: by Flink's adaptive scheduler, without a new process. A checkpoint was made just
// before, since Flink goes on from the newest one; and one is asked for right after, since Flink takes a parallelism over when the next one
// is complete (internal/flink/flinktest: the trace of a rescale).

const (
	rescaleLimit  = 2 * time.Minute
	askAgainAfter = 5 * time.Second
)

// rescaleAnswer is how far a job is from the parallelism that is wanted.
type rescaleAnswer struct {
	Want    map[string]int // by vertex, those that differ
	Problem string         // why it cannot be
	Of      cluster.Version
}

func lookRescale(f facts) questions {
	return questions{Incarnation: f.Source, Job: true, Rescale: true, Fresh: true}
}

func decideRescale(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	r := a.Rescale
	switch {
	case jobManagerGone(a) || a.Job.State.Terminal():
		return giveUp(f, lost())
	case r == nil:
		return f, engine.Again(pollRunning)
	case r.Problem != "":
		return giveUp(f, cluster.Errorf(cluster.Conflict, "ParallelismAboveMax", "", "%s", r.Problem))
	case len(r.Want) == 0 && a.Job.AllRunning:
		return f, engine.Finish(incarnationRuns{ID: f.Source, Version: f.Version}, versionGood{Job: f.Job, Number: f.Version, At: now},
			versionGraph{Job: f.Job, Number: f.Version, Operators: r.Of.Operators, Scalable: r.Of.Scalable},
			jobIs{UID: f.Job, Running: f.Version, Status: cluster.JobRunning}, acceptedRow(f)).Say(fmt.Sprintf("the job runs with parallelism %d", f.Rescale))
	case f.AskedAt.IsZero():
		f.AskedAt, f.AwaitSince, f.Prompt = now, now, a.Fresh[0]
		return f, engine.Act()
	case now.Sub(f.AwaitSince) > rescaleLimit:
		return giveUp(f, cluster.Errorf(cluster.Conflict, "RescaleFailed", "", "Flink did not take the new parallelism over within %v.", rescaleLimit).
			WithHint("`drey cluster version rollback` to version %d starts the job anew with it", f.Version))
	case now.Sub(f.AskedAt) > askAgainAfter: // the same again: whoever was killed, Flink has it now
		f.AskedAt, f.Prompt = now, a.Fresh[0]
		return f, engine.Act()
	}
	return f, engine.Again(pollRunning)
}

func actRescale(ctx context.Context, w *world, _ string, f facts) error {
	inc, err := w.incarnation(ctx, f.Source)
	if err != nil {
		return err
	}
	a := answers{Row: &inc}
	r, err := w.lookRescale(ctx, f, a)
	if err != nil || r == nil {
		return err
	}
	if err := w.flinkAt(inc).RescaleTo(ctx, f.SourceJob, r.Want); err != nil {
		return err
	}
	return w.flinkAt(inc).TriggerCheckpoint(ctx, f.SourceJob, f.Prompt)
}

// lookRescale compares each vertex that the program leaves to the configuration; nil: the JobManager did not answer.
func (w *world) lookRescale(ctx context.Context, f facts, a answers) (*rescaleAnswer, error) {
	r := &rescaleAnswer{Want: map[string]int{}}
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		r.Of, err = tx.Version(f.Job, f.Previous)
		return err
	})
	if err != nil {
		return nil, err
	}
	job, err := w.flinkAt(*a.Row).JobDetails(ctx, a.Row.FlinkJobID)
	if err != nil {
		return nil, ctx.Err()
	}
	for _, v := range job.Vertices {
		if !slices.Contains(r.Of.Scalable, v.ID) || v.Parallelism == f.Rescale {
			continue
		}
		if v.MaxParallelism > 0 && f.Rescale > v.MaxParallelism {
			r.Problem = fmt.Sprintf("%s has a maximum parallelism of %d: it cannot have %d.", v.Name, v.MaxParallelism, f.Rescale)
		}
		r.Want[v.ID] = f.Rescale
	}
	return r, nil
}
