package arm

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

const (
	subID  = "10e32bab-26da-4cc4-a441-52b318f824e6"
	opID   = "ab8e3bdc-423c-4b0b-90f4-2911090820bd"
	poolID = "/subscriptions/" + subID + "/resourceGroups/Group1/providers/Microsoft.HDInsight/clusterpools/Pool1"
	itsID  = poolID + "/clusters/Cluster1"
)

var (
	now = time.Date(2026, 11, 1, 12, 0, 0, 123456700, time.UTC)
	ref = cluster.Ref{PoolRef: cluster.PoolRef{Subscription: subID, Group: "Group1", Pool: "Pool1"}, Name: "Cluster1"}
)

// fakeDoor answers what a test put in and notes what it was asked.
type fakeDoor struct {
	calls   []string
	view    lifecycle.ClusterView
	next    string
	jobs    []lifecycle.JobView
	op      lifecycle.Operation
	gone    bool // the cluster is not there
	err     error
	panics  bool
	sources [][]lifecycle.LogSource // one after the other; the last one stays
	output  []string                // what each Logs gives
	patched cluster.Changes         // what the last PATCH would change
}

func (d *fakeDoor) asked(format string, args ...any) error {
	d.calls = append(d.calls, fmt.Sprintf(format, args...))
	if d.panics {
		panic("the door fell off /its/hinges")
	}
	return d.err
}

func (d *fakeDoor) Scope(_ context.Context, subscription, group string) error {
	if !strings.EqualFold(subscription, subID) {
		return cluster.Errorf(cluster.NotFound, "SubscriptionNotFound", "", "The subscription '%s' could not be found.", subscription)
	}
	return nil
}

func (d *fakeDoor) Cluster(ctx context.Context, r cluster.Ref) (lifecycle.ClusterView, error) {
	if err := d.Scope(ctx, r.Subscription, r.Group); err != nil {
		return lifecycle.ClusterView{}, err
	}
	if d.gone {
		return lifecycle.ClusterView{}, notThere()
	}
	return d.view, d.err
}

func (d *fakeDoor) StoredCluster(ctx context.Context, r cluster.Ref) (lifecycle.StoredCluster, error) {
	v, err := d.Cluster(ctx, r)
	return stored(v), err
}

// stored is as a Service would have read it; no two are taken for the same.
func stored(v lifecycle.ClusterView) lifecycle.StoredCluster {
	c := lifecycle.StoredCluster{ETag: v.ETag, View: func() (lifecycle.ClusterView, error) { return v, nil }}
	_, _ = rand.Read(c.Digest[:])
	return c
}

func notThere() error {
	return cluster.Errorf(cluster.NotFound, "ResourceNotFound", "", "There is no cluster of this name.")
}

func (d *fakeDoor) StoredClusters(ctx context.Context, p cluster.PoolRef, page lifecycle.Page) ([]lifecycle.StoredCluster, string, error) {
	if err := d.Scope(ctx, p.Subscription, p.Group); err != nil {
		return nil, "", err
	}
	return []lifecycle.StoredCluster{stored(d.view)}, d.next, d.asked("StoredClusters %s %+v", p.ID(), page)
}

func (d *fakeDoor) PatchCluster(_ context.Context, c lifecycle.Caller, r cluster.Ref, merge func(lifecycle.ClusterView) (cluster.Spec, error), cond lifecycle.Conditions) (lifecycle.ClusterView, lifecycle.Operation, error) {
	if err := d.asked("PatchCluster %s %+v", r.ID(), cond); err != nil {
		return lifecycle.ClusterView{}, lifecycle.Operation{}, err
	}
	spec, err := merge(d.view)
	d.patched = cluster.Change(d.view.Spec, spec, cluster.ByPatch)
	return d.view, d.op, err
}

func (d *fakeDoor) ResizeCluster(_ context.Context, c lifecycle.Caller, r cluster.Ref, size lifecycle.Resize, cond lifecycle.Conditions) (lifecycle.ClusterView, lifecycle.Operation, error) {
	return d.view, d.op, d.asked("ResizeCluster %s %+v %+v", r.ID(), size, cond)
}

