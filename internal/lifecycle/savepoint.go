package lifecycle

import (
	"context"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// The steps that take a savepoint: with a stop of the job, or while it runs on.

const (
	// lookDeeperAfter is when await begins to look into the folder as well.
	lookDeeperAfter = 2 * time.Second
	// stoppableLimit is how long a savepoint waits for a job that Flink restarts again and again.
	stoppableLimit = 2 * time.Minute
	// hangGrace is how long a stop may hang in a close() once its savepoint is complete (design section 5).
	hangGrace         = 10 * time.Second
	savepointDeadline = 15*time.Minute + 10*time.Minute // ours + Flink's own checkpoint timeout
)

// stopKind stops a job with a savepoint: nothing is buried before the savepoint was read back.
func stopKind() kind {
	return kind{name: "job.stop", version: 1, deadline: savepointDeadline, settle: settleStop, steps: []step{
		{name: "stop", look: lookTrigger, decide: decideTrigger, act: actTrigger},
		{name: "await", look: lookAwait, decide: decideAwait},
		{name: "verify", limit: 2 * time.Minute, look: lookVerify, decide: decideVerify},
		buryStep(func(f facts) []engine.Row {
			return []engine.Row{
				clusterIs{UID: f.Cluster, Phase: cluster.Stopped},
				jobIs{UID: f.Job, Status: cluster.JobStopped, Result: cluster.ResultSuccess, Output: stopOutput(f), LastSavepoint: f.Savepoint, NotRunning: true},
			}
		}),
	}}
}

func stopOutput(f facts) string {
	text := cluster.OutputSavepoint(f.Savepoint)
	if f.Uncommitted {
		text += "\nUncommittedSideEffects: the job failed while stopping; a start from this savepoint commits what is open."
	}
	return text
}

// savepointKind takes a savepoint of a job that runs on.
func savepointKind() kind {
	return kind{name: "job.savepoint", version: 1, deadline: savepointDeadline, settle: settleSavepoint, steps: []step{
		{name: "savepoint", look: lookTrigger, decide: decideTrigger, act: actTrigger},
		{name: "await", look: lookAwait, decide: decideAwait},
		{name: "verify", limit: 2 * time.Minute, look: lookVerify, decide: decideVerify},
	}}
}

func lookTrigger(f facts) questions {
	q := questions{Fresh: f.Trigger == "", Incarnation: f.Source, Job: true}
	if f.Trigger != "" {
		q.Trigger, q.Directory = f.Trigger, f.Directory
	}
	return q
}

// decideTrigger commits a trigger's names, sends it, and goes on once Flink is known to have it.
func decideTrigger(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if f.Trigger == "" {
		if f, v, over := notStoppable(f, a, now); over {
			return f, v
		}
		f.Asked = true
		f.Trigger, f.Attempt, f.AcceptedAt = a.Fresh[0], f.Attempt+1, now
		f.Directory = f.Base + "/" + f.Trigger
		return f, engine.Act(newTrigger{cluster.Trigger{
			ID: f.Trigger, JobUID: f.Job, Incarnation: f.Source, FlinkJobID: f.SourceJob, Stop: f.Stop,
			Directory: f.Directory, Attempt: f.Attempt, State: cluster.TriggerOpen, CreatedAt: now,
		}})
	}
	t := a.Trigger
	switch {
	case !t.Unreachable && !t.Unknown, jobManagerGone(a) || a.Job.State.Terminal(): // gone: what lies in the folder decides
		f.AwaitSince = now
		return f, engine.Done()
	case t.Unreachable || a.Job.Unreachable:
		return f, engine.Again(pollEnd)
	case len(a.Directory) > 0:
		return again(f, a.Directory[0], now)
	case f.Asked: // it was asked just now
		f.Asked = false
		return f, engine.Again(pollEnd)
	default:
		f.Asked = true
		return f, engine.Act() // the same id: Flink takes it once
	}
}

// notStoppable says why no savepoint can be asked for.
func notStoppable(f facts, a answers, now time.Time) (facts, engine.Verdict, bool) {
	_, missing := taskManagerEnded(a.Incarnation)
	switch {
	case jobManagerGone(a):
		f, v := giveUp(f, lost())
		return f, v, true
	case missing: // it is replaced once this operation is out of the way
		f, v := giveUp(f, cluster.Errorf(cluster.Conflict, "TaskManagerLost", "", "A TaskManager ended: no savepoint can be taken now.").WithHint("it is replaced by itself; try again when the job is RUNNING"))
		return f, v, true
	case a.Job.State.Terminal():
		f, v := giveUp(f, endedBefore(a, "it ended by itself"))
		return f, v, true
	case !a.Job.Unreachable && !a.Job.Unknown && a.Job.AllRunning:
		return f, engine.Verdict{}, false
	case f.AwaitSince.IsZero():
		f.AwaitSince = now
	case now.Sub(f.AwaitSince) > stoppableLimit:
		f, v := giveUp(f, cluster.Errorf(cluster.Conflict, "SavepointNotPossible", "", "The job's tasks did not all run at once within %v: Flink would decline a savepoint.", stoppableLimit).
			WithHint("LAST_STATE_UPDATE goes on from the last complete checkpoint"))
		return f, v, true
	}
	return f, engine.Again(pollEnd), true // a savepoint now would be declined
}

// giveUp ends an operation whose savepoint failed; a change first ends what it has prepared.
func giveUp(f facts, err *cluster.Error) (facts, engine.Verdict) {
	if !f.Change {
		return f, engine.Fail(err)
	}
	f.Failure = &failure{Code: err.Code, Message: err.Message, Hint: err.Hint}
	return f, engine.Back("withdraw").Say(err.Code + ": " + err.Message)
}

func endedBefore(a answers, why string) *cluster.Error {
	return cluster.Errorf(cluster.Conflict, "JobAlreadyFinished", "", "The job is %s: %s.", a.Job.State, why)
}

func lost() *cluster.Error {
	return cluster.Errorf(cluster.Conflict, "IncarnationLost", "", "The JobManager ended before the savepoint was complete.")
}

func jobManagerGone(a answers) bool {
	s := a.jobManager().State
	return a.Incarnation.Dead || s == runtime.Exited || s == runtime.Absent
}

// again: Flink forgot the trigger and the job runs on, but a complete savepoint is there. It is an ordinary savepoint, since the
// job ran on after it; a new attempt needs a new name.
func again(f facts, uri string, now time.Time) (facts, engine.Verdict) {
	rows := []engine.Row{
		triggerIs{ID: f.Trigger, State: cluster.TriggerComplete, Location: uri},
		savepointIs{Trigger: f.Trigger, URI: uri, Origin: originSavepoint, At: now},
	}
	if !f.Stop {
		f.Savepoint = uri
		return f, engine.Back("verify", rows...)
	}
	f.Trigger, f.Directory, f.CompleteAt = "", "", time.Time{}
	return f, engine.Back("stop", rows...).Say("the job went on after the savepoint; stopping it with another one")
}

func actTrigger(ctx context.Context, w *world, _ string, f facts) error { return w.trigger(ctx, f) }

func lookAwait(f facts) questions {
	q := questions{Incarnation: f.Source, Job: true, Trigger: f.Trigger}
	if f.Deep {
		q.Directory = f.Directory
	}
	return q
}

func decideAwait(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	return decideOutcome(f, a, now, complete)
}

// completed says what follows from a complete savepoint.
type completed func(f facts, a answers, uri string, now time.Time) (facts, engine.Verdict)

// decideOutcome: the trigger decides; where Flink does not know it, what lies in its folder does.
func decideOutcome(f facts, a answers, now time.Time, then completed) (facts, engine.Verdict) {
	t := a.Trigger
	if !f.Deep && (now.Sub(f.AwaitSince) > lookDeeperAfter || t.Unknown || jobManagerGone(a) || a.Job.State.Terminal() && t.Unreachable) {
		f.Deep = true
		return f, engine.Again(0)
	}
	switch {
	case t.Location != "":
		return then(f, a, t.Location, now)
	case t.Failure != "" && t.Written != "":
		f.Uncommitted = true
		return then(f, a, t.Written, now)
	case t.Failure != "":
		return giveUp(f, cluster.Errorf(cluster.Conflict, "SavepointFailed", "", "Flink refused the savepoint: %s", t.Failure))
	case t.InProgress:
		return decideHanging(f, a, now, then)
	case jobManagerGone(a) || a.Job.State.Terminal():
		return decideByFolder(f, a, now, then)
	case t.Unknown && !a.Job.Unreachable && len(a.Directory) > 0:
		return again(f, a.Directory[0], now)
	case t.Unknown && !a.Job.Unreachable && a.Job.State == flink.Running:
		return f, engine.Back(firstStep(f)) // never arrived, or forgotten: the same id again
	default:
		return f, engine.Again(pollEnd)
	}
}

func firstStep(f facts) string {
	if f.Stop {
		return "stop"
	}
	return "savepoint"
}

// decideHanging: a stop whose savepoint is complete may hang in a user's close() for ever. After a grace it is taken as it is.
func decideHanging(f facts, a answers, now time.Time, then completed) (facts, engine.Verdict) {
	switch {
	case !f.Stop || len(a.Directory) == 0 || a.Job.State != flink.Running:
		return f, engine.Again(pollHandOver)
	case f.CompleteAt.IsZero():
		f.CompleteAt = now
		return f, engine.Again(pollHandOver)
	case now.Sub(f.CompleteAt) < hangGrace:
		return f, engine.Again(pollHandOver)
	}
	f.Uncommitted = true
	f, v := then(f, a, a.Directory[0], now)
	return f, v.Say("the savepoint is complete, but the job does not end (a close() hangs); its processes are ended")
}

// decideByFolder: the JobManager is gone or forgot; nothing was processed after a stop's savepoint, so a complete one is taken.
func decideByFolder(f facts, a answers, now time.Time, then completed) (facts, engine.Verdict) {
	switch {
	case len(a.Directory) == 1:
		f.Uncommitted = f.Uncommitted || f.Stop && a.Job.State != flink.Finished
		return then(f, a, a.Directory[0], now)
	case jobManagerGone(a):
		return giveUp(f, lost())
	}
	return giveUp(f, endedBefore(a, "it ended before the savepoint was taken"))
}

// complete records where the savepoint lies. After a stop whose job is FINISHED the incarnation is Quiet.
func complete(f facts, a answers, uri string, now time.Time) (facts, engine.Verdict) {
	f.Savepoint = uri
	rows := []engine.Row{
		triggerIs{ID: f.Trigger, State: cluster.TriggerComplete, Location: uri},
		savepointIs{Trigger: f.Trigger, URI: uri, Origin: origin(f), At: now},
	}
	if f.Stop && a.Job.State == flink.Finished {
		rows = append(rows, incarnationIs{ID: f.Source, Phase: cluster.Quiet, At: now})
	}
	return f, engine.Done(rows...).Say("savepoint " + uri)
}

// The origins of savepoints that we asked for.
const (
	originStop      = "stop"
	originSavepoint = "savepoint"
)

func origin(f facts) string {
	if f.Stop {
		return originStop
	}
	return originSavepoint
}

func lookVerify(f facts) questions { return questions{Metadata: f.Savepoint} }

// decideVerify reads the savepoint back before anything is torn down.
func decideVerify(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if p := a.Metadata.Problem; p != "" {
		return f, engine.Fail(cluster.Errorf(cluster.Conflict, "SavepointUnverified", "", "The savepoint %s is not complete: %s", f.Savepoint, p))
	}
	row := savepointIs{Trigger: f.Trigger, URI: f.Savepoint, Origin: origin(f), Complete: true, Bytes: a.Metadata.Bytes, CheckpointID: a.Metadata.CheckpointID, At: now}
	say := fmt.Sprintf("verified: checkpoint %d, %d bytes", a.Metadata.CheckpointID, a.Metadata.Bytes)
	if f.Stop {
		return f, engine.Done(row, jobIs{UID: f.Job, LastSavepoint: f.Savepoint}).Say(say)
	}
	return f, engine.Done(row, jobIs{UID: f.Job, LastSavepoint: f.Savepoint, Result: cluster.ResultSuccess, Output: cluster.OutputSavepoint(f.Savepoint)}).Say(say)
}

// settleStop: a refused savepoint leaves the job running. What else is true the watcher finds out.
func settleStop(f facts, reason *cluster.Error) []engine.Row {
	phase := cluster.Running
	if reason.Code == "SavepointUnverified" {
		phase = cluster.Failed
	}
	rows := []engine.Row{
		clusterIs{UID: f.Cluster, Phase: phase},
		jobIs{UID: f.Job, Result: cluster.ResultFailed, Output: outputFailure(reason, "")},
	}
	return append(rows, closeTrigger(f, reason)...)
}

func settleSavepoint(f facts, reason *cluster.Error) []engine.Row {
	row := jobIs{UID: f.Job, Result: cluster.ResultFailed, Output: outputFailure(reason, "")}
	return append([]engine.Row{row}, closeTrigger(f, reason)...)
}

// closeTrigger closes what is known to have failed; a trigger whose outcome is open stays open, and the next stop takes it up.
func closeTrigger(f facts, reason *cluster.Error) []engine.Row {
	if f.Trigger == "" || reason.Code == "DeadlineExceeded" {
		return nil
	}
	return []engine.Row{triggerIs{ID: f.Trigger, State: cluster.TriggerFailed, Failure: reason.Code + ": " + reason.Message}}
}
