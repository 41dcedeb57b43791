package lifecycle

import (
	"context"
	"errors"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// RunJob does an action on the cluster's job (R24).
func (s *Service) RunJob(ctx context.Context, c Caller, ref cluster.Ref, job cluster.RunJob) (Operation, error) {
	if job.Action == cluster.ActionDelete {
		if err := s.knows(ctx, ref, job); err != nil {
			return Operation{}, err
		}
		op, err := s.remove(ctx, c, ref, nil, Conditions{}, "POST", job.Action)
		if err == nil && op == nil {
			return Operation{}, notFound("cluster", ref.Name)
		}
		if err != nil {
			return Operation{}, err
		}
		return *op, nil
	}
	var listed []cluster.Savepoint
	if job.Action == cluster.ActionListSavepoint {
		var err error
		if listed, err = s.Savepoints(ctx, ref); err != nil {
			return Operation{}, err
		}
	}
	return s.onJob(ctx, c, ref, job, func(tx *store.Tx, a asked) (store.Operation, error) {
		known := s.factsAt(a.target)
		switch job.Action {
		case cluster.ActionStart:
			return s.start(tx, a, job, known)
		case cluster.ActionUpdate, cluster.ActionStatelessUpdate, cluster.ActionLastStateUpdate:
			return s.update(tx, a, job, known)
		case cluster.ActionRelaunch:
			return s.relaunch(tx, a, known)
		case cluster.ActionStop:
			return s.savepointing(tx, a, true)
		case cluster.ActionSavepoint:
			return s.savepointing(tx, a, false)
		case cluster.ActionCancel:
			return s.cancelJob(tx, a)
		}
		return s.listSavepoints(tx, a, listed)
	})
}

// onJob accepts an action on a cluster's job, if the rules allow it now: the one place where they are asked.
func (s *Service) onJob(ctx context.Context, c Caller, ref cluster.Ref, r cluster.RunJob, do func(tx *store.Tx, a asked) (store.Operation, error)) (Operation, error) {
	pool, err := s.Pool(ctx, ref.PoolRef)
	if err != nil {
		return Operation{}, parentNotFound(err)
	}
	var shown Operation
	err = s.accept(ctx, c, store.Scope{store.Target(pool.Target), store.Pool(pool.UID)}, func(tx *store.Tx) error {
		same, err := s.repeated(tx, c)
		if err != nil {
			return err
		}
		if same != nil {
			shown = show(*same, nil)
			return nil
		}
		a, err := s.allowed(tx, c, pool, ref, r)
		if err != nil {
			return err
		}
		op, err := do(tx, a)
		if err != nil {
			return err
		}
		shown, err = acceptedAs(tx, c, op)
		return err
	})
	return shown, err
}

// knows checks that the request means this cluster's job.
func (s *Service) knows(ctx context.Context, ref cluster.Ref, job cluster.RunJob) error {
	return s.Store.Read(ctx, func(tx *store.Tx) error {
		j, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		if e := job.Matches(j); e != nil {
			return e
		}
		return nil
	})
}

// allowed asks the rules, and ends the operation that the action supersedes or accepts.
func (s *Service) allowed(tx *store.Tx, c Caller, pool cluster.Pool, ref cluster.Ref, r cluster.RunJob) (asked, error) {
	cl, err := s.clusterRow(tx, ref)
	if err != nil {
		return asked{}, err
	}
	job, err := tx.JobOf(cl.UID)
	if err != nil {
		return asked{}, err
	}
	if e := r.Matches(job); e != nil {
		return asked{}, e
	}
	old, busy, err := active(tx, job.UID)
	if err != nil {
		return asked{}, err
	}
	verdict, refused := cluster.Allowed(cl.Phase, job, busy, r.Action)
	if refused != nil {
		return asked{}, refused
	}
	if err := s.takeFrom(tx, verdict, old, c.RequestID); err != nil {
		return asked{}, err
	}
	if job, err = tx.JobOf(cl.UID); err != nil { // what was accepted changed it
		return asked{}, err
	}
	return asked{caller: c, cluster: cl, job: job, target: pool.Target, verb: "POST", action: r.Action}, nil
}

// start launches the goal version, or a new one if the request or the cluster's own declaration changed what is launched.
func (s *Service) start(tx *store.Tx, a asked, r cluster.RunJob, known cluster.FlinkFacts) (store.Operation, error) {
	goal, launch, err := s.asksFor(tx, a, r, known)
	if err != nil {
		return store.Operation{}, err
	}
	if err := s.room(tx, a.target, launch); err != nil {
		return store.Operation{}, err
	}
	f := facts{Version: goal.Number, SavePointName: strings.TrimSpace(r.SavePointName), Newest: strings.TrimSpace(r.SavePointName) == ""}
	if r.ChangesLaunch() || !launch.Equal(goal.Launch) || goal.State != cluster.Frozen {
		if f.Version, err = s.nextVersion(tx, a.job.UID, launch, known); err != nil {
			return store.Operation{}, err
		}
		f.Draft = true
	}
	if err := s.begin(tx, &a, f.Version, cluster.ActionStart); err != nil {
		return store.Operation{}, err
	}
	a.kind, a.facts = cluster.KindStart, f
	return s.insert(tx, a)
}

// asksFor is what a request would have launched: the goal version with what the cluster's declaration and the request change of it.
func (s *Service) asksFor(tx *store.Tx, a asked, r cluster.RunJob, known cluster.FlinkFacts) (goal cluster.Version, launch cluster.Launch, err error) {
	if goal, err = tx.Version(a.job.UID, a.job.Goal); err != nil {
		return goal, launch, err
	}
	launch = goal.Launch.WithSpec(a.cluster.Spec)
	r = r.Used()
	var hidden []cluster.Fault
	r.Configuration, hidden = keepConfig("properties.flinkConfiguration", r.Configuration, launch.Configuration)
	if err := cluster.Faults(hidden); err != nil {
		return goal, launch, err
	}
	if err := cluster.Faults(cluster.ValidateRunJob(r, launch, known, s.Limits)); err != nil {
		return goal, launch, err
	}
	launch = launch.With(r)
	if e := launch.Startable(); e != nil {
		return goal, launch, e
	}
	return goal, launch, nil
}

func (s *Service) nextVersion(tx *store.Tx, job string, launch cluster.Launch, known cluster.FlinkFacts) (int, error) {
	versions, err := tx.Versions(job)
	if err != nil {
		return 0, err
	}
	number := versions[0].Number + 1
	return number, s.insertVersion(tx, job, number, launch, known)
}

// savepointing asks for a savepoint of the living incarnation, with or without a stop. A stop whose outcome is still open is taken up.
func (s *Service) savepointing(tx *store.Tx, a asked, stop bool) (store.Operation, error) {
	inc, err := s.liveOf(tx, a.job)
	if err != nil {
		return store.Operation{}, err
	}
	v, err := tx.Version(a.job.UID, inc.Version)
	if err != nil {
		return store.Operation{}, err
	}
	base, err := v.Launch.SavepointDirectory(a.cluster.DeploymentID, s.Limits.StorageSuffixes...)
	if err != nil {
		return store.Operation{}, err
	}
	f := facts{Source: inc.ID, SourceJob: inc.FlinkJobID, Stop: stop, Base: strings.TrimRight(base.String(), "/")}
	a.kind = cluster.KindSavepoint
	if stop {
		a.kind = cluster.KindStop
		if err := s.resume(tx, a.job.UID, &f); err != nil {
			return store.Operation{}, err
		}
		a.cluster.Phase = cluster.Stopping
		if err := tx.SaveCluster(a.cluster); err != nil {
			return store.Operation{}, err
		}
	}
	a.job.Action, a.job.ActionResult = a.action, cluster.ResultInProgress
	if err := tx.SaveJob(a.job); err != nil {
		return store.Operation{}, err
	}
	a.facts = f
	return s.insert(tx, a)
}

// resume takes up the trigger of a stop of the same incarnation whose outcome was never learned.
func (s *Service) resume(tx *store.Tx, job string, f *facts) error {
	open, err := tx.OpenTriggers(job)
	if err != nil {
		return err
	}
	for _, t := range open {
		if t.Stop && t.Incarnation == f.Source {
			f.Trigger, f.Directory, f.Attempt = t.ID, t.Directory, t.Attempt
		}
	}
	return nil
}

// liveOf finds the incarnation that runs a job.
func (s *Service) liveOf(tx *store.Tx, job cluster.Job) (cluster.Incarnation, error) {
	all, err := tx.Incarnations(job.UID)
	if err != nil {
		return cluster.Incarnation{}, err
	}
	for _, inc := range all {
		if inc.Phase == cluster.Live || inc.Phase == cluster.Releasing {
			return inc, nil
		}
	}
	return cluster.Incarnation{}, cluster.Errorf(cluster.Conflict, "JobNotRunning", "", "%s has no running incarnation.", job.Name)
}

// cancelJob ends the job for good, whatever it is doing.
func (s *Service) cancelJob(tx *store.Tx, a asked) (store.Operation, error) {
	f := facts{}
	inc, err := s.liveOf(tx, a.job)
	switch e := cluster.AsError(err); {
	case err == nil:
		f.Source, f.SourceJob = inc.ID, inc.FlinkJobID
	case e == nil:
		return store.Operation{}, err
	}
	a.job.Action, a.job.ActionResult = a.action, cluster.ResultInProgress
	if err := tx.SaveJob(a.job); err != nil {
		return store.Operation{}, err
	}
	a.kind, a.facts = cluster.KindCancel, f
	return s.insert(tx, a)
}

// listSavepoints writes the list into jobOutput (R26); status and lastSavePoint stay.
func (s *Service) listSavepoints(tx *store.Tx, a asked, listed []cluster.Savepoint) (store.Operation, error) {
	a.job.Action, a.job.ActionResult, a.job.Output = a.action, cluster.ResultSuccess, savepointList(listed)
	if err := tx.SaveJob(a.job); err != nil {
		return store.Operation{}, err
	}
	a.kind, a.born = cluster.KindSavepoint, true
	return s.insert(tx, a)
}

// DeleteCluster removes a cluster; nil if there is none.
func (s *Service) DeleteCluster(ctx context.Context, c Caller, ref cluster.Ref, purge []string, cond Conditions) (*Operation, error) {
	return s.remove(ctx, c, ref, purge, cond, "DELETE", "")
}

func (s *Service) remove(ctx context.Context, c Caller, ref cluster.Ref, purge []string, cond Conditions, verb string, action cluster.Action) (*Operation, error) {
	if err := s.Scope(ctx, ref.Subscription, ref.Group); err != nil {
		return nil, err
	}
	pool, err := s.Pool(ctx, ref.PoolRef)
	if err != nil {
		if e := cluster.AsError(err); e != nil && e.Code == "ResourceNotFound" {
			return nil, nil
		}
		return nil, err
	}
	var shown *Operation
	err = s.accept(ctx, c, store.Scope{store.Target(pool.Target), store.Pool(pool.UID)}, func(tx *store.Tx) error {
		shown = nil
		same, err := s.repeated(tx, c)
		if err != nil {
			return err
		}
		if same != nil { // also where another cluster has the name by now (R38)
			op := show(*same, nil)
			shown = &op
			return nil
		}
		cl, err := tx.Cluster(ref)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := matches(Conditions{IfMatch: cond.IfMatch}, cl.ETag); err != nil {
			return err
		}
		made, err := s.removeRow(tx, asked{caller: c, cluster: cl, target: pool.Target, verb: verb, action: action, kind: cluster.KindDelete, facts: facts{Purge: purge}})
		if err != nil {
			return err
		}
		op, err := acceptedAs(tx, c, made)
		shown = &op
		return err
	})
	if err != nil {
		return nil, err
	}
	return shown, nil
}

// removeRow accepts a DELETE: it supersedes whatever goes on; a second one is the first one.
func (s *Service) removeRow(tx *store.Tx, a asked) (store.Operation, error) {
	job, err := tx.JobOf(a.cluster.UID)
	if err != nil {
		return store.Operation{}, err
	}
	a.job = job
	old, busy, err := active(tx, job.UID)
	if err != nil {
		return store.Operation{}, err
	}
	verdict, refused := cluster.Allowed(a.cluster.Phase, job, busy, cluster.ActionDelete)
	switch {
	case refused != nil:
		return store.Operation{}, refused
	case verdict == cluster.Join:
		return old, nil
	}
	if err := s.takeFrom(tx, verdict, old, a.caller.RequestID); err != nil {
		return store.Operation{}, err
	}
	a.cluster.Phase = cluster.Deleting
	if err := tx.SaveCluster(a.cluster); err != nil {
		return store.Operation{}, err
	}
	a.job.Action, a.job.ActionResult = cluster.ActionDelete, cluster.ResultInProgress
	if err := tx.SaveJob(a.job); err != nil {
		return store.Operation{}, err
	}
	return s.insert(tx, a)
}
