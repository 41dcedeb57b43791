package lifecycle

import (
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// lived is what a change of a running job knows: version 1 runs as "old", version 2 is held as "new".
func lived(w way) facts {
	return facts{Change: true, Way: w, Source: "old", SourceJob: "oj", Provable: "old", Previous: 1, Version: 2, Incarnation: "new", FlinkJob: "nj", Beside: true,
		Stop: true, Trigger: "t", Directory: "d", AwaitSince: now, RunningAt: now}
}

func parsed(problem string) *string { return &problem }

func TestTheHandOverNeedsQuietOrDeath(t *testing.T) {
	alive, gone := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone}), jm(runtime.Exited, runtime.GateInfo{})
	dead := jm(runtime.Exited, runtime.GateInfo{})
	dead.Dead = true
	finished := &jobAnswer{State: flink.Finished}
	complete := &triggerAnswer{Location: "s"}
	held, open := jm(runtime.Held, runtime.GateInfo{Gate: runtime.GateReady}), jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateOpened})
	handed := lived(bySavepoint)
	handed.Handed = true
	coldly := handed
	coldly.Beside = false
	failed := lived(bySavepoint)
	failed.Deep, failed.Uncommitted = true, true
	check(t, map[string]decided{
		"quiet: commit, kill, release":           {lived(bySavepoint), answers{Incarnation: alive, Job: finished, Trigger: complete, Parsed: parsed(""), Other: held}, "Act"},
		"in progress":                            {lived(bySavepoint), answers{Incarnation: alive, Job: &jobAnswer{State: flink.Running}, Trigger: &triggerAnswer{InProgress: true}}, "Again"},
		"refused: nothing was touched":           {lived(bySavepoint), answers{Incarnation: alive, Job: &jobAnswer{State: flink.Running}, Trigger: &triggerAnswer{Failure: "declined"}}, "Back(withdraw)"},
		"lost without a savepoint":               {failed, answers{Incarnation: gone, Job: &jobAnswer{Unreachable: true}, Trigger: &triggerAnswer{Unreachable: true}}, "Back(withdraw)"},
		"the gate is shut still: the same again": {handed, answers{Incarnation: alive, Other: held}, "Act"},
		"the gate is open":                       {handed, answers{Incarnation: alive, Other: open}, "Back(await-running)"},
		"cold: the old one goes first":           {coldly, answers{Incarnation: alive}, "Act"},
		"cold: the old one is dead":              {coldly, answers{Incarnation: dead}, "Back(intend)"},
		"last state: kill":                       {lived(byLast), answers{Incarnation: alive, Restore: &restoreAnswer{URI: "c"}}, "Act"},
		"last state: dead":                       {lived(byLast), answers{Incarnation: dead, Restore: &restoreAnswer{URI: "c"}, Other: held}, "Act"},
		"last state that cannot be proved":       {lived(byLast), answers{Incarnation: dead, Restore: &restoreAnswer{Problem: &failure{Code: "RestoreNeedsChoice"}}}, "Back(withdraw)"},
		"the new one died before its order":      {handed, answers{Incarnation: alive, Other: gone, OtherDiagnosis: &flink.Diagnosis{Code: flink.CodeProcessKilled}}, "Back(return)"},
	}, decideHandOver)

	f, _ := decideHandOver(lived(bySavepoint), answers{Incarnation: alive, Job: &jobAnswer{State: flink.Failed}, Trigger: &triggerAnswer{Failure: "x", Written: "s"}}, now)
	if f.Handed {
		t.Error("a job that failed while stopping was handed over before its death was proved")
	}
	killed := answers{Incarnation: dead, Job: &jobAnswer{Unreachable: true}, Trigger: &triggerAnswer{Unreachable: true}, Directory: []string{"s"}, Other: held}
	f, _ = decideHandOver(f, killed, now) // it looks into the folder from now on
	if f, _ = decideHandOver(f, killed, now); !f.Handed || f.Restore != "s" {
		t.Errorf("after its death: %+v", f)
	}
}

func TestAHeldOneThatIsLostIsStartedColdFromTheSameState(t *testing.T) {
	seen := answers{Incarnation: jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone}), Job: &jobAnswer{State: flink.Finished},
		Trigger: &triggerAnswer{Location: "s"}, Parsed: parsed(""), Other: jm(runtime.Exited, runtime.GateInfo{}), OtherDiagnosis: &flink.Diagnosis{}}
	f, v := decideHandOver(lived(bySavepoint), seen, now)
	if v.String() != "Act" || !f.Handed || f.Beside || f.Released || f.Restore != "s" || f.Incarnation != "" {
		t.Errorf("%s: %+v", v, f)
	}
}

