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

// The hand-over: from the incarnation that lives to the next one. What lies between "the savepoint is complete" and Release is the job's
// gap, so it is one commit, then SIGKILL to the old TaskManagers, then the release (design decision 19).

const (
	pollHandOver = 10 * time.Millisecond
	// checkpointLimit is how long a change waits for the checkpoint that spares repeats; the last complete one is as safe.
	checkpointLimit = 2 * time.Minute
)

// wantsCheckpoint: before a kill, and before a change in place.
func wantsCheckpoint(f facts) bool { return f.Source != "" && (f.Way != bySavepoint || f.Rescale > 0) }

func lookCheckpoint(f facts) questions {
	if !wantsCheckpoint(f) {
		return questions{}
	}
	return questions{Fresh: f.Checkpoint == "", Incarnation: f.Source, Job: true, Checkpoint: f.Checkpoint}
}

// decideCheckpoint asks for a checkpoint, so that little is repeated. It may fail: then the last complete one counts.
func decideCheckpoint(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	after := engine.Done()
	if f.Rescale > 0 {
		after = engine.Back("rescale")
	}
	switch {
	case !wantsCheckpoint(f):
		return f, after
	case jobManagerGone(a) || a.Job.State.Terminal() || a.Job.State == flink.Restarting || a.Job.State == flink.Failing:
		return f, after.Say("no checkpoint can be asked for; the last complete one counts")
	case f.Checkpoint == "":
		f.Checkpoint, f.AwaitSince, f.Asked = a.Fresh[0], now, true
		return f, engine.Act()
	}
	switch c := a.Checkpoint; {
	case c.Failure != "":
		return f, after.Say("the checkpoint failed, the last complete one counts: " + c.Failure)
	case c.ID > 0:
		f.LastSeen = c.ID
		return f, after.Say(fmt.Sprintf("checkpoint %d is complete", c.ID))
	case now.Sub(f.AwaitSince) > checkpointLimit:
		return f, after.Say("the checkpoint took too long; the last complete one counts")
	case c.InProgress || c.Unreachable || a.Job.Unreachable:
		return f, engine.Again(pollHandOver)
	case f.Asked: // it was asked just now: a JobManager that knows nothing of it is not asked without a pause
		f.Asked = false
		return f, engine.Again(pollEnd)
	default:
		f.Asked = true
		return f, engine.Act() // the same id: Flink takes it once
	}
}

func actCheckpoint(ctx context.Context, w *world, _ string, f facts) error {
	return w.checkpoint(ctx, f)
}

func lookStop(f facts) questions {
	if f.Way != bySavepoint {
		return questions{}
	}
	return lookTrigger(f)
}

// decideStop: a change that kills has nothing to stop.
func decideStop(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if f.Way != bySavepoint {
		return f, engine.Done()
	}
	return decideTrigger(f, a, now)
}

func lookHandOver(f facts) questions {
	if f.Handed && f.Beside {
		return questions{Other: f.Incarnation}
	}
	q := questions{Incarnation: f.Source}
	if f.Beside {
		q.Other = f.Incarnation
	}
	switch {
	case f.Handed:
	case f.Way == bySavepoint:
		q.Job, q.Trigger, q.Parse = true, f.Trigger, true
		if f.Deep {
			q.Directory = f.Directory
		}
	default:
		q.Restore = true
	}
	return q
}

// decideHandOver waits until the old incarnation is Quiet, or ends it and waits until it is Dead; then commits once.
func decideHandOver(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	switch {
	case f.Handed && f.Beside:
		return handedOver(f, a, now)
	case f.Handed:
		return makeRoom(f, a, now)
	case f.Way == bySavepoint:
		return decideOutcome(f, a, now, takeOver)
	case !a.Incarnation.Dead:
		if f.KilledAt.IsZero() {
			f.KilledAt = now
		}
		return f, engine.Act()
	case f.KilledAt.IsZero(): // it was dead already
		f.KilledAt = now
	}
	return fromLast(f, a, now)
}

// fromLast goes on from the newest provable state of the incarnation that is dead now; or without any, where that was asked for.
func fromLast(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	f.BackTo = a.Restore.URI
	if p := a.Restore.Problem; p != nil && f.Way == byLast {
		f.Handed, f.Failure = true, p
		return f, engine.Back("withdraw", incarnationIs{ID: f.Source, Phase: cluster.Dead, At: now}).Say(p.Code + ": " + p.Message)
	} else if p != nil {
		f.NoWayBack = p.Message
	}
	if f.Way == byLast {
		f.Restore = f.BackTo
	}
	return handOver(f, a, now, cluster.Dead)
}

