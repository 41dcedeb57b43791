package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// PutCluster declares a cluster: creates it, changes what needs no restart, or finds that nothing is to be done.
func (s *Service) PutCluster(ctx context.Context, c Caller, ref cluster.Ref, spec cluster.Spec, cond Conditions) (ClusterView, Operation, error) {
	pool, err := s.Pool(ctx, ref.PoolRef)
	if err != nil {
		return ClusterView{}, Operation{}, parentNotFound(err)
	}
	facts := s.Facts()
	var view ClusterView
	var op store.Operation
	err = s.accept(ctx, store.Scope{store.Target(pool.Target), store.Pool(pool.UID)}, func(tx *store.Tx) error {
		same, err := s.repeated(tx, c)
		if err != nil {
			return err
		}
		if same != nil {
			op = *same
			view, err = s.view(tx, ref)
			return err
		}
		old, err := tx.Cluster(ref)
		created := errors.Is(err, store.ErrNotFound)
		switch {
		case created:
			op, err = s.create(tx, c, pool, ref, spec, facts, cond)
		case err == nil:
			op, err = s.change(tx, c, pool, old, spec, facts, cond)
		}
		if err != nil {
			return err
		}
		view, err = s.view(tx, ref)
		view.Created = created
		return err
	})
	if err != nil {
		return ClusterView{}, Operation{}, err
	}
	return view, show(op, nil), nil
}

func parentNotFound(err error) error {
	if e := cluster.AsError(err); e != nil && e.Code == "ResourceNotFound" {
		e.Code = "ParentResourceNotFound"
	}
	return err
}

// create accepts a new cluster: cluster, job, version 1 and operation in one transaction.
func (s *Service) create(tx *store.Tx, c Caller, pool cluster.Pool, ref cluster.Ref, spec cluster.Spec, facts cluster.FlinkFacts, cond Conditions) (store.Operation, error) {
	if cond.IfMatch != "" {
		return store.Operation{}, cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "There is no cluster %q that If-Match could match.", ref.Name)
	}
	if err := s.admit(pool, ref, spec, facts); err != nil {
		return store.Operation{}, err
	}
	launch := cluster.LaunchOf(spec)
	if err := launch.Startable(); err != nil {
		return store.Operation{}, err
	}
	if err := s.room(tx, pool.Target, launch); err != nil {
		return store.Operation{}, err
	}
	now, by := s.Now(), c.Principal
	cl := cluster.Cluster{
		UID: newID(), PoolUID: pool.UID, Ref: cluster.Ref{PoolRef: pool.Ref, Name: ref.Name}, DeploymentID: newID(), Spec: spec, Phase: cluster.Starting, ETag: newETag(),
		System: cluster.SystemData{CreatedBy: by, CreatedByType: c.PrincipalType, CreatedAt: now, LastModifiedBy: by, LastModifiedByType: c.PrincipalType, LastModifiedAt: now},
	}
	job := cluster.Job{UID: newID(), ClusterUID: cl.UID, RunID: newRunID(), Name: ref.Name, Goal: 1, Action: cluster.ActionNew, ActionResult: cluster.ResultInProgress}
	if err := tx.InsertCluster(cl); err != nil {
		return store.Operation{}, err
	}
	if err := tx.InsertJob(job); err != nil {
		return store.Operation{}, err
	}
	if err := s.insertVersion(tx, job.UID, 1, launch, facts); err != nil {
		return store.Operation{}, err
	}
	f := launchFacts(spec, 1)
	return s.insert(tx, asked{caller: c, cluster: cl, job: job, target: pool.Target, verb: "PUT", kind: cluster.KindCreate, facts: f})
}

func launchFacts(spec cluster.Spec, version int) facts {
	f := facts{Version: version, Draft: true, FirstRun: true}
	if j := spec.Properties.Profile.Flink.Job; j != nil && strings.TrimSpace(j.SavePointName) != "" {
		f.SavePointName = j.SavePointName
	}
	return f
}

func (s *Service) insertVersion(tx *store.Tx, job string, number int, launch cluster.Launch, facts cluster.FlinkFacts) error {
	real, _ := facts.Resolve(launch.OSSVersion)
	return tx.InsertVersion(cluster.Version{JobUID: job, Number: number, State: cluster.Draft, Launch: launch, Flink: real, CreatedAt: s.Now()})
}

// admit checks everything that can be checked before anything is stored: all faults at once.
func (s *Service) admit(pool cluster.Pool, ref cluster.Ref, spec cluster.Spec, facts cluster.FlinkFacts) error {
	var faults []cluster.Fault
	if f := cluster.ValidateName("cluster", ref.Name); f != nil {
		faults = append(faults, *f)
	}
	faults = append(faults, cluster.ValidateSpec(spec, facts, s.Limits)...)
	if err := cluster.Faults(faults); err != nil {
		return err
	}
	if target, ok := s.targetAt(spec.Location); !ok {
		return cluster.Errorf(cluster.Invalid, "LocationNotAvailableForResourceType", "location",
			"The location %q leads to no target here. Known: %s.", spec.Location, strings.Join(s.locations(), ", "))
	} else if target != pool.Target {
		return cluster.Errorf(cluster.Invalid, "InvalidLocation", "location", "The location %q leads to target %q, but the pool %q is on %q.",
			spec.Location, target, pool.Ref.Pool, pool.Target)
	}
	return nil
}

