package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// The steps that bring a job up, shared by create, start, the changes and recovery.

const (
	pollStart = 40 * time.Millisecond
	// pollRunning is slower: what the JobManager answers, the start it is at work on waits for, and the gap is told by Flink's own times.
	pollRunning = 100 * time.Millisecond
	portTries   = 3
	stageLimit  = 10 * time.Minute
	// runningLimit is how long a released job may take until all its tasks run: restoring large state is slow.
	runningLimit = 15 * time.Minute
)

// launchSteps end in withdraw, which only a failed launch reaches: its failure is told once its processes are proved dead.
func launchSteps() []step {
	return []step{
		{name: "stage", limit: stageLimit, look: lookStage, decide: decideStage, act: actStage},
		{name: "intend", look: lookIntend, decide: decideIntend},
		{name: "prepare", limit: time.Minute, look: lookIncarnation, decide: decidePrepare, act: actPrepare},
		{name: "preflight", limit: time.Minute, look: lookPreflight, decide: decidePreflight},
		{name: "release", look: lookIncarnation, decide: decideRelease, act: actRelease},
		{name: "await-running", look: lookRunning, decide: decideRunning},
		{name: "measure", look: lookMeasure, decide: decideMeasure},
		{name: "withdraw", limit: time.Minute, onlyFailed: true, look: lookLiving, decide: decideWithdraw, act: actWithdraw},
	}
}

// startSteps first end what a stop left whose savepoint could not be verified: its JobManager stood for a person to see, who has decided now.
func startSteps() []step {
	room := step{name: "room", limit: time.Minute, look: lookRoom, decide: decideRoom, act: actBury}
	return slices.Insert(launchSteps(), 1, room)
}

func lookStage(f facts) questions { return questions{Staged: f.Draft} }

func decideStage(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	switch {
	case !f.Draft && f.Rescale > 0:
		return f, engine.Back("checkpoint").Say(inPlaceLine(f))
	case !f.Draft:
		return f, engine.Done()
	case a.Staged == nil:
		return f, engine.Act()
	case a.Staged.Error != nil:
		f.Failure = a.Staged.Error
		return f, engine.Fail(f.Failure.error())
	}
	f.Draft = false
	if same := a.Staged.SameAs; same > 0 {
		dropped := versionDropped{Job: f.Job, Number: f.Version}
		f.Version = same
		return f, engine.Done(jobIs{UID: f.Job, Goal: same}, dropped).Say(fmt.Sprintf("identical to version %d: no new version is made", same))
	}
	v := engine.Done(frozen{Job: f.Job, Number: f.Version, Staged: *a.Staged})
	if f.Rescale = a.Staged.Rescale; f.Rescale > 0 {
		v = engine.Back("checkpoint", frozen{Job: f.Job, Number: f.Version, Staged: *a.Staged}).Say(inPlaceLine(f))
	}
	return f, v.Say(fmt.Sprintf("version %d: %s, sha256 %s, %d bytes", f.Version, a.Staged.Jar.Name, a.Staged.Jar.SHA256, a.Staged.Jar.Bytes))
}

func inPlaceLine(f facts) string {
	return fmt.Sprintf("only the parallelism changes, to %d: the running job takes it over in place", f.Rescale)
}

func actStage(ctx context.Context, w *world, op string, f facts) error { return w.stage(ctx, op, f) }

func lookIntend(f facts) questions { return questions{Fresh: true, Restore: asksRestore(f)} }

// asksRestore: what is started from is known before, or only once the living incarnation has given it.
func asksRestore(f facts) bool { return !f.Chosen && (f.Way == "" || f.SavePointName != "") }

func decideIntend(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if now.Before(f.After) {
		return f, engine.Again(min(f.After.Sub(now), time.Second))
	}
	if asksRestore(f) {
		if p := a.Restore.Problem; p != nil {
			f.Failure = p
			return f, engine.Fail(p.error())
		}
		f.Restore, f.Chosen = a.Restore.URI, true
	}
	f.Incarnation, f.FlinkJob, f.PreparedAt = a.Fresh[0], a.Fresh[1], now
	v := engine.Done(intend{ID: f.Incarnation, FlinkJob: f.FlinkJob, Restore: f.Restore, Job: f.Job, Version: f.Version, At: now, Ports: a.Ports, Origin: originOf(f), Beside: f.Beside && !f.Handed})
	from := "what the running one leaves"
	switch {
	case f.Restore != "":
		from = f.Restore
	case f.Chosen:
		from = "empty"
	}
	return f, v.Say(fmt.Sprintf("incarnation %s of version %d starts from: %s", short(f.Incarnation), f.Version, from))
}

func originOf(f facts) cluster.Origin {
	switch {
	case f.Returning:
		return cluster.ByReturn
	case f.Ending != nil:
		return cluster.ByRecovery
	}
	return cluster.ByCaller
}

func lookIncarnation(f facts) questions { return questions{Incarnation: f.Incarnation} }

// notBeside says why it is no use to wait longer for a new incarnation beside the living one; "" while it may still come.
func notBeside(f facts, a answers, now time.Time) string {
	waited := now.Sub(f.PreparedAt)
	if !f.Beside || f.Handed || a.Incarnation == nil {
		return ""
	}
	for _, p := range a.Incarnation.Processes {
		if p.NoPlace != "" && waited > placeLimit {
			return fmt.Sprintf("%s finds no place beside the running incarnation (%s)", p.ProcessID, p.NoPlace)
		}
	}
	if waited > prepareLimit {
		return fmt.Sprintf("the new incarnation was not ready within %v", prepareLimit)
	}
	return ""
}