func (d *fakeDoor) PutCluster(_ context.Context, c lifecycle.Caller, r cluster.Ref, by cluster.Declaring, spec cluster.Spec, cond lifecycle.Conditions) (lifecycle.ClusterView, lifecycle.Operation, error) {
	err := d.asked("PutCluster %s %+v by %s", r.ID(), cond, said(c))
	v := d.view
	v.Spec, v.ProvisioningState, v.Created = spec, "Accepted", d.gone
	return v, d.op, err
}

// said is a caller without what is different each time.
func said(c lifecycle.Caller) string {
	if c.DryRun {
		c.ClientToken += " dry run"
	}
	if c.Ignored != nil && *c.Ignored != "" {
		c.URL += " (ignored: " + *c.Ignored + ")"
	}
	return fmt.Sprintf("%s %s, client request %q, token %q, %s %s, body %.8s", c.PrincipalType, c.Principal, c.ClientRequestID, c.ClientToken, c.Method, c.URL, c.BodySHA256)
}

func (d *fakeDoor) DeleteCluster(_ context.Context, c lifecycle.Caller, r cluster.Ref, purge []string, cond lifecycle.Conditions) (*lifecycle.Operation, error) {
	err := d.asked("DeleteCluster %s purge=%v %+v", r.ID(), purge, cond)
	if d.gone {
		return nil, err
	}
	return &d.op, err
}

func (d *fakeDoor) RunJob(_ context.Context, c lifecycle.Caller, r cluster.Ref, job cluster.RunJob) (lifecycle.Operation, error) {
	args := "-"
	if job.Args != nil {
		args = *job.Args
	}
	return d.op, d.asked("RunJob %s %s job=%q run=%q jar=%s/%s class=%s args=%q configuration=%v dropState=%v", r.ID(), job.Action, job.JobName, job.RunID,
		job.JarDirectory, job.JarName, job.EntryClass, args, job.Configuration, job.AllowNonRestoredState)
}

func (d *fakeDoor) Jobs(_ context.Context, r cluster.Ref) ([]lifecycle.JobView, error) {
	if d.gone {
		return nil, notThere()
	}
	return d.jobs, d.asked("Jobs %s", r.ID())
}

func (d *fakeDoor) Savepoints(_ context.Context, r cluster.Ref) ([]cluster.Savepoint, error) {
	return []cluster.Savepoint{{
		ID: "0123456789abcdef0123456789abcdef", Name: "savepoint-a1b2c3-0123456789ab", URI: "abfs://c@a.dfs.core.windows.net/x/savepoint-a1b2c3-0123456789ab",
		Bytes: 4711, CheckpointID: 12, Version: 2, Origin: "stop", Complete: true, CompletedAt: now, Incarnation: "fedcba98765432100123456789abcdef",
	}}, d.asked("Savepoints %s", r.ID())
}

func (d *fakeDoor) Operation(_ context.Context, id string) (lifecycle.Operation, error) {
	if id != d.op.ID {
		return lifecycle.Operation{}, cluster.Errorf(cluster.NotFound, "ResourceNotFound", "", "No such operation.")
	}
	return d.op, d.asked("Operation %s", id)
}

func (d *fakeDoor) PoolOperations(_ context.Context, p cluster.PoolRef, name, state string, limit int) ([]lifecycle.Operation, error) {
	return []lifecycle.Operation{d.op}, d.asked("PoolOperations %s cluster=%q state=%q %d", p.ID(), name, state, limit)
}

func (d *fakeDoor) LogSources(context.Context, cluster.Ref) ([]lifecycle.LogSource, error) {
	if len(d.sources) == 0 {
		return nil, d.asked("LogSources")
	}
	now := d.sources[0]
	if len(d.sources) > 1 {
		d.sources = d.sources[1:]
	}
	return now, d.err
}

func (d *fakeDoor) Logs(_ context.Context, r cluster.Ref, incarnation, process string, cursor int64) (io.ReadCloser, int64, error) {
	err := d.asked("Logs %s %s %d", incarnation, process, cursor)
	text := ""
	if len(d.output) > 0 {
		text, d.output = d.output[0], d.output[1:]
	}
	return io.NopCloser(strings.NewReader(text)), cursor, err
}