// room checks that the machine has memory for one more set of processes (R06).
func (s *Service) room(tx *store.Tx, target string, launch cluster.Launch) error {
	reserved, err := tx.ReservedMB(target)
	if err != nil {
		return err
	}
	if need := launch.ReservedMB(); reserved+need > s.MemoryMB {
		return cluster.Errorf(cluster.Conflict, "InsufficientCapacity", "", "The cluster needs %d MB (110 %% of its processes' memory), and %d of %d MB are free.",
			need, max(0, s.MemoryMB-reserved), s.MemoryMB).WithHint("ask for less memory, stop or delete another cluster, or raise limits.memoryMB")
	}
	return nil
}

// change accepts a PUT of a cluster that exists (R13, R14, R16).
func (s *Service) change(tx *store.Tx, c Caller, pool cluster.Pool, old cluster.Cluster, spec cluster.Spec, facts cluster.FlinkFacts, cond Conditions) (store.Operation, error) {
	if err := matches(cond, old.ETag); err != nil {
		return store.Operation{}, err
	}
	job, err := tx.JobOf(old.UID)
	if err != nil {
		return store.Operation{}, err
	}
	if old.Phase == cluster.Deleting {
		return store.Operation{}, cluster.Errorf(cluster.Conflict, "ResourceBeingDeleted", "", "The cluster is being deleted.")
	}
	a := asked{caller: c, cluster: old, job: job, target: pool.Target, verb: "PUT", kind: cluster.KindCreate, born: true}
	class, paths, refused := cluster.Change(old.Spec, spec)
	if len(paths) == 0 && len(refused) == 0 {
		return s.unchanged(tx, a, facts)
	}
	if err := s.admit(pool, old.Ref, spec, facts); err != nil {
		return store.Operation{}, err
	}
	if err := cluster.Conflicts(refused); err != nil {
		return store.Operation{}, err
	}
	_, busy, err := active(tx, job.UID)
	if err != nil {
		return store.Operation{}, err
	}
	if class != cluster.ChangeNone {
		if busy.ID != "" {
			e := cluster.Errorf(cluster.Conflict, "AnotherOperationInProgress", "", "Another operation (%s) is in progress.", busy.Kind)
			e.Operation = busy.ID
			return store.Operation{}, e
		}
		if old.Phase == cluster.Running {
			return store.Operation{}, cluster.Errorf(cluster.Conflict, "PropertyChangeNotAllowed", paths[0],
				"A change of %s needs a restart, which a PUT does not do to a running job in this version.", strings.Join(paths, ", ")).
				WithHint("STOP the job, PUT the change, START the job")
		}
	}
	old.Spec, old.ETag = spec, newETag()
	old.System.LastModifiedAt, old.System.LastModifiedBy, old.System.LastModifiedByType = s.Now(), c.Principal, c.PrincipalType
	if err := tx.SaveCluster(old); err != nil {
		return store.Operation{}, err
	}
	a.cluster = old
	return s.insert(tx, a)
}

// unchanged: an operation born Succeeded; but a cluster whose creation failed is created again (R16).
func (s *Service) unchanged(tx *store.Tx, a asked, facts cluster.FlinkFacts) (store.Operation, error) {
	state, err := provisioning(tx, a.cluster.Ref)
	if err != nil {
		return store.Operation{}, err
	}
	_, busy, err := active(tx, a.job.UID)
	if err != nil {
		return store.Operation{}, err
	}
	retry := (state == cluster.ProvisioningFailed || state == cluster.ProvisioningCanceled) && a.cluster.Phase == cluster.Failed && a.job.RunningVersion == 0 && !a.job.Canceled
	if !retry || busy.ID != "" {
		return s.insert(tx, a)
	}
	launch := cluster.LaunchOf(a.cluster.Spec)
	if err := s.room(tx, a.target, launch); err != nil {
		return store.Operation{}, err
	}
	versions, err := tx.Versions(a.job.UID)
	if err != nil {
		return store.Operation{}, err
	}
	number := versions[0].Number + 1
	if err := s.insertVersion(tx, a.job.UID, number, launch, facts); err != nil {
		return store.Operation{}, err
	}
	if err := s.begin(tx, &a, number, cluster.ActionNew); err != nil {
		return store.Operation{}, err
	}
	a.born, a.facts = false, launchFacts(a.cluster.Spec, number)
	return s.insert(tx, a)
}

// begin moves cluster and job to where a launch of version number starts.
func (s *Service) begin(tx *store.Tx, a *asked, number int, action cluster.Action) error {
	a.cluster.Phase = cluster.Starting
	if err := tx.SaveCluster(a.cluster); err != nil {
		return err
	}
	a.job.Goal, a.job.Action, a.job.ActionResult, a.job.Output = number, action, cluster.ResultInProgress, ""
	return tx.SaveJob(a.job)
}

// matches checks If-Match and If-None-Match against an existing resource.
func matches(cond Conditions, etag string) error {
	if cond.IfMatch != "" && cond.IfMatch != "*" && strings.Trim(cond.IfMatch, `"`) != etag {
		return cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The cluster was changed meanwhile: its ETag is another one.").WithHint("read it again")
	}
	if cond.IfNoneMatch != "" && (cond.IfNoneMatch == "*" || strings.Trim(cond.IfNoneMatch, `"`) == etag) {
		return cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The cluster exists already.")
	}
	return nil
}

// newETag has the service's own form.
func newETag() string {
	id := newID()
	return fmt.Sprintf("%s-0000-%s-0000-%s0000", id[:8], id[8:12], id[12:20])
}

// newRunID is job- and groups of 3, 4, 4 and 12 hex digits (R23).
func newRunID() string {
	id := newID()
	return fmt.Sprintf("job-%s-%s-%s-%s", id[:3], id[3:7], id[7:11], id[11:23])
}