// decidePrepare waits until the JobManager stands at its gate and every TaskManager is up.
func decidePrepare(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if sourceGone(a) {
		return failLaunch(f, sourceLost())
	}
	if d := ended(a); d != nil {
		if d.Code == flink.CodePortUnavailable && f.PortTries < portTries {
			f.PortTries++ // the sweeper frees what was prepared here
			return f, engine.Back("intend").Say("a port was taken by somebody else; trying others")
		}
		return failLaunch(f, *d)
	}
	held, absent := a.jobManager().State == runtime.Held, a.jobManager().State == runtime.Absent
	for i := range a.Row.TaskManagers {
		switch a.process(runtime.TaskManager, i).State {
		case runtime.Absent:
			held, absent = false, true
		case runtime.Alive, runtime.Held:
		default:
			held = false
		}
	}
	if why := notBeside(f, a, now); !held && why != "" {
		f.Beside, f.Incarnation, f.FlinkJob = false, "", "" // the sweeper frees what was prepared
		return f, cold(f, why)
	}
	switch {
	case absent:
		return f, engine.Act()
	case !held:
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
	raw, err := json.Marshal(order{RestorePath: f.Restore, JobID: f.FlinkJob, AllowNonRestoredState: f.AllowDropped && !f.Returning})
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
	if opened(a) {
		f.Released = true
		return f, engine.Done().Say("released")
	}
	if d := ended(a); d != nil {
		return failLaunch(f, *d)
	}
	if f.ReleasedAt.IsZero() || a.Row.Phase != cluster.Releasing {
		f.ReleasedAt = now
	}
	if a.Row.Phase == cluster.Releasing {
		return f, engine.Act()
	}
	return f, engine.Act(releasing(f, now), jobIs{UID: f.Job, FlinkJob: f.FlinkJob})
}

func actRelease(ctx context.Context, w *world, _ string, f facts) error {
	return w.release(ctx, f)
}

func lookRunning(f facts) questions {
	return questions{Incarnation: f.Incarnation, Job: true, Restored: true}
}

// decideRunning waits until all tasks run and Flink says that it restored what it was told to.
func decideRunning(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	gate := a.jobManager().Gate
	if gate.Gate == runtime.GateDone && len(gate.Jobs) == 0 { // before its end is asked for: up to Flink 2.2 that follows, and tells less
		return failLaunch(f, flink.Diagnosis{Code: "NoJobSubmitted", Message: "main() ended without calling execute(): no job was submitted."})
	}
	if d := ended(a); d != nil {
		return failLaunch(f, *d)
	}
	j := a.Job
	switch {
	case j.Failure != nil:
		return failLaunch(f, *j.Failure)
	case now.Sub(f.ReleasedAt) > runningLimit:
		return failLaunch(f, flink.Diagnosis{Code: "StartTimeout", Message: fmt.Sprintf("Not all tasks of the job ran within %v.", runningLimit)})
	case j.Unreachable || j.Unknown:
		return f, engine.Again(pollRunning)
	case j.State == flink.Canceled:
		return failLaunch(f, flink.Diagnosis{Code: "JobCanceled", Message: "The job was canceled while it started, by somebody who is not Drey."})
	case !j.AllRunning && j.State != flink.Finished:
		return f, engine.Again(pollRunning)
	case !j.HasRestored && f.Restore != "":
		return f, engine.Again(pollRunning) // its statistics are a moment behind
	case !sameURI(j.Restored, f.Restore):
		return failLaunch(f, flink.Diagnosis{Code: "StateMismatch", Message: fmt.Sprintf("Flink restored %q, not %q.", j.Restored, f.Restore)})
	}
	f.RunningAt = now
	rows := []engine.Row{incarnationIs{ID: f.Incarnation, Phase: cluster.Live, At: now}, clusterIs{UID: f.Cluster, Phase: cluster.Running}}
	job := jobIs{UID: f.Job, Status: string(j.State), Output: cluster.OutputStatus(string(j.State)), Running: f.Version, FlinkJob: f.FlinkJob}
	say := "the job is " + string(j.State)
	if f.Change {
		return f, engine.Done(append(rows, job)...).Say(say)
	}
	if f.Ending == nil { // a recovery is nobody's action
		job.Result = cluster.ResultSuccess
	}
	return f, engine.Done(append(rows, job)...).Say(say)
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

// failLaunch keeps the cause and goes to bury what was started; or back to the version before, if one gave way already.
func failLaunch(f facts, d flink.Diagnosis) (facts, engine.Verdict) {
	first := f.Failure
	f.Failure = failureOf(d)
	f.Failure.Ended = true
	next := "withdraw"
	switch {
	case f.Returning && first != nil:
		f.Failure.Message = fmt.Sprintf("%s Going back to version %d failed too: %s", first.Message, f.Version, d.Message)
	case f.Change && f.Handed:
		next = "return"
	}
	return f, engine.Back(next).Say(d.Code + ": " + d.Message)
}

func failureOf(d flink.Diagnosis) *failure {
	return &failure{Code: d.Code, Message: d.Message, Hint: d.Hint, Excerpt: d.Excerpt}
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
