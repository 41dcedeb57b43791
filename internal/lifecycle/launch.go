package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// The steps that bring a job up, shared by create and start.

const (
	pollStart  = 40 * time.Millisecond
	portTries  = 3
	stageLimit = 10 * time.Minute
)

// launchSteps end in bury, which only a failed launch reaches: its failure is told once its processes are proved dead.
func launchSteps() []step {
	return []step{
		{name: "stage", limit: stageLimit, look: lookStage, decide: decideStage, act: actStage},
		{name: "intend", look: lookIntend, decide: decideIntend},
		{name: "prepare", limit: time.Minute, look: lookIncarnation, decide: decidePrepare, act: actPrepare},
		{name: "release", look: lookIncarnation, decide: decideRelease, act: actRelease},
		{name: "await-running", look: lookRunning, decide: decideRunning},
		{name: "bury", limit: time.Minute, onlyFailed: true, look: lookLiving, decide: decideBuryLaunch, act: actBury},
	}
}

func lookStage(f facts) questions { return questions{Staged: f.Draft} }

func decideStage(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	switch {
	case !f.Draft:
		return f, engine.Done()
	case a.Staged == nil:
		return f, engine.Act()
	case a.Staged.Error != nil:
		f.Failure = a.Staged.Error
		return f, engine.Fail(f.Failure.error())
	}
	f.Draft = false
	v := engine.Done(frozen{Job: f.Job, Number: f.Version, Staged: *a.Staged})
	return f, v.Say(fmt.Sprintf("version %d: %s, sha256 %s, %d bytes", f.Version, a.Staged.Jar.Name, a.Staged.Jar.SHA256, a.Staged.Jar.Bytes))
}

func actStage(ctx context.Context, w *world, op string, f facts) error { return w.stage(ctx, op, f) }

func lookIntend(facts) questions { return questions{Fresh: true, Restore: true} }

func decideIntend(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if p := a.Restore.Problem; p != nil {
		f.Failure = p
		return f, engine.Fail(p.error())
	}
	f.Restore = a.Restore.URI
	f.Incarnation, f.FlinkJob = a.Fresh[0], a.Fresh[1]
	v := engine.Done(intend{ID: f.Incarnation, FlinkJob: f.FlinkJob, Restore: f.Restore, Job: f.Job, Version: f.Version, At: now, Ports: a.Ports})
	from := "empty"
	if f.Restore != "" {
		from = f.Restore
	}
	return f, v.Say(fmt.Sprintf("incarnation %s of version %d starts from: %s", short(f.Incarnation), f.Version, from))
}

func lookIncarnation(f facts) questions { return questions{Incarnation: f.Incarnation} }

// decidePrepare waits until the JobManager stands at its gate and every TaskManager is up.
func decidePrepare(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if d := ended(a); d != nil {
		if d.Code == flink.CodePortUnavailable && f.PortTries < portTries {
			f.PortTries++ // the sweeper frees what was prepared here
			return f, engine.Back("intend").Say("a port was taken by somebody else; trying others")
		}
		return failLaunch(f, *d)
	}
	held := a.jobManager().State == runtime.Held
	if a.jobManager().State == runtime.Absent {
		return f, engine.Act()
	}
	for i := range a.Row.TaskManagers {
		switch a.process(runtime.TaskManager, i).State {
		case runtime.Absent:
			return f, engine.Act()
		case runtime.Alive, runtime.Held:
		default:
			held = false
		}
	}
	if !held {
		return f, engine.Again(pollStart)
	}
	return f, engine.Done(incarnationIs{ID: f.Incarnation, Phase: cluster.Held, At: now}).Say("all processes are up and held")
}

func actPrepare(ctx context.Context, w *world, _ string, f facts) error { return w.prepare(ctx, f) }

// order is what the gate is given.
type order struct {
	RestorePath           string `json:"restorePath"`
	JobID                 string `json:"jobId"`
	AllowNonRestoredState bool   `json:"allowNonRestoredState"`
}

