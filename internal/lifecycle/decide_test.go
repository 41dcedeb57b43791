package lifecycle

import (
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// jm is an incarnation whose JobManager is as told, with one TaskManager that is alive.
func jm(state runtime.State, gate runtime.GateInfo) *runtime.Status {
	return &runtime.Status{Processes: []runtime.ProcessStatus{
		{ProcessID: runtime.ProcessID{Role: runtime.JobManager}, State: state, Gate: gate},
		{ProcessID: runtime.ProcessID{Role: runtime.TaskManager}, State: runtime.Alive},
	}}
}

func row(phase cluster.IncarnationPhase) *cluster.Incarnation {
	return &cluster.Incarnation{ID: "i", Phase: phase, TaskManagers: 1, FlinkJobID: "f"}
}

// A case of a pure decide: facts and what was seen on the left, the verdict on the right.
type decided struct {
	facts facts
	seen  answers
	want  string // Act, Done, Finish, Back(step), Again, Fail(Code)
}

func check(t *testing.T, cases map[string]decided, decide func(facts, answers, time.Time) (facts, engine.Verdict)) {
	t.Helper()
	for why, c := range cases {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			f1, v1 := decide(c.facts, c.seen, now)
			f2, v2 := decide(c.facts, c.seen, now)
			if got := v1.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if string(writeFacts(f1)) != string(writeFacts(f2)) || v1.String() != v2.String() {
				t.Error("the same facts and answers gave two verdicts")
			}
		})
	}
}

func TestPrepareWaitsUntilAllIsHeld(t *testing.T) {
	check(t, map[string]decided{
		"nothing is there yet":                        {facts{}, answers{Row: row(cluster.Intended), Incarnation: &runtime.Status{}}, "Act"},
		"the JobManager is not at its gate":           {facts{}, answers{Row: row(cluster.Intended), Incarnation: jm(runtime.Alive, runtime.GateInfo{})}, "Again"},
		"all are up and held":                         {facts{}, answers{Row: row(cluster.Intended), Incarnation: jm(runtime.Held, runtime.GateInfo{Gate: runtime.GateReady})}, "Done"},
		"a process that cannot be seen is waited for": {facts{}, answers{Row: row(cluster.Intended), Incarnation: jm(runtime.Unknown, runtime.GateInfo{})}, "Again"},
		"a port was taken": {facts{}, answers{Row: row(cluster.Intended), Incarnation: jm(runtime.Exited, runtime.GateInfo{}),
			Diagnosis: &flink.Diagnosis{Code: flink.CodePortUnavailable}}, "Back(intend)"},
		"ports were taken too often": {facts{PortTries: portTries}, answers{Row: row(cluster.Intended), Incarnation: jm(runtime.Exited, runtime.GateInfo{}),
			Diagnosis: &flink.Diagnosis{Code: flink.CodePortUnavailable}}, "Back(withdraw)"},
	}, decidePrepare)
}

func TestReleaseHappensOnce(t *testing.T) {
	released := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateOpened})
	ordered := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateReady})
	ordered.OrderDigest = "d"
	check(t, map[string]decided{
		"held: commit, then release":               {facts{}, answers{Row: row(cluster.Held), Incarnation: jm(runtime.Held, runtime.GateInfo{Gate: runtime.GateReady})}, "Act"},
		"committed but the gate is shut: the same": {facts{}, answers{Row: row(cluster.Releasing), Incarnation: jm(runtime.Held, runtime.GateInfo{Gate: runtime.GateReady})}, "Act"},
		"the gate is open":                         {facts{}, answers{Row: row(cluster.Releasing), Incarnation: released}, "Done"},
		"the order lies there":                     {facts{}, answers{Row: row(cluster.Releasing), Incarnation: ordered}, "Done"},
		"the JobManager died before": {facts{}, answers{Row: row(cluster.Releasing), Incarnation: jm(runtime.Exited, runtime.GateInfo{}),
			Diagnosis: &flink.Diagnosis{Code: flink.CodeProcessKilled}}, "Back(withdraw)"},
	}, decideRelease)
}

