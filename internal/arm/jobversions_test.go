package arm

import (
	"context"
	"strings"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func TestVersionsAndStartsOfAJobOnTheWire(t *testing.T) {
	t.Parallel()
	absent := running()
	absent.err = notThere()
	update := `{"properties":{"jobType":"FlinkJob","action":"update"}}`
	transcribe(t, "versions", []exchange{
		{why: "versions, newest first, with secrets masked", line: "GET " + itsID + "/versions" + ours1},
		{why: "one of them", line: "GET " + itsID + "/versions/3" + ours1},
		{why: "one that is not there", line: "GET " + itsID + "/versions/4" + ours1},
		{why: "one that is no number", line: "GET " + itsID + "/versions/newest" + ours1},
		{why: "versions of no cluster", door: absent, line: "GET " + itsID + "/versions" + ours1},
		{why: "they are not in published versions", line: "GET " + itsID + "/versions" + published1},
		{why: "a reader may read them", who: "reader", line: "GET " + itsID + "/versions/3" + ours1},
		{why: "a rollback needs no body", who: "operator", line: "POST " + itsID + "/versions/2/rollback" + ours1},
		{why: "a rollback from a savepoint", line: "POST " + itsID + "/versions/2/rollback" + ours1, body: `{"savePointName":"savepoint-a1b2c3-0123456789ab"}`},
		{why: "a rollback that asks for more", line: "POST " + itsID + "/versions/2/rollback" + ours1, body: `{"drain":true}`},
		{why: "a rollback to no number", line: "POST " + itsID + "/versions/x/rollback" + ours1},
		{why: "a reader may not", who: "reader", line: "POST " + itsID + "/versions/2/rollback" + ours1},
		{why: "starts, newest first, with their gaps", line: "GET " + itsID + "/incarnations" + ours1},
		{why: "a person declares dead what is silent", line: "POST " + itsID + "/declareDead" + ours1},
		{why: "nothing is silent", door: refusing(cluster.Errorf(cluster.Conflict, "NothingToDeclare", "", "There is nothing to declare dead.")), line: "POST " + itsID + "/declareDead" + ours1},
		{why: "an operator of jobs may not", who: "operator", line: "POST " + itsID + "/declareDead" + ours1},
		{why: "it is not foretold", line: "POST " + itsID + "/declareDead" + ours1, headers: []string{"x-drey-dry-run: true"}},
		{why: "a plan", who: "operator", line: "POST " + itsID + "/planJob" + ours1, body: update},
		{why: "a plan of nothing", line: "POST " + itsID + "/planJob" + ours1, body: `{"properties":{"jobType":"FlinkJob"}}`},
		{why: "plans are for those who may act", who: "reader", line: "POST " + itsID + "/planJob" + ours1, body: update},
	})
}

// Versions are a good one that runs, and a failed draft that was to replace it.
func (d *fakeDoor) Versions(_ context.Context, r cluster.Ref) ([]cluster.Version, error) {
	launch := d.jobs[0].Launch
	launch.Configuration = map[string]string{"parallelism": "1", "fs.azure.account.key.a": "hidden"}
	launch.ClusterConfig = map[string]string{"a.b": "1", "my.password": "hidden"}
	launch.StorageURI, launch.TaskManagers = "abfs://c@a.dfs.core.windows.net", 3
	launch.JobManager, launch.TaskManager = cluster.Resources{CPU: 1, MemoryMB: 2000}, cluster.Resources{CPU: 2, MemoryMB: 2000}
	draft := launch
	draft.EntryClass, draft.Args, draft.Configuration, draft.ClusterConfig = "", nil, nil, nil
	return []cluster.Version{
		{Number: 3, State: cluster.FailedVersion, Launch: draft, CreatedAt: now, Failure: "JarNotFound: it is not there"},
		{Number: 2, State: cluster.Frozen, Launch: launch, JarSHA256: strings.Repeat("ab", 32), JarBytes: 4711, Flink: "1.20.5",
			Lib:       []cluster.Jar{{Name: "lib.jar", SHA256: strings.Repeat("cd", 32), Bytes: 12}},
			CreatedAt: now.Add(-time.Hour), GoodAt: now.Add(-time.Hour + 20*time.Second),
			Operators: []cluster.Operator{{ID: strings.Repeat("0a", 16), UID: "source", Name: "Source: clicks", Parallelism: 1}, {ID: strings.Repeat("0b", 16), Name: "Map", Parallelism: 2}}},
	}, d.asked("Versions %s", r.ID())
}

func (d *fakeDoor) Incarnations(_ context.Context, r cluster.Ref) ([]cluster.Incarnation, error) {
	gap := &cluster.Gap{From: now, To: now.Add(410 * time.Millisecond), Total: 410 * time.Millisecond,
		Parts: []cluster.GapPart{{Name: "savepoint", Took: 160 * time.Millisecond}, {Name: "restore", Took: 250 * time.Millisecond}}}
	return []cluster.Incarnation{
		{ID: strings.Repeat("2", 32), Version: 2, Phase: cluster.Live, Origin: cluster.ByCaller, FlinkJobID: strings.Repeat("f", 32),
			Restore: "abfs://c@a.dfs.core.windows.net/x/savepoint-a1b2c3-0123456789ab", CreatedAt: now.Add(-time.Second), ReleasedAt: now, LiveAt: gap.To, Gap: gap},
		{ID: strings.Repeat("1", 32), Version: 1, Phase: cluster.Dead, Origin: cluster.ByRecovery, CreatedAt: now.Add(-time.Hour), DeadAt: now, Cause: "TaskManagerLost: it is gone"},
	}, d.asked("Incarnations %s", r.ID())
}

func refusing(err error) *fakeDoor {
	d := running()
	d.err = err
	return d
}

func (d *fakeDoor) DeclareDead(_ context.Context, c lifecycle.Caller, r cluster.Ref) ([]cluster.Incarnation, error) {
	return []cluster.Incarnation{{ID: strings.Repeat("2", 32), Version: 2, Phase: cluster.Live, Origin: cluster.ByCaller, CreatedAt: now.Add(-time.Hour),
		Declared: &cluster.Word{Who: c.Principal, At: now}}}, d.asked("DeclareDead %s by %s", r.ID(), said(c))
}

func (d *fakeDoor) Rollback(_ context.Context, c lifecycle.Caller, r cluster.Ref, version int, savepoint string) (lifecycle.Operation, error) {
	return d.op, d.asked("Rollback %s to %d from %q by %s", r.ID(), version, savepoint, said(c))
}

func (d *fakeDoor) PlanJob(_ context.Context, r cluster.Ref, job cluster.RunJob) (lifecycle.JobPlan, error) {
	return lifecycle.JobPlan{Action: job.Action, Cold: "not enough memory is free", StateBytes: 200 << 20, Ways: []lifecycle.PlannedWay{
		{Action: cluster.ActionUpdate, Gap: 4433 * time.Millisecond, Price: "nothing"},
		{Action: cluster.ActionLastStateUpdate, Gap: 4100 * time.Millisecond, Measured: true, Price: "no savepoint"},
	}}, d.asked("PlanJob %s %s", r.ID(), job.Action)
}