func TestTheWayBackIsAutomaticOnlyBeforeTheFirstOwnCheckpoint(t *testing.T) {
	lives := []living{{Row: cluster.Incarnation{ID: "new", Phase: cluster.Live}}}
	dead := []living{{Row: cluster.Incarnation{ID: "new", Phase: cluster.Live}, Status: runtime.Status{Dead: true}}}
	f := lived(bySavepoint)
	f.Handed, f.Released, f.BackTo, f.Failure = true, true, "s", &failure{Code: "JobFailed", Ended: true}
	loops := f
	loops.Failure = &failure{Code: "RestartLoop"}
	lost := f
	lost.NoWayBack = "nothing is left"
	check(t, map[string]decided{
		"it lives: kill it first":                      {f, answers{Living: lives}, "Act"},
		"dead, nothing of its own: the version before": {f, answers{Living: dead}, "Back(intend)"},
		"dead, with a checkpoint: first the proof":     {f, answers{Living: dead, Own: []string{"c"}}, "Again"},
		"proved dead, with a checkpoint: a person":     {f, answers{Own: []string{"c"}}, "Fail(RollbackNeedsChoice)"},
		"it loops with a checkpoint: a person":         {loops, answers{Living: lives, Own: []string{"c"}}, "Fail(RollbackNeedsChoice)"},
		"it loops without one: kill it":                {loops, answers{Living: lives}, "Act"},
		"there is nothing to go back to":               {lost, answers{}, "Fail(JobFailed)"},
	}, decideReturn)
	back, _ := decideReturn(f, answers{Living: dead}, now)
	if back.Version != 1 || back.Restore != "s" || !back.Chosen || !back.Returning || back.Incarnation != "" {
		t.Errorf("on the way back the facts are %+v", back)
	}
}

func TestTheHealthGate(t *testing.T) {
	gate := HealthGate{Minimum: 10 * time.Second, Maximum: time.Minute, Restarts: 3}
	alive := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone})
	runs := &jobAnswer{State: flink.Running, AllRunning: true}
	seen := func(h health) answers {
		h.Gate = gate
		return answers{Incarnation: alive, Job: runs, Health: &h}
	}
	at := func(d time.Duration) facts {
		f := lived(bySavepoint)
		f.RunningAt, f.Handed = now.Add(-d), true
		return f
	}
	oom := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone})
	oom.Processes[1].State = runtime.Exited
	check(t, map[string]decided{
		"a checkpoint, but too early":       {at(time.Second), seen(health{Completed: 1, Interval: time.Second}), "Again"},
		"a checkpoint":                      {at(11 * time.Second), seen(health{Completed: 1, Interval: time.Second}), "Finish"},
		"no checkpoint yet":                 {at(11 * time.Second), seen(health{Interval: time.Second}), "Again"},
		"checkpointing is off":              {at(11 * time.Second), seen(health{}), "Finish"},
		"no checkpoint for too long":        {at(2 * time.Minute), seen(health{Interval: time.Second}), "Back(return)"},
		"two intervals are given":           {at(2 * time.Minute), seen(health{Interval: 5 * time.Minute}), "Again"},
		"it loops":                          {at(time.Second), seen(health{Restarts: 3, Interval: time.Second}), "Back(return)"},
		"the job failed":                    {at(time.Second), answers{Incarnation: alive, Job: &jobAnswer{State: flink.Failed, Failure: &flink.Diagnosis{Code: "x"}}}, "Back(return)"},
		"a TaskManager ran out of memory":   {at(time.Second), answers{Incarnation: oom, Job: runs, Diagnosis: &flink.Diagnosis{Code: "OutOfMemory"}}, "Back(return)"},
		"silence is not failure":            {at(time.Second), answers{Incarnation: alive, Job: &jobAnswer{Unreachable: true}}, "Again"},
		"a job that finished is good":       {at(time.Second), answers{Incarnation: alive, Job: &jobAnswer{State: flink.Finished}}, "Finish"},
		"nothing lived before: no way back": {facts{Change: true, RunningAt: now}, seen(health{Restarts: 3}), "Back(withdraw)"},
		"on the way back it tells":          {facts{Change: true, Returning: true, Failure: &failure{}}, answers{Incarnation: alive, Job: runs}, "Fail(RolledBack)"},
	}, decideGate)
}

func TestThePreflightStopsWhatDoesNotFit(t *testing.T) {
	seen := func(p preflightAnswer) answers {
		return answers{Incarnation: jm(runtime.Held, runtime.GateInfo{Gate: runtime.GateReady}), Preflight: &p}
	}
	ended := lived("")
	ended.Source = ""
	handed := lived(bySavepoint)
	handed.Handed = true
	gone := seen(preflightAnswer{})
	gone.Other = jm(runtime.Exited, runtime.GateInfo{})
	check(t, map[string]decided{
		"it fits":                               {lived(bySavepoint), seen(preflightAnswer{Against: "c"}), "Back(checkpoint)"},
		"nothing to compare with":               {lived(bySavepoint), seen(preflightAnswer{Skipped: "no snapshot"}), "Back(checkpoint)"},
		"a warning is said":                     {lived(bySavepoint), seen(preflightAnswer{Findings: []flink.PreflightFinding{{Severity: flink.Warns}}}), "Back(checkpoint)"},
		"state would be lost":                   {lived(bySavepoint), seen(preflightAnswer{Findings: []flink.PreflightFinding{{Severity: flink.Blocks}}}), "Back(withdraw)"},
		"main() throws":                         {lived(bySavepoint), seen(preflightAnswer{Failure: &flink.Diagnosis{Code: flink.CodeMainFailed}}), "Back(withdraw)"},
		"main() has no job":                     {lived(bySavepoint), seen(preflightAnswer{NoJob: true}), "Back(withdraw)"},
		"nothing lived, and main() throws":      {ended, seen(preflightAnswer{Failure: &flink.Diagnosis{Code: flink.CodeMainFailed}}), "Back(release)"},
		"nothing lived":                         {ended, seen(preflightAnswer{}), "Back(release)"},
		"cold: it was decided before":           {handed, seen(preflightAnswer{}), "Back(release)"},
		"the running one ended in the meantime": {lived(bySavepoint), gone, "Back(withdraw)"},
	}, decidePreflight)
}

