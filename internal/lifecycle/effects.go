package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/store"
)

// The effects of steps. Each bears repetition, uses only names that are committed, and leaves it to the next Look what came of it.

// launchRows are the rows a launch is made from.
type launchRows struct {
	cluster     cluster.Cluster
	job         cluster.Job
	version     cluster.Version
	incarnation cluster.Incarnation // zero before it is intended
	target      string
}

func (w *world) launchRows(ctx context.Context, f facts) (r launchRows, err error) {
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		if r.cluster, err = tx.ClusterByUID(f.Cluster); err != nil {
			return err
		}
		if r.job, err = tx.Job(f.Job); err != nil {
			return err
		}
		if r.version, err = tx.Version(f.Job, f.Version); err != nil {
			return err
		}
		pool, err := tx.PoolByUID(r.cluster.PoolUID)
		if err != nil {
			return err
		}
		r.target = pool.Target
		if f.Incarnation == "" {
			return nil
		}
		r.incarnation, err = tx.Incarnation(f.Incarnation)
		return err
	})
	if err != nil {
		err = fmt.Errorf("cannot read what is to be launched: %w", err)
	}
	return r, err
}

// launchAt is what a launch is made from, and where.
func (w *world) launchAt(ctx context.Context, f facts) (launchRows, runtime.Runtime, error) {
	r, err := w.launchRows(ctx, f)
	if err != nil {
		return r, nil, err
	}
	rt, err := w.runtimeOf(r.target)
	return r, rt, err
}

// placed is an incarnation with the runtime it is on.
func (w *world) placed(ctx context.Context, id string) (cluster.Incarnation, runtime.Runtime, error) {
	inc, err := w.incarnation(ctx, id)
	if err != nil {
		return inc, nil, err
	}
	rt, err := w.runtimeOf(inc.Target)
	return inc, rt, err
}

// prepare brings the incarnation's processes up, held.
func (w *world) prepare(ctx context.Context, f facts) error {
	r, rt, err := w.launchAt(ctx, f)
	if err != nil {
		return err
	}
	shape := runtime.Shape{ID: runtime.IncarnationID(f.Incarnation), Distribution: r.version.Flink, TaskManagers: r.incarnation.TaskManagers}
	layout, err := rt.Layout(ctx, shape)
	if err != nil {
		return fmt.Errorf("cannot lay out incarnation %s: %w", f.Incarnation, err)
	}
	plan, err := w.plan(r, layout)
	if err != nil {
		return err
	}
	plan.Prepare = preparation(f, r.version.Launch)
	rendered, err := flink.Render(plan)
	if err != nil {
		return fmt.Errorf("cannot render incarnation %s: %w", f.Incarnation, err)
	}
	artifacts, err := w.artifacts(ctx, r)
	if err != nil {
		return err
	}
	inc := incarnationOf(shape, rendered, artifacts)
	inc.PodTemplate = r.version.Launch.PodTemplate
	return rt.Prepare(ctx, inc)
}

// preparation is what a held one does before it says that it is ready: nothing on the way back and in recovery, where the graph is known
// and every moment counts; the plan; and beside a living one, where waiting costs nothing, a warm-up job.
func preparation(f facts, l cluster.Launch) []string {
	if f.Returning || f.Ending != nil || f.Handed && f.Change {
		return nil
	}
	var all []string
	if !l.Off(cluster.KeyRehearse) {
		all = append(all, flink.PreparePlan)
	}
	if f.Beside {
		all = append(all, flink.PrepareWarmUp)
	}
	return all
}

// gateJar is the name of our jar inside an incarnation.
const gateJar = "drey-flink.jar"

// plan is all that an incarnation is rendered from.
func (w *world) plan(r launchRows, layout runtime.Layout) (flink.Plan, error) {
	l, suffixes := r.version.Launch, w.Limits.StorageSuffixes
	checkpoints, err := l.CheckpointDirectory(r.cluster.DeploymentID, suffixes...)
	if err != nil {
		return flink.Plan{}, err
	}
	savepoints, err := l.SavepointDirectory(r.cluster.DeploymentID, suffixes...)
	if err != nil {
		return flink.Plan{}, err
	}
	args, fault := cluster.SplitArgs(l.ArgsText())
	if fault != nil {
		return flink.Plan{}, cluster.Faults([]cluster.Fault{*fault})
	}
	p := flink.Plan{
		Incarnation: r.incarnation.ID, Version: r.version.Flink, JobName: r.job.Name,
		Config:       flink.Classify(flink.Merge(l.ClusterConfig, l.Configuration)).Config,
		JobManager:   flink.Size{CPU: l.JobManager.CPU, MemoryMB: int(l.JobManager.MemoryMB)},
		TaskManager:  flink.Size{CPU: l.TaskManager.CPU, MemoryMB: int(l.TaskManager.MemoryMB)},
		TaskManagers: r.incarnation.TaskManagers,
		Ports:        flink.Ports{RPC: r.incarnation.RPCPort, REST: r.incarnation.RESTPort},
		Storage:      flink.Storage{Checkpoints: checkpoints.String(), Savepoints: savepoints.String(), Root: w.StorageRoot},
		Program:      flink.Program{Jar: programFile(l, r.version.JarSHA256), Class: cmp.Or(l.EntryClass, r.version.MainClass), Args: args},
		GateJar:      gateJar,
		Folders:      flink.Folders(layout),
	}
	if w.Targets[r.target].Kind != KindSimulated { // what is simulated reaches folders only
		p.Storage.S3 = w.S3
	}
	switch file := programFile(l, r.version.JarSHA256); {
	case l.Script():
		p.Program = flink.Program{Script: file}
	case l.Python():
		p.Program = flink.Program{Python: file, Args: args}
		if w.Targets[r.target].Kind != KindKubernetes { // an image has an interpreter of its own
			p.Program.Interpreter = flink.Interpreter(layout.Distribution)
		}
	}
	if layout.Own != "" { // nobody else's port can be in the way of a fixed one
		p.Ports.Blob = r.incarnation.BlobPort
	}
	if w.Archives != nil && w.Targets[r.target].Kind != KindKubernetes { // they are made for this machine's Java and files
		p.Archives = w.Archives(r.version.Flink)
	}
	for _, lib := range r.version.Lib {
		p.Program.Libs = append(p.Program.Libs, jarFile(lib.SHA256))
	}
	return p, nil
}