func (d *fakeDoor) Upload(_ context.Context, c lifecycle.Caller, p cluster.PoolRef, uri string, body io.Reader) (lifecycle.Uploaded, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return lifecycle.Uploaded{}, fmt.Errorf("cannot write: %w", err)
	}
	return lifecycle.Uploaded{URI: uri, SHA256: strings.Repeat("0", 64), Bytes: int64(len(text))}, d.asked("Upload %s %s %q", p.ID(), uri, text)
}

func (d *fakeDoor) About(context.Context) (lifecycle.About, error) {
	return lifecycle.About{
		Version: "0.1.0", Distributions: []string{"2.3.0"}, Targets: []lifecycle.TargetInfo{{Name: "local", Kind: "local", Identity: "m/d"}},
		MinMemoryMB: 1800, TrustDomain: "single", StartedAt: now, Now: now,
	}, d.asked("About")
}

func pool() cluster.Pool {
	return cluster.Pool{
		UID: "c6a536f31b42478c949b23aa70d8c24b", Ref: ref.PoolRef, Location: "East US 2", Target: "local", VMSize: "Standard_E4s_v3", Version: "1.2",
		System: system(), ETag: "f90086a8-0000-0200-0000-6641b76a0000",
	}
}

func system() cluster.SystemData {
	return cluster.SystemData{CreatedBy: "me", CreatedByType: "User", CreatedAt: now, LastModifiedBy: "me", LastModifiedByType: "User", LastModifiedAt: now}
}

// running is a cluster as it is while its job runs.
func running() *fakeDoor {
	args := ""
	job := cluster.Job{
		RunID: "job-c5d-4b48-abba-5ee598dbd653", Name: "Cluster1", Action: cluster.ActionUpdate, ActionResult: cluster.ResultSuccess, Status: "RUNNING",
		Output: "Flink internal job status : RUNNING", FlinkJobID: "25e318907f786a2c6aee392df6580035", SeenAt: now,
		LastSavepoint: "abfs://c@a.dfs.core.windows.net/x/savepoint-a1b2c3-0123456789ab", Goal: 3, RunningVersion: 2,
	}
	launch := cluster.Launch{JarDirectory: "abfs://c@a.dfs.core.windows.net/jars", JarName: "job.jar", EntryClass: "org.example.Job", Args: &args,
		Configuration: map[string]string{"parallelism": "1"}}
	return &fakeDoor{
		view: lifecycle.ClusterView{
			Cluster: cluster.Cluster{Ref: ref, DeploymentID: "45cd32aead6e4a91b079a0cdbfac8c36", Phase: cluster.Running, System: system(),
				ETag: "5500e333-0000-0200-0000-6641b84a0000"},
			Job: job, ProvisioningState: "Succeeded", FQDN: "Cluster1.Pool1.drey.localhost", TaskManagers: 3,
			Components: []lifecycle.Component{{Name: "Flink", Version: "1.20.5"}},
		},
		jobs: []lifecycle.JobView{{Job: job, Launch: launch}},
		op:   operation("POST"),
	}
}

// operation is one that has just begun.
func operation(verb string) lifecycle.Operation {
	op := lifecycle.Operation{
		ID: opID, ResourceID: itsID, Location: "East US 2", Kind: "cluster.create", Verb: verb, Lane: "caller", Status: "Accepted", Step: "stage",
		Steps: []lifecycle.Step{{Name: "stage", State: "running"}, {Name: "start", State: "pending"}}, Percent: 10,
		Lines:     []lifecycle.Line{{At: now, Step: "stage", Text: "The jar is frozen."}},
		StartedAt: now, Deadline: now.Add(15 * time.Minute), Principal: "me",
	}
	switch verb {
	case "POST":
		op.Kind, op.Action = "job.update", cluster.ActionUpdate
	case "PATCH", lifecycle.VerbResize, lifecycle.VerbUpgrade:
		op.Kind = "job.update"
	case "DELETE":
		op.Kind, op.Status = "cluster.delete", "Deleting"
	}
	return op
}

// ended is op after it ended.
func ended(op lifecycle.Operation, status string) lifecycle.Operation {
	op.Status, op.EndedAt, op.Percent, op.Step = status, op.StartedAt.Add(3*time.Second), 100, ""
	return op
}
