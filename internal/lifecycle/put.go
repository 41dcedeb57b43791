package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// PutCluster declares a cluster: creates it, changes it, or finds that nothing is to be done. by says what the caller's api-version declares.
func (s *Service) PutCluster(ctx context.Context, c Caller, ref cluster.Ref, by cluster.Declaring, spec cluster.Spec, cond Conditions) (ClusterView, Operation, error) {
	return s.declare(ctx, ref, declared{caller: c, verb: "PUT", by: by, cond: cond, spec: func(ClusterView) (cluster.Spec, error) { return spec, nil }})
}

// declared is a request that declares what a cluster shall be: a PUT, a PATCH, a resize or an upgrade.
type declared struct {
	caller Caller
	verb   string // PUT, PATCH, resize, upgrade
	by     cluster.Declaring
	cond   Conditions
	// spec makes it of what there is; of the zero value, if a PUT creates the cluster. It is called inside the transaction.
	spec func(old ClusterView) (cluster.Spec, error)
}

func (s *Service) declare(ctx context.Context, ref cluster.Ref, d declared) (ClusterView, Operation, error) {
	pool, err := s.Pool(ctx, ref.PoolRef)
	if err != nil {
		return ClusterView{}, Operation{}, parentNotFound(err)
	}
	facts := s.factsAt(pool.Target)
	var view ClusterView
	var shown Operation
	err = s.accept(ctx, d.caller, store.Scope{store.Target(pool.Target), store.Pool(pool.UID)}, func(tx *store.Tx) error {
		same, err := s.repeated(tx, d.caller)
		if err != nil {
			return err
		}
		if same != nil {
			shown = show(*same, nil)
			view, err = s.view(tx, ref)
			return err
		}
		var op store.Operation
		old, err := tx.Cluster(ref)
		created := errors.Is(err, store.ErrNotFound)
		switch {
		case created && d.verb != "PUT":
			return notFound("cluster", ref.Name)
		case created:
			op, err = s.create(tx, d, pool, ref, facts)
		case err == nil:
			op, err = s.change(tx, d, pool, old, facts)
		}
		if err != nil {
			return err
		}
		if view, err = s.view(tx, ref); err != nil {
			return err
		}
		view.Created = created
		shown, err = acceptedAs(tx, d.caller, op)
		return err
	})
	if err != nil {
		return ClusterView{}, Operation{}, err
	}
	return view, shown, nil
}

func parentNotFound(err error) error {
	if e := cluster.AsError(err); e != nil && e.Code == "ResourceNotFound" {
		e.Code = "ParentResourceNotFound"
	}
	return err
}

// create accepts a new cluster: cluster, job, version 1 and operation in one transaction.
func (s *Service) create(tx *store.Tx, d declared, pool cluster.Pool, ref cluster.Ref, facts cluster.FlinkFacts) (store.Operation, error) {
	if d.cond.IfMatch != "" {
		return store.Operation{}, cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "There is no cluster %q that If-Match could match.", ref.Name)
	}
	c := d.caller
	if err := poolReady(tx, pool); err != nil {
		return store.Operation{}, err
	}
	spec, err := d.spec(ClusterView{})
	if err == nil {
		spec, err = keepHidden(spec, cluster.Spec{})
	}
	if err != nil {
		return store.Operation{}, err
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

// poolReady: a cluster is made in a pool that is there and stays (R17).
func poolReady(tx *store.Tx, pool cluster.Pool) error {
	state, err := poolState(tx, pool)
	if err != nil || state == cluster.ProvisioningSucceeded {
		return err
	}
	return cluster.Errorf(cluster.Conflict, "PoolNotReady", "", "The provisioning state of the pool %q is %s.", pool.Ref.Pool, state).
		WithHint("wait until it is Succeeded; PUT a pool again that is Failed")
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
	if a, of := spec.Properties.Profile.LogAnalytics, pool.LogAnalytics; a != nil && a.Enabled && (of == nil || !of.Enabled) {
		faults = append(faults, cluster.Fault{Code: "LogAnalyticsNotEnabledOnPool", Target: "properties.clusterProfile.logAnalyticsProfile.enabled",
			Message: "Log Analytics is off in the pool.", Hint: "switch it on in the pool first"}) // R33
	}
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
	return s.fits(tx, target, launch.ReservedMB())
}

func (s *Service) fits(tx *store.Tx, target string, need int64) error {
	reserved, err := tx.ReservedMB(target)
	if err != nil {
		return err
	}
	all := s.Targets[target].MemoryMB
	if reserved+need > all {
		return cluster.Errorf(cluster.Conflict, "InsufficientCapacity", "", "The cluster needs %d MB (110 %% of its processes' memory), and %d of %d MB are free.",
			need, max(0, all-reserved), all).WithHint("ask for less memory, stop or delete another cluster, or raise limits.memoryMB")
	}
	return nil
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

// matches checks If-Match and If-None-Match against an existing resource. Each may list several values.
func matches(cond Conditions, etag string) error {
	if cond.IfMatch != "" && !listed(cond.IfMatch, etag) {
		return cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The cluster was changed meanwhile: its ETag is another one.").WithHint("read it again")
	}
	if cond.IfNoneMatch != "" && listed(cond.IfNoneMatch, etag) {
		return cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The cluster exists already.")
	}
	return nil
}

func listed(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.Trim(strings.TrimPrefix(strings.TrimSpace(one), "W/"), `"`)
		if one == "*" || one == etag {
			return true
		}
	}
	return false
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