func TestRunningMeansRestoredFromWhatWasSaid(t *testing.T) {
	open := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone, Jobs: []string{"f"}})
	running := func(restored string, has bool) answers {
		return answers{Row: row(cluster.Releasing), Incarnation: open, Job: &jobAnswer{State: flink.Running, AllRunning: true, Restored: restored, HasRestored: has}}
	}
	check(t, map[string]decided{
		"an empty start runs":                    {facts{ReleasedAt: now}, running("", false), "Done"},
		"it restored what it was told to":        {facts{ReleasedAt: now, Restore: "abfs://c@a/s"}, running("abfs://c@a/s/", true), "Done"},
		"Flink has not said yet what":            {facts{ReleasedAt: now, Restore: "abfs://c@a/s"}, running("", false), "Again"},
		"it restored something else":             {facts{ReleasedAt: now, Restore: "abfs://c@a/s"}, running("abfs://c@a/other", true), "Back(withdraw)"},
		"it restored though told to start empty": {facts{ReleasedAt: now}, running("abfs://c@a/s", true), "Back(withdraw)"},
		"tasks are not all running":              {facts{ReleasedAt: now}, answers{Row: row(cluster.Releasing), Incarnation: open, Job: &jobAnswer{State: flink.Running}}, "Again"},
		"silence is not death":                   {facts{ReleasedAt: now}, answers{Row: row(cluster.Releasing), Incarnation: open, Job: &jobAnswer{Unreachable: true}}, "Again"},
		"a job that finished ran":                {facts{ReleasedAt: now}, answers{Row: row(cluster.Releasing), Incarnation: open, Job: &jobAnswer{State: flink.Finished}}, "Done"},
		"it takes too long":                      {facts{ReleasedAt: now.Add(-2 * runningLimit)}, running("", false), "Back(withdraw)"},
		"an update goes on to its gate":          {facts{ReleasedAt: now, Change: true}, running("", false), "Done"},
		"an update whose old one gave way":       {facts{ReleasedAt: now, Change: true, Handed: true}, running("abfs://c@a/s", true), "Back(return)"},
		"main() threw": {facts{ReleasedAt: now}, answers{Row: row(cluster.Releasing), Incarnation: jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateFailed}),
			Diagnosis: &flink.Diagnosis{Code: flink.CodeMainFailed}, Job: &jobAnswer{Unknown: true}}, "Back(withdraw)"},
		"main() submitted nothing": {facts{ReleasedAt: now}, answers{Row: row(cluster.Releasing), Incarnation: jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone}), Job: &jobAnswer{Unknown: true}}, "Back(withdraw)"},
		"the job failed":           {facts{ReleasedAt: now}, answers{Row: row(cluster.Releasing), Incarnation: open, Job: &jobAnswer{State: flink.Failed, Failure: &flink.Diagnosis{Code: flink.CodeJobFailed}}}, "Back(withdraw)"},
	}, decideRunning)
}

func TestATriggerIsSentUnderOneName(t *testing.T) {
	alive := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone})
	gone := jm(runtime.Exited, runtime.GateInfo{})
	runs := &jobAnswer{State: flink.Running, AllRunning: true}
	named := facts{Stop: true, Trigger: "t", Directory: "d"}
	check(t, map[string]decided{
		"names first, then the request":                      {facts{Stop: true, Base: "b"}, answers{Fresh: [2]string{"t", "u"}, Incarnation: alive, Job: runs}, "Act"},
		"not while tasks start":                              {facts{Stop: true}, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Running}}, "Again"},
		"nothing to stop":                                    {facts{Stop: true}, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Finished}}, "Fail(JobAlreadyFinished)"},
		"no JobManager to ask":                               {facts{Stop: true}, answers{Incarnation: gone, Job: &jobAnswer{Unreachable: true}}, "Fail(IncarnationLost)"},
		"Flink has it":                                       {named, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{InProgress: true}}, "Done"},
		"unknown, running, empty folder: the same id":        {named, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{Unknown: true}}, "Act"},
		"unknown and finished: the folder decides":           {named, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Finished}, Trigger: &triggerAnswer{Unknown: true}}, "Done"},
		"unknown, running, a savepoint there: a new attempt": {named, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{Unknown: true}, Directory: []string{"s"}}, "Back(stop)"},
		"no answer is no answer":                             {named, answers{Incarnation: alive, Job: &jobAnswer{Unreachable: true}, Trigger: &triggerAnswer{Unreachable: true}}, "Again"},
	}, decideTrigger)
}

