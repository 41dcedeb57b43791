package lifecycle

import (
	"context"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/runtime"
)

// A change brings up a new incarnation in place of one that may live: update, stateless update, last-state update, relaunch, rollback.
// One list of steps does all of them, warm or cold, and the way back (docs/decisions/0006). Facts say which.

const (
	changeDeadline = time.Hour
	// prepareLimit is how long a new incarnation may take to be held beside a living one; then the update goes on cold.
	prepareLimit = 3 * time.Minute
	// placeLimit is how long a process of it may be without a place to run, as its target says: a node may come, or another pod may go.
	placeLimit = 30 * time.Second
)

func changeKind(name string) kind {
	return kind{name: name, version: 1, deadline: changeDeadline, settle: settleChange, steps: []step{
		{name: "stage", limit: stageLimit, look: lookStage, decide: decideStage, act: actStage},
		{name: "room", limit: time.Minute, look: lookRoom, decide: decideRoom, act: actBury},
		{name: "intend", look: lookIntend, decide: decideIntend},
		{name: "prepare", limit: time.Minute, look: lookPrepare, decide: decidePrepare, act: actPrepare},
		{name: "preflight", limit: time.Minute, look: lookPreflight, decide: decidePreflight},
		{name: "checkpoint", look: lookCheckpoint, decide: decideCheckpoint, act: actCheckpoint},
		{name: "stop", urgent: true, look: lookStop, decide: decideStop, act: actTrigger},
		{name: "hand-over", urgent: true, look: lookHandOver, decide: decideHandOver, act: actHandOver},
		{name: "release", urgent: true, look: lookIncarnation, decide: decideRelease, act: actRelease},
		{name: "await-running", look: lookRunning, decide: decideRunning},
		{name: "bury", limit: time.Minute, look: lookLiving, decide: decideBuryOthers, act: actBuryOthers},
		{name: "verify", limit: 2 * time.Minute, look: lookVerifyChange, decide: decideVerifyChange},
		{name: "gate", look: lookGate, decide: decideGate},
		{name: "rescale", onlyFailed: true, look: lookRescale, decide: decideRescale, act: actRescale},
		{name: "return", limit: time.Minute, onlyFailed: true, look: lookReturn, decide: decideReturn, act: actBury},
		{name: "withdraw", limit: time.Minute, onlyFailed: true, look: lookLiving, decide: decideWithdraw, act: actWithdraw},
	}}
}

func lookRoom(f facts) questions {
	if f.Way == "" {
		return lookLiving(f)
	}
	return questions{Room: true}
}

// decideRoom: beside the living one if there is memory for both; else what runs is stopped first, and the log says why. Where nothing is
// said to live, that is proved first.
func decideRoom(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if f.Way == "" {
		rows, alive := buryAll(a, now, "", "")
		if alive {
			return f, engine.Act(rows...)
		}
		return f, engine.Done(rows...)
	}
	if why := a.Room.Cold; why != "" {
		return f, cold(f, why)
	}
	f.Beside = true
	return f, engine.Done().Say(fmt.Sprintf("warm: the new incarnation is prepared beside the running one (%d MB; %s)", a.Room.NeedMB, a.Room.free()))
}

// cold goes on to end the living one first.
func cold(f facts, why string) engine.Verdict {
	next := "stop"
	if f.Way != bySavepoint {
		next = "checkpoint"
	}
	return engine.Back(next).Say("cold: " + why + "; the running incarnation is stopped before the new one is started")
}

func lookPrepare(f facts) questions {
	q := lookIncarnation(f)
	if f.Beside && !f.Handed {
		q.Other = f.Source
	}
	return q
}

// decideBuryOthers ends every incarnation of the job but the new one.
func decideBuryOthers(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	rows, alive := buryAll(a, now, "", f.Incarnation)
	if alive {
		return f, engine.Act(rows...)
	}
	return f, engine.Done(rows...).Say("the processes of the incarnation before are proved dead")
}

