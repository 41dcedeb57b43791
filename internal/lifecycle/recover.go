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

// Recovery without a person: a job that ended by itself is started again from its newest provable state; a TaskManager that ended is
// replaced inside its incarnation. Both have a budget.

const (
	kindRecover  = cluster.KindRecover
	kindReplace  = cluster.KindReplace
	pollRegister = 100 * time.Millisecond
)

// Recovery is how often, and how soon, a job that ends by itself is started again.
type Recovery struct {
	Budget  int           // recoveries within Window; beyond it the job is Failed
	Window  time.Duration // counted back from now
	Backoff time.Duration // before the second one, doubled each time
	Most    time.Duration // greatest backoff
	// Register is how long a replaced TaskManager may take until the job runs again; then the whole incarnation is given up.
	Register time.Duration
}

// wait is the backoff before one more recovery, after so many; the first is not waited for.
func (r Recovery) wait(after int) time.Duration {
	if after == 0 {
		return 0
	}
	wait := r.Backoff
	for i := 1; i < after && wait < r.Most; i++ {
		wait *= 2
	}
	return min(wait, r.Most)
}

func recoverKind() kind {
	return kind{name: kindRecover, version: 1, deadline: 2 * time.Hour, watcher: true, settle: settleRecover, steps: []step{
		buryStep(func(facts) []engine.Row { return nil }),
		{name: "intend", look: lookIntend, decide: decideIntend},
		{name: "prepare", limit: time.Minute, look: lookIncarnation, decide: decidePrepare, act: actPrepare},
		{name: "release", look: lookIncarnation, decide: decideRelease, act: actRelease},
		{name: "await-running", look: lookRunning, decide: decideRunning},
		{name: "measure", look: lookMeasure, decide: decideMeasure},
		{name: "withdraw", limit: time.Minute, onlyFailed: true, look: lookLiving, decide: decideRecoverAgain, act: actBury},
	}}
}

// decideRecoverAgain tries once more after a while, as long as the budget lasts.
func decideRecoverAgain(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	rows, alive := buryAll(a, now, failureText(f.Failure), "")
	if alive {
		return f, engine.Act(rows...)
	}
	f.Attempts++
	if f.Attempts >= f.Budget {
		if len(rows) > 0 {
			f.Attempts--
			return f, engine.Again(0, rows...)
		}
		return f, engine.Fail(crashLoop(f.Attempts, failureText(f.Failure)))
	}
	if f.Released { // it may have completed checkpoints of its own
		f.Provable = f.Incarnation
	}
	wait := f.Policy.wait(f.Attempts)
	f.After, f.Chosen, f.Released, f.Incarnation, f.FlinkJob = now.Add(wait), false, false, "", ""
	return f, engine.Back("intend", rows...).Say(fmt.Sprintf("that start failed; trying again in %v", wait))
}

// crashLoop is how recovery gives up.
func crashLoop(times int, cause string) *cluster.Error {
	return cluster.Errorf(cluster.Conflict, "CrashLoop", "", "The job ended by itself, and %d starts in a row did not keep it up. Last: %s", times, cause).
		WithHint("repair the cause, then RE_LAUNCH, or UPDATE with a repaired version: both go on from the newest state")
}

func settleRecover(f facts, reason *cluster.Error) []engine.Row {
	return []engine.Row{
		clusterIs{UID: f.Cluster, Phase: cluster.Failed},
		jobIs{UID: f.Job, Status: cluster.JobFailed, Output: outputFailure(reason, excerpt(f.Failure)), NotRunning: true},
	}
}

func replaceKind() kind {
	return kind{name: kindReplace, version: 1, deadline: time.Hour, watcher: true, settle: settleReplace, steps: []step{
		{name: "scale", limit: time.Minute, look: lookSource, decide: decideScale, act: actScale},
		{name: "await-registered", look: lookRegistered, decide: decideRegistered},
		{name: "bury", limit: time.Minute, onlyFailed: true, look: func(f facts) questions { return questions{Incarnation: f.Source} }, decide: decideGiveUp, act: actKillSource},
	}}
}

func lookSource(f facts) questions { return questions{Incarnation: f.Source, Registered: true} }

// decideScale starts the TaskManagers that ended anew, under their own index.
func decideScale(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	switch {
	case jobManagerGone(a) || a.Row.Declared != nil:
		return f, engine.Finish(restarting(f)).Say("the JobManager is gone as well; the incarnation is recovered as a whole")
	case now.Before(f.After):
		return f, engine.Again(min(f.After.Sub(now), time.Second))
	}
	_, missing := taskManagerEnded(a.Incarnation)
	switch {
	case missing && f.Attempts == 0:
		f.Attempts++
		f.Gone = registeredGone(a)
		return f, engine.Act()
	case missing:
		return f, engine.Finish(restarting(f)).Say("it ended again at once") // the watcher counts it against the budget
	}
	f.AwaitSince = now
	return f, engine.Done().Say("every TaskManager has a process again")
}

// registeredGone are the registrations of TaskManagers that ended: what Flink shows until it learns of it.
func registeredGone(a answers) map[string]string {
	gone := map[string]string{}
	for _, p := range a.Incarnation.Processes {
		if id := flink.TaskManagerID(p.Index); p.Role == runtime.TaskManager && p.State == runtime.Exited {
			gone[id] = a.Registered[id]
		}
	}
	return gone
}

// registered reports whether every TaskManager that was replaced has registered anew.
func registered(f facts, a answers) bool {
	for id, before := range f.Gone {
		if now := a.Registered[id]; now == "" || now == before {
			return false
		}
	}
	return true
}

func actScale(ctx context.Context, w *world, _ string, f facts) error {
	inc, rt, err := w.placed(ctx, f.Source)
	if err != nil {
		return err
	}
	return rt.Scale(ctx, runtime.IncarnationID(inc.ID), runtime.TaskManager, inc.TaskManagers, f.Replaced)
}

func lookRegistered(f facts) questions {
	return questions{Incarnation: f.Source, Job: true, Registered: true}
}

// decideRegistered waits until the job runs on all its TaskManagers again.
func decideRegistered(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	_, missing := taskManagerEnded(a.Incarnation)
	switch {
	case jobManagerGone(a) || a.Row.Declared != nil || a.Job.State.Terminal():
		return f, engine.Finish(restarting(f)).Say("the job ended; that is dealt with next")
	case missing:
		return f, engine.Finish(restarting(f)).Say("a TaskManager ended again")
	case a.Job.AllRunning && registered(f, a):
		return f, engine.Finish(jobIs{UID: f.Job, Status: string(a.Job.State)}).Say("the job runs again")
	case now.Sub(f.AwaitSince) > f.Policy.Register:
		return f, engine.Back("bury").Say(fmt.Sprintf("the job does not run again within %v; the incarnation is given up and recovered", f.Policy.Register))
	}
	return f, engine.Again(pollRegister)
}

// decideGiveUp ends the incarnation; the watcher then sees its end, and recovers the job.
func decideGiveUp(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	if !a.Incarnation.Dead {
		return f, engine.Act()
	}
	return f, engine.Finish(restarting(f)).Say("the incarnation is proved dead")
}

// restarting is the job's word until what follows has brought it back: Flink itself may have said RUNNING in between.
func restarting(f facts) engine.Row { return jobIs{UID: f.Job, Status: "RESTARTING"} }

func actKillSource(ctx context.Context, w *world, _ string, f facts) error {
	return w.kill(ctx, f.Source)
}

func settleReplace(facts, *cluster.Error) []engine.Row { return nil }