// takeOver goes on from a complete savepoint. Quiet is enough to release the successor: Flink says that the job is FINISHED, and the
// savepoint's metadata parses. Anything else needs the proof that the old incarnation is dead.
func takeOver(f facts, a answers, uri string, now time.Time) (facts, engine.Verdict) {
	quiet := a.Job.State == flink.Finished && a.Parsed != nil && *a.Parsed == ""
	if !quiet && !a.Incarnation.Dead {
		f.Uncommitted = f.Uncommitted || a.Job.State != flink.Finished
		return f, engine.Act()
	}
	f.Savepoint, f.BackTo = uri, uri
	if !f.Chosen {
		f.Restore = uri
	}
	phase := cluster.Dead
	if quiet {
		phase = cluster.Quiet
	}
	return handOver(f, a, now, phase,
		triggerIs{ID: f.Trigger, State: cluster.TriggerComplete, Location: uri},
		savepointIs{Trigger: f.Trigger, URI: uri, Origin: origin(f), At: now})
}

// handOver is the one commit.
func handOver(f facts, a answers, now time.Time, old cluster.IncarnationPhase, rows ...engine.Row) (facts, engine.Verdict) {
	f.Handed, f.HandedAt, f.Chosen = true, now, true
	rows = append(rows, incarnationIs{ID: f.Source, Phase: old, At: now}, clusterIs{UID: f.Cluster, Phase: cluster.Starting})
	from := "empty"
	if f.Restore != "" {
		from = f.Restore
	}
	v := engine.Act()
	if d := broken(f, a); d != nil { // held no longer: cold, from the same state
		f.Beside, f.Incarnation, f.FlinkJob = false, "", ""
		v = v.Say("the new incarnation was lost while it was held (" + d.Message + "); it is started cold")
	}
	if f.Beside {
		f.Released, f.ReleasedAt = true, now
		rows = append(rows, releasing(f, now), jobIs{UID: f.Job, FlinkJob: f.FlinkJob, Status: "INITIALIZING"})
	}
	return f, v.With(rows...).Say("the old incarnation is " + string(old) + "; the new one starts from: " + from)
}

// broken says why the one that is held beside cannot be released; nil if it can.
func broken(f facts, a answers) *flink.Diagnosis {
	if !f.Beside {
		return nil
	}
	return ended(answers{Incarnation: a.Other, Diagnosis: a.OtherDiagnosis})
}

// handedOver: the gate must be open, else the same again.
func handedOver(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	next := answers{Incarnation: a.Other, Diagnosis: a.OtherDiagnosis}
	if opened(next) {
		return f, engine.Back("await-running")
	}
	if d := ended(next); d != nil {
		return failLaunch(f, *d)
	}
	return f, engine.Act()
}

// makeRoom: cold, all of the old incarnation goes before the new one is made.
func makeRoom(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if !a.Incarnation.Dead {
		return f, engine.Act()
	}
	return f, engine.Back("intend", incarnationIs{ID: f.Source, Phase: cluster.Dead, At: now})
}

// actHandOver ends the old incarnation, or only its TaskManagers where it is Quiet: user threads of theirs must not go on beside the new
// one. Then, if the commit is done, it opens the new one's gate.
func actHandOver(ctx context.Context, w *world, _ string, f facts) error {
	if !f.Handed || !f.Beside {
		return w.kill(ctx, f.Source)
	}
	if err := w.kill(ctx, f.Source, runtime.TaskManager); err != nil {
		w.Log.WarnContext(ctx, "cannot end the old TaskManagers before the release; they are buried after it", "incarnation", f.Source, "error", err)
	}
	return w.release(ctx, f)
}

// releasing is the row that makes an incarnation the one that may run.
func releasing(f facts, now time.Time) engine.Row {
	return incarnationIs{ID: f.Incarnation, Phase: cluster.Releasing, At: now, OrderDigest: digest(orderOf(f)), Restore: f.Restore}
}

// opened reports whether an incarnation has its order.
func opened(a answers) bool {
	gate := a.jobManager().Gate.Gate
	return a.Incarnation.OrderDigest != "" || gate == runtime.GateOpened || gate == runtime.GateDone || gate == runtime.GateFailed
}
