package lifecycle

import (
	"context"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/runtime"
)

// The steps that end processes: cancel, bury, sweep. Nothing here gives grace; whoever wants state has taken it before.

const (
	pollEnd     = 50 * time.Millisecond
	cancelGrace = time.Minute
)

func lookLiving(f facts) questions { return questions{Living: f.Job} }

// buryAll says what to write for the incarnations that are proved dead, and whether any is left that is not; but for one that is spared.
func buryAll(a answers, now time.Time, cause, spared string) (rows []engine.Row, alive bool) {
	for _, l := range a.Living {
		switch {
		case l.Row.ID == spared:
		case l.Status.Dead:
			rows = append(rows, incarnationIs{ID: l.Row.ID, Phase: cluster.Dead, At: now, Cause: cause})
		default:
			alive = true
		}
	}
	return rows, alive
}

// actBury kills every incarnation of the job that is not proved dead.
func actBury(ctx context.Context, w *world, _ string, f facts) error {
	return w.killAll(ctx, f.Job, "")
}

// buryStep kills until all is dead, then ends with the rows that then hold.
func buryStep(rows func(f facts) []engine.Row) step {
	return step{name: "bury", limit: time.Minute, look: lookLiving, act: actBury,
		decide: func(f facts, a answers, now time.Time) (facts, engine.Verdict) {
			dead, alive := buryAll(a, now, "", "")
			if alive {
				return f, engine.Act(dead...)
			}
			return f, engine.Done(append(dead, rows(f)...)...).Say(deadLine(a))
		}}
}

// deadLine says by what all that was buried is dead.
func deadLine(a answers) string {
	for _, l := range a.Living {
		if by := l.Row.Declared; by != nil {
			return "all processes are dead: proved, or by the word of " + by.Who
		}
	}
	return "all processes are proved dead"
}

// cancelKind ends a job for good, without a savepoint.
func cancelKind() kind {
	return kind{name: "job.cancel", version: 1, deadline: 5 * time.Minute, settle: settleCancel, steps: []step{
		{name: "cancel", look: lookCancel, decide: decideCancel, act: actCancel},
		buryStep(func(f facts) []engine.Row {
			return []engine.Row{
				clusterIs{UID: f.Cluster, Phase: cluster.Stopped},
				jobIs{UID: f.Job, Status: cluster.JobCanceled, Result: cluster.ResultSuccess, Output: cluster.OutputStatus(cluster.JobCanceled), NotRunning: true, Canceled: true},
			}
		}),
	}}
}

func lookCancel(f facts) questions {
	if f.Source == "" {
		return questions{}
	}
	return questions{Incarnation: f.Source, Job: true}
}

// decideCancel asks Flink first, so that sinks are closed in order; but it does not depend on Flink's answer.
func decideCancel(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if f.Source == "" || a.Incarnation.Dead || a.jobManager().State == runtime.Exited || a.jobManager().State == runtime.Absent {
		return f, engine.Done()
	}
	if a.Row.Phase == cluster.Intended || a.Row.Phase == cluster.Held || a.Job.Unknown || a.Job.State.Terminal() {
		return f, engine.Done()
	}
	if f.CancelSince.IsZero() {
		f.CancelSince = now
		return f, engine.Act()
	}
	if now.Sub(f.CancelSince) > cancelGrace {
		return f, engine.Done().Say("Flink did not cancel within a minute; its processes are ended")
	}
	if a.Job.Unreachable || a.Job.State == "CANCELLING" {
		return f, engine.Again(pollEnd)
	}
	return f, engine.Act()
}

func actCancel(ctx context.Context, w *world, _ string, f facts) error { return w.cancel(ctx, f) }

func settleCancel(f facts, reason *cluster.Error) []engine.Row {
	return []engine.Row{jobIs{UID: f.Job, Result: cluster.ResultFailed, Output: outputFailure(reason, "")}}
}

const kindRetire = "job.retire"

// retireKind books a job that ended by itself.
func retireKind() kind {
	return kind{name: kindRetire, version: 1, deadline: 5 * time.Minute, watcher: true, settle: settleRetire, steps: []step{
		buryStep(func(f facts) []engine.Row {
			e := f.Ending
			row := jobIs{UID: f.Job, Status: e.Status, Output: cluster.OutputStatus(e.Status), NotRunning: true}
			if e.Code != "" {
				row.Output = outputFailure(&cluster.Error{Code: e.Code, Message: e.Cause}, "")
			}
			return []engine.Row{clusterIs{UID: f.Cluster, Phase: e.Phase}, row}
		}),
	}}
}

func settleRetire(f facts, _ *cluster.Error) []engine.Row {
	return []engine.Row{clusterIs{UID: f.Cluster, Phase: f.Ending.Phase}}
}

// deleteKind removes a cluster. What lies in the user's storage stays, but for what was asked to be purged (R17).
func deleteKind() kind {
	return kind{name: "cluster.delete", version: 1, deadline: 30 * time.Minute, settle: settleDelete, steps: []step{
		buryStep(func(facts) []engine.Row { return nil }),
		{name: "sweep", limit: 5 * time.Minute, look: lookSweep, decide: decideSweep, act: actSweep},
	}}
}

func lookSweep(f facts) questions { return questions{Leftovers: f.Job} }

func decideSweep(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	if !a.Leftovers.Forgotten {
		return f, engine.Act()
	}
	rows := make([]engine.Row, 0, len(a.Leftovers.Incarnations)+1)
	for _, id := range a.Leftovers.Incarnations {
		rows = append(rows, incarnationGone{ID: id})
	}
	return f, engine.Done(append(rows, clusterGone{UID: f.Cluster})...).Say(a.Leftovers.Kept)
}

func actSweep(ctx context.Context, w *world, op string, f facts) error { return w.sweep(ctx, op, f) }

// settleDelete leaves the cluster Deleting: the operation's error says why.
func settleDelete(f facts, reason *cluster.Error) []engine.Row {
	return []engine.Row{jobIs{UID: f.Job, Result: cluster.ResultFailed, Output: outputFailure(reason, "")}}
}