func TestRecoveryHasABudgetAndABackoff(t *testing.T) {
	r := Recovery{Budget: 3, Window: time.Hour, Backoff: 5 * time.Second, Most: 12 * time.Second}
	for after, want := range []time.Duration{0, 5 * time.Second, 10 * time.Second, 12 * time.Second, 12 * time.Second} {
		if got := r.wait(after); got != want {
			t.Errorf("after %d: got %v, want %v", after, got, want)
		}
	}
	f := facts{Budget: 3, Policy: r, Ending: &ending{}, Failure: &failure{Code: "x", Message: "y"}}
	last := f
	last.Attempts = 2
	check(t, map[string]decided{
		"what it started lives": {f, answers{Living: []living{{Row: cluster.Incarnation{ID: "i"}}}}, "Act"},
		"once more":             {f, answers{}, "Back(intend)"},
		"the budget is used up": {last, answers{}, "Fail(CrashLoop)"},
	}, decideRecoverAgain)
}

func TestAParallelismIsChangedInPlaceAfterACheckpoint(t *testing.T) {
	alive := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone})
	runs := &jobAnswer{State: flink.Running, AllRunning: true}
	f := lived(bySavepoint)
	f.Rescale, f.Checkpoint, f.Incarnation, f.Beside = 4, "", "", false
	check(t, map[string]decided{
		"a checkpoint is asked for": {f, answers{Fresh: [2]string{"t", "u"}, Incarnation: alive, Job: runs}, "Act"},
	}, decideCheckpoint)
	f.Checkpoint = "t"
	check(t, map[string]decided{
		"it is complete": {f, answers{Incarnation: alive, Job: runs, Checkpoint: checkpointAnswer{ID: 7}}, "Back(rescale)"},
	}, decideCheckpoint)
	asked, late := f, f
	asked.AskedAt, asked.AwaitSince = now, now
	late.AskedAt, late.AwaitSince = now, now.Add(-2*rescaleLimit)
	again := asked
	again.AskedAt = now.Add(-2 * askAgainAfter)
	differs := &rescaleAnswer{Want: map[string]int{"v": 4}}
	check(t, map[string]decided{
		"Flink is asked":        {f, answers{Incarnation: alive, Job: runs, Rescale: differs}, "Act"},
		"it takes a while":      {asked, answers{Incarnation: alive, Job: runs, Rescale: differs}, "Again"},
		"it never came there":   {again, answers{Incarnation: alive, Job: runs, Rescale: differs}, "Act"},
		"it takes too long":     {late, answers{Incarnation: alive, Job: runs, Rescale: differs}, "Back(withdraw)"},
		"it is done":            {asked, answers{Incarnation: alive, Job: runs, Rescale: &rescaleAnswer{}}, "Finish"},
		"tasks still start":     {asked, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Running}, Rescale: &rescaleAnswer{}}, "Again"},
		"more than the maximum": {f, answers{Incarnation: alive, Job: runs, Rescale: &rescaleAnswer{Problem: "too many"}}, "Back(withdraw)"},
		"the JobManager went":   {asked, answers{Incarnation: jm(runtime.Exited, runtime.GateInfo{}), Job: &jobAnswer{Unreachable: true}}, "Back(withdraw)"},
	}, decideRescale)
}

func TestAChangeThatFailsAfterItsCheckpointNamesNoTriggerThatIsNone(t *testing.T) {
	f := lived(byLast)
	f.Trigger, f.Checkpoint, f.Handed, f.Returning, f.Failure = "", "c", true, true, &failure{}
	for _, r := range settleChange(f, rolledBack(f)) {
		if row, ok := r.(triggerIs); ok {
			t.Errorf("a row for the trigger %q", row.ID)
		}
	}
}

func TestRoomThatNobodyKnowsIsNotCalledNone(t *testing.T) {
	t.Parallel()
	for want, room := range map[string]roomAnswer{
		"how much is free is not known": {NeedMB: 5},
		"0 MB are free":                 {NeedMB: 5, Fit: runtime.Fit{Known: true}},
		"7 MB are free":                 {NeedMB: 5, Fit: runtime.Fit{Known: true, FreeMB: 7, Fits: true}},
	} {
		if got := room.free(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