// orderOf is the one order of an incarnation: repeated, it is the same to the byte.
func orderOf(f facts) []byte {
	raw, err := json.Marshal(order{RestorePath: f.Restore, JobID: f.FlinkJob})
	if err != nil {
		panic(err)
	}
	return raw
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func decideRelease(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	jm := a.jobManager()
	if a.Incarnation.OrderDigest != "" || jm.Gate.Gate == runtime.GateOpened || jm.Gate.Gate == runtime.GateDone || jm.Gate.Gate == runtime.GateFailed {
		return f, engine.Done().Say("released")
	}
	if d := ended(a); d != nil {
		return failLaunch(f, *d)
	}
	if a.Row.Phase == cluster.Releasing {
		return f, engine.Act()
	}
	return f, engine.Act(
		incarnationIs{ID: f.Incarnation, Phase: cluster.Releasing, At: now, OrderDigest: digest(orderOf(f))},
		jobIs{UID: f.Job, FlinkJob: f.FlinkJob},
	)
}

func actRelease(ctx context.Context, w *world, _ string, f facts) error {
	return w.release(ctx, f)
}

func lookRunning(f facts) questions {
	return questions{Incarnation: f.Incarnation, Job: true, Restored: true}
}

// decideRunning waits until all tasks run and Flink says that it restored what it was told to.
func decideRunning(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if d := ended(a); d != nil {
		return failLaunch(f, *d)
	}
	gate := a.jobManager().Gate
	if gate.Gate == runtime.GateDone && len(gate.Jobs) == 0 {
		return failLaunch(f, flink.Diagnosis{Code: "NoJobSubmitted", Message: "main() ended without calling execute(): no job was submitted."})
	}
	j := a.Job
	switch {
	case j.Failure != nil:
		return failLaunch(f, *j.Failure)
	case j.Unreachable || j.Unknown:
		return f, engine.Again(pollStart)
	case j.State == flink.Canceled:
		return failLaunch(f, flink.Diagnosis{Code: "JobCanceled", Message: "The job was canceled while it started, by somebody who is not Drey."})
	case !j.AllRunning && j.State != flink.Finished:
		return f, engine.Again(pollStart)
	case !j.HasRestored && f.Restore != "":
		return f, engine.Again(pollStart) // its statistics are a moment behind
	case !sameURI(j.Restored, f.Restore):
		return failLaunch(f, flink.Diagnosis{Code: "StateMismatch", Message: fmt.Sprintf("Flink restored %q, not %q.", j.Restored, f.Restore)})
	}
	return f, engine.Finish(
		incarnationIs{ID: f.Incarnation, Phase: cluster.Live, At: now},
		clusterIs{UID: f.Cluster, Phase: cluster.Running},
		jobIs{UID: f.Job, Status: string(j.State), Result: cluster.ResultSuccess, Output: cluster.OutputStatus(string(j.State)), Running: f.Version, FlinkJob: f.FlinkJob},
	).Say("the job is " + string(j.State))
}

// ended says why a launch cannot go on: its JobManager or a TaskManager ended, or main() threw.
func ended(a answers) *flink.Diagnosis {
	if a.jobManager().Gate.Gate == runtime.GateFailed || a.jobManager().State == runtime.Exited {
		return a.Diagnosis
	}
	for _, p := range a.Incarnation.Processes {
		if p.State == runtime.Exited {
			return a.Diagnosis
		}
	}
	return nil
}

// failLaunch keeps the cause and goes to bury what was started.
func failLaunch(f facts, d flink.Diagnosis) (facts, engine.Verdict) {
	f.Failure = &failure{Code: d.Code, Message: d.Message, Hint: d.Hint, Excerpt: d.Excerpt}
	return f, engine.Back("bury").Say(d.Code + ": " + d.Message)
}

// decideBuryLaunch tells the failure once everything is dead.
func decideBuryLaunch(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	rows, alive := bury(a, now, failureText(f.Failure))
	if alive {
		return f, engine.Act(rows...)
	}
	if len(rows) > 0 {
		return f, engine.Again(0, rows...)
	}
	return f, engine.Fail(f.Failure.error())
}

// settleLaunch leaves the cluster Failed, with the cause where every caller looks for it.
func settleLaunch(f facts, reason *cluster.Error) []engine.Row {
	status := cluster.JobFailed
	if f.FirstRun || f.Incarnation == "" {
		status = cluster.JobLaunchFailed
	}
	rows := []engine.Row{
		clusterIs{UID: f.Cluster, Phase: cluster.Failed},
		jobIs{UID: f.Job, Status: status, Result: cluster.ResultFailed, Output: outputFailure(reason, excerpt(f.Failure)), NotRunning: true},
	}
	if f.Draft {
		rows = append(rows, versionFailed{Job: f.Job, Number: f.Version, Why: reason.Code + ": " + reason.Message})
	}
	return rows
}

func failureText(f *failure) string {
	if f == nil {
		return ""
	}
	return f.Code + ": " + f.Message
}

func excerpt(f *failure) string {
	if f == nil {
		return ""
	}
	return f.Excerpt
}
