package lifecycle

import (
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// The health gate (R28): an update is good at the first checkpoint that the new incarnation completed.

const pollGate = 100 * time.Millisecond

// HealthGate is when a new version is good, and when it is not.
type HealthGate struct {
	Minimum  time.Duration // of RUNNING before it may pass
	Maximum  time.Duration // without a complete checkpoint; at least two checkpoint intervals are given
	Restarts int           // counted by Flink: so many fail it
}

func lookGate(f facts) questions {
	return questions{Incarnation: f.Incarnation, Job: true, Health: !f.Returning}
}

func decideGate(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if f.Returning {
		return f, engine.Fail(rolledBack(f))
	}
	if d := ended(a); d != nil {
		return gateFailed(f, *d, true)
	}
	j, h := a.Job, a.Health
	switch {
	case j.Failure != nil:
		return gateFailed(f, *j.Failure, true)
	case j.State == flink.Finished:
		return f, passed(f, now, "the job is FINISHED")
	case j.State == flink.Canceled:
		return gateFailed(f, flink.Diagnosis{Code: "JobCanceled", Message: "The job was canceled by somebody who is not Drey."}, true)
	case h == nil || j.Unreachable || j.Unknown:
		return f, engine.Again(pollGate)
	case h.Restarts >= h.Gate.Restarts:
		d := flink.Diagnosis{Code: "RestartLoop", Message: fmt.Sprintf("Flink restarted the job %d times since it ran.", h.Restarts)}
		if h.Last != nil {
			d = *h.Last
			d.Message = fmt.Sprintf("%s (Flink restarted the job %d times)", d.Message, h.Restarts)
		}
		return gateFailed(f, d, false)
	}
	since := now.Sub(f.RunningAt)
	most := max(h.Gate.Maximum, 2*h.Interval)
	switch {
	case since < h.Gate.Minimum:
		return f, engine.Again(min(pollGate, h.Gate.Minimum-since))
	case h.Interval == 0 && j.State == flink.Running:
		return f, passed(f, now, "it runs; checkpointing is off")
	case h.Completed > 0:
		return f, passed(f, now, fmt.Sprintf("checkpoint %d of its own is complete", h.Completed))
	case since > most:
		return gateFailed(f, flink.Diagnosis{Code: "NoCheckpoint", Message: fmt.Sprintf("No checkpoint was completed within %v of running. %s", most.Round(time.Second), h.Trouble)}, false)
	}
	return f, engine.Again(pollGate)
}

func passed(f facts, now time.Time, why string) engine.Verdict {
	return engine.Finish(versionGood{Job: f.Job, Number: f.Version, At: now}, acceptedRow(f)).Say(fmt.Sprintf("version %d is good: %s", f.Version, why))
}

// acceptedRow is what a change leaves in the job's entry when it succeeded.
func acceptedRow(f facts) engine.Row {
	return jobIs{UID: f.Job, Result: cluster.ResultSuccess, Output: cluster.OutputStatus(cluster.JobRunning)}
}

// gateFailed keeps the cause. over: the incarnation cannot run on as it is.
func gateFailed(f facts, d flink.Diagnosis, over bool) (facts, engine.Verdict) {
	f.Failure = failureOf(d)
	f.Failure.Ended = over
	next := "return"
	if f.Source == "" {
		next = "withdraw"
	}
	return f, engine.Back(next).Say(d.Code + ": " + d.Message)
}

// health is what the gate must know of the new incarnation's job.
type health struct {
	Gate      HealthGate
	Restarts  int
	Last      *flink.Diagnosis // of the newest failure
	Completed int64            // id of a complete checkpoint of its own; 0 if none
	Interval  time.Duration    // between checkpoints; 0 = off
	Trouble   string           // why the newest checkpoint failed
}

// taskManagerEnded finds a TaskManager that ended.
func taskManagerEnded(s *runtime.Status) (runtime.ProcessStatus, bool) {
	for _, p := range s.Processes {
		if p.Role == runtime.TaskManager && p.State == runtime.Exited {
			return p, true
		}
	}
	return runtime.ProcessStatus{}, false
}