func actBuryOthers(ctx context.Context, w *world, _ string, f facts) error {
	return w.killAll(ctx, f.Job, f.Incarnation)
}

func lookVerifyChange(f facts) questions {
	return questions{Incarnation: f.Incarnation, Metadata: f.Savepoint, Timing: true}
}

// decideVerifyChange reads the savepoint back to its last file, and writes down what the gap was made of. The new incarnation runs from
// the savepoint already, so a fault of it stops nothing: it is said, and the savepoint is not offered as complete.
func decideVerifyChange(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	var rows []engine.Row
	say := "nothing to verify: no savepoint was taken"
	if m := a.Metadata; m != nil && m.Problem != "" {
		say = fmt.Sprintf("the savepoint %s is not complete: %s", f.Savepoint, m.Problem)
	} else if m != nil {
		rows = append(rows, jobIs{UID: f.Job, LastSavepoint: f.Savepoint},
			savepointIs{Trigger: f.Trigger, URI: f.Savepoint, Origin: origin(f), Complete: true, Bytes: m.Bytes, CheckpointID: m.CheckpointID, At: now})
		say = fmt.Sprintf("verified: checkpoint %d, %d bytes", m.CheckpointID, m.Bytes)
	}
	if gap := measure(f, a); gap != nil {
		rows = append(rows, gapIs{ID: f.Incarnation, Gap: *gap})
		say += "; " + gap.String()
	}
	return f, engine.Done(rows...).Say(say)
}

// sourceGone reports whether the incarnation that lived at the beginning has lost a process: then it is dealt with first, and nothing
// else is begun.
func sourceGone(a answers) bool {
	if a.Other == nil {
		return false
	}
	s := a.Other.Process(runtime.ProcessID{Role: runtime.JobManager}).State
	_, missing := taskManagerEnded(a.Other)
	return missing || a.Other.Dead || s == runtime.Exited || s == runtime.Absent
}

// settleChange says where things stand when a change failed.
func settleChange(f facts, reason *cluster.Error) []engine.Row {
	job := jobIs{UID: f.Job, Result: cluster.ResultFailed, Output: outputFailure(reason, excerpt(f.Failure))}
	rows := closeTrigger(f, reason)
	if f.Draft {
		rows = append(rows, versionFailed{Job: f.Job, Number: f.Version, Why: reason.Code + ": " + reason.Message})
	} else if !f.Returning && f.Version != f.Previous {
		rows = append(rows, versionNote{Job: f.Job, Number: f.Version, Why: reason.Code + ": " + reason.Message})
	}
	switch {
	case reason.Code == codeNeedsChoice && f.Released && f.Failure != nil && !f.Failure.Ended: // the new version runs on, and a person chooses
	case f.Returning && reason.Code == codeRolledBack:
		job.Goal = f.Previous
	case f.Handed:
		job.NotRunning, job.Status, job.Goal = true, cluster.JobFailed, f.Previous
		if reason.Code == codeNeedsChoice {
			job.Goal = 0
		}
		rows = append(rows, clusterIs{UID: f.Cluster, Phase: cluster.Failed})
	default: // the running job was not touched; or nothing ran
		job.Goal = f.Previous
		if f.Way == "" {
			rows = append(rows, settledAt(f)...)
			job.NotRunning = true
		}
	}
	if f.Before != nil && job.Goal == f.Previous {
		rows = append(rows, specIs{UID: f.Cluster, ETag: newETag(), Properties: *f.Before})
	}
	return append(rows, job)
}

// settledAt: a change of a job that did not run leaves it where it was. What was released and failed is Failed.
func settledAt(f facts) []engine.Row {
	phase := f.Was
	if phase != cluster.Stopped || f.Released {
		phase = cluster.Failed
	}
	return []engine.Row{clusterIs{UID: f.Cluster, Phase: phase}}
}