func TestAwaitTakesWhatTheTriggerOrTheFolderSays(t *testing.T) {
	alive := jm(runtime.Alive, runtime.GateInfo{Gate: runtime.GateDone})
	gone := jm(runtime.Exited, runtime.GateInfo{})
	runs := &jobAnswer{State: flink.Running, AllRunning: true}
	f := facts{Stop: true, Trigger: "t", Directory: "d", AwaitSince: now}
	deep := f
	deep.Deep = true
	hanging := deep
	hanging.CompleteAt = now.Add(-hangGrace)
	check(t, map[string]decided{
		"complete":                           {f, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Finished}, Trigger: &triggerAnswer{Location: "s"}}, "Done"},
		"in progress":                        {f, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{InProgress: true}}, "Again"},
		"refused":                            {f, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{Failure: "declined"}}, "Fail(SavepointFailed)"},
		"failed while stopping, but written": {f, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Failed}, Trigger: &triggerAnswer{Failure: "x", Written: "s"}}, "Done"},
		"the JobManager went: look deeper":   {f, answers{Incarnation: gone, Job: &jobAnswer{Unreachable: true}, Trigger: &triggerAnswer{Unreachable: true}}, "Again"},
		"it went and left a savepoint":       {deep, answers{Incarnation: gone, Job: &jobAnswer{Unreachable: true}, Trigger: &triggerAnswer{Unreachable: true}, Directory: []string{"s"}}, "Done"},
		"it went and left nothing":           {deep, answers{Incarnation: gone, Job: &jobAnswer{Unreachable: true}, Trigger: &triggerAnswer{Unreachable: true}}, "Fail(IncarnationLost)"},
		"a close() hangs: first seen":        {deep, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{InProgress: true}, Directory: []string{"s"}}, "Again"},
		"a close() hangs for too long":       {hanging, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{InProgress: true}, Directory: []string{"s"}}, "Done"},
		"forgotten and nothing there":        {deep, answers{Incarnation: alive, Job: runs, Trigger: &triggerAnswer{Unknown: true}}, "Back(stop)"},
		"the job finished by itself":         {deep, answers{Incarnation: alive, Job: &jobAnswer{State: flink.Finished}, Trigger: &triggerAnswer{Unknown: true}}, "Fail(JobAlreadyFinished)"},
	}, decideAwait)
}

func TestNothingIsBuriedBeforeItIsDead(t *testing.T) {
	lives := living{Row: *row(cluster.Live)}
	dead := living{Row: *row(cluster.Live), Status: runtime.Status{Dead: true}}
	step := buryStep(func(facts) []engine.Row { return nil })
	check(t, map[string]decided{
		"nothing lives":          {facts{}, answers{}, "Done"},
		"one lives":              {facts{}, answers{Living: []living{lives}}, "Act"},
		"one is dead, one lives": {facts{}, answers{Living: []living{dead, lives}}, "Act"},
		"all are dead":           {facts{}, answers{Living: []living{dead}}, "Done"},
	}, step.decide)
}

func TestASavepointIsVerifiedBeforeAnythingIsTornDown(t *testing.T) {
	check(t, map[string]decided{
		"whole":   {facts{Stop: true, Trigger: "t"}, answers{Metadata: &metadataAnswer{CheckpointID: 3}}, "Done"},
		"damaged": {facts{Stop: true, Trigger: "t"}, answers{Metadata: &metadataAnswer{Problem: "a file is missing"}}, "Fail(SavepointUnverified)"},
	}, decideVerify)
}

func TestEveryKindOfTheDecisionPageIsThere(t *testing.T) {
	want := []string{"cluster.create", "job.start", "job.update", "job.stateless-update", "job.last-state-update", "job.relaunch",
		"job.stop", "job.savepoint", "job.cancel", "cluster.delete", "job.retire", "job.recover", "job.replace",
		"pool.create", "pool.update", "pool.delete"}
	for i, k := range Kinds() {
		if i >= len(want) || k.Name != want[i] || k.Deadline <= 0 || len(k.Steps) == 0 || k.Settle == nil {
			t.Errorf("kind %d is %q", i, k.Name)
		}
	}
}