func incarnationOf(shape runtime.Shape, r flink.Rendered, artifacts []runtime.Artifact) runtime.Incarnation {
	inc := runtime.Incarnation{Shape: shape, Artifacts: artifacts}
	for _, f := range r.Files {
		inc.Files = append(inc.Files, runtime.File{Name: f.Name, Mode: f.Mode, Content: f.Content})
	}
	for _, p := range r.Processes {
		inc.Processes = append(inc.Processes, runtime.Process{
			ProcessID: runtime.ProcessID{Role: runtime.Role(p.Role), Index: p.Index}, Args: p.Args, Env: p.Env, MemoryMB: p.MemoryMB, CPU: p.CPU, Gate: p.Gate, Ports: p.Ports,
		})
	}
	return inc
}

// release gives the gate its order.
func (w *world) release(ctx context.Context, f facts) error {
	_, rt, err := w.placed(ctx, f.Incarnation)
	if err != nil {
		return err
	}
	return rt.Release(ctx, runtime.IncarnationID(f.Incarnation), orderOf(f))
}

// trigger asks Flink for the savepoint whose names are committed. NATIVE: written by the state backend itself, the fastest to write and to restore.
func (w *world) trigger(ctx context.Context, f facts) error {
	inc, err := w.incarnation(ctx, f.Source)
	if err != nil {
		return err
	}
	req := flink.SavepointRequest{Directory: f.Directory, TriggerID: f.Trigger, Format: flink.Native}
	if f.Canonical {
		req.Format = flink.Canonical
	}
	if f.Stop {
		return w.flinkAt(inc).Stop(ctx, f.SourceJob, req)
	}
	return w.flinkAt(inc).TriggerSavepoint(ctx, f.SourceJob, req)
}

// checkpoint asks Flink for a checkpoint. A refusal is for the next Look to see: it knows no such trigger.
func (w *world) checkpoint(ctx context.Context, f facts) error {
	inc, err := w.incarnation(ctx, f.Source)
	if err != nil {
		return err
	}
	return w.flinkAt(inc).TriggerCheckpoint(ctx, f.SourceJob, f.Checkpoint)
}

func (w *world) incarnation(ctx context.Context, id string) (inc cluster.Incarnation, err error) {
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		inc, err = tx.Incarnation(id)
		return err
	})
	return inc, err
}

// cancel asks Flink to cancel; a job that it does not know, or that ended meanwhile, is for the next Look to see.
func (w *world) cancel(ctx context.Context, f facts) error {
	inc, err := w.incarnation(ctx, f.Source)
	if err != nil {
		return err
	}
	err = w.flinkAt(inc).Cancel(ctx, inc.FlinkJobID)
	if answered := (*flink.StatusError)(nil); errors.As(err, &answered) {
		return nil
	}
	return err
}

// killAll ends every incarnation of a job that is not dead in our books, for ever; but for one that is spared.
func (w *world) killAll(ctx context.Context, job, spared string) error {
	all, err := w.living(ctx, job)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.Row.ID == spared {
			continue
		}
		if err := w.kill(ctx, l.Row.ID); err != nil {
			return err
		}
	}
	return nil
}

// kill ends an incarnation for ever, or only the roles named.
func (w *world) kill(ctx context.Context, id string, roles ...runtime.Role) error {
	inc, rt, err := w.placed(ctx, id)
	if err != nil {
		return err
	}
	if inc.Declared != nil {
		if err := rt.Abandon(ctx, runtime.IncarnationID(id), inc.Declared.Who); err != nil {
			return err
		}
	}
	if err := rt.Kill(ctx, runtime.IncarnationID(id), roles...); err != nil {
		return fmt.Errorf("cannot kill incarnation %s: %w", id, err)
	}
	return nil
}
