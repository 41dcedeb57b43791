package lifecycle

import (
	"context"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// The acceptance of changes: UPDATE, STATELESS_UPDATE, LAST_STATE_UPDATE, RE_LAUNCH and a rollback (R24).

// changing is what a change starts, apart from how.
type changing struct {
	action    cluster.Action
	version   int  // to start
	draft     bool // its jars are to be staged
	savepoint string
	dropped   bool          // state that no operator claims may be left behind
	drops     bool          // the state of what runs is given up: nothing is asked of it that it may not be able to give
	before    *cluster.Spec // what was declared before, where the change was declared
}

// update accepts an UPDATE, STATELESS_UPDATE or LAST_STATE_UPDATE: a new version from the newest content of the jar's path.
func (s *Service) update(tx *store.Tx, a asked, r cluster.RunJob, known cluster.FlinkFacts) (store.Operation, error) {
	_, launch, err := s.asksFor(tx, a, r, known)
	if err != nil {
		return store.Operation{}, err
	}
	c := changing{action: a.action, draft: true, savepoint: strings.TrimSpace(r.Used().SavePointName), dropped: r.AllowNonRestoredState}
	if c.version, err = s.nextVersion(tx, a.job.UID, launch, known); err != nil {
		return store.Operation{}, err
	}
	return s.beginChange(tx, a, c)
}

// relaunch accepts a RE_LAUNCH: the frozen version again.
func (s *Service) relaunch(tx *store.Tx, a asked, known cluster.FlinkFacts) (store.Operation, error) {
	goal, err := tx.Version(a.job.UID, a.job.Goal)
	if err != nil {
		return store.Operation{}, err
	}
	c := changing{action: a.action, version: goal.Number}
	if goal.State != cluster.Frozen {
		c.draft = true
		if c.version, err = s.nextVersion(tx, a.job.UID, goal.Launch, known); err != nil {
			return store.Operation{}, err
		}
	}
	return s.beginChange(tx, a, c)
}

// beginChange accepts a change, whatever it starts.
func (s *Service) beginChange(tx *store.Tx, a asked, c changing) (store.Operation, error) {
	f := facts{Change: true, Version: c.version, Draft: c.draft, SavePointName: c.savepoint, AllowDropped: c.dropped,
		Previous: a.job.Goal, Was: a.cluster.Phase}
	v, err := tx.Version(a.job.UID, c.version)
	if err != nil {
		return store.Operation{}, err
	}
	if a.cluster.Phase == cluster.Running {
		err = s.fromLiving(tx, a, &f, c)
	} else {
		err = s.fromEnded(tx, a, c, v, &f)
	}
	if err != nil {
		return store.Operation{}, err
	}
	if err := betweenLines(tx, a.job.UID, v, &f); err != nil {
		return store.Operation{}, err
	}
	if c.before != nil {
		f.Before = &c.before.Properties
		if err := s.inPlace(tx, a, v, &f); err != nil {
			return store.Operation{}, err
		}
	}
	a.job.Goal, a.job.Action, a.job.ActionResult = c.version, c.action, cluster.ResultInProgress
	if f.Way == "" {
		a.job.Output = ""
		a.cluster.Phase = cluster.Starting
		if err := tx.SaveCluster(a.cluster); err != nil {
			return store.Operation{}, err
		}
	}
	if err := tx.SaveJob(a.job); err != nil {
		return store.Operation{}, err
	}
	a.kind, a.facts = changeKinds[c.action], f
	return s.insert(tx, a)
}

// inPlace finds out whether a change that was declared differs in nothing but the parallelism from what runs: the running job takes it over.
func (s *Service) inPlace(tx *store.Tx, a asked, v cluster.Version, f *facts) error {
	old, err := tx.Version(a.job.UID, f.Previous)
	if err != nil {
		return err
	}
	if v.State == cluster.Frozen && f.Way == bySavepoint && len(old.Scalable) > 0 && old.State == cluster.Frozen && old.Flink == v.Flink && old.Launch.OnlyParallelism(v.Launch) {
		f.Rescale = v.Launch.Parallelism()
	}
	return nil
}

// changeKinds are the kinds of operation by action.
var changeKinds = map[cluster.Action]string{
	cluster.ActionUpdate:          cluster.KindUpdate,
	cluster.ActionStatelessUpdate: cluster.KindStatelessUpdate,
	cluster.ActionLastStateUpdate: cluster.KindLastStateUpdate,
	cluster.ActionRelaunch:        cluster.KindRelaunch,
}

// fromLiving says how the living incarnation is ended.
func (s *Service) fromLiving(tx *store.Tx, a asked, f *facts, c changing) error {
	inc, err := s.liveOf(tx, a.job)
	if err != nil {
		return err
	}
	if a.job.RunningVersion > 0 {
		f.Previous = a.job.RunningVersion
	}
	f.Source, f.SourceJob, f.Provable = inc.ID, inc.FlinkJobID, inc.ID
	switch {
	case c.action == cluster.ActionStatelessUpdate:
		f.Way, f.Chosen = byNone, true
		return nil
	case c.action == cluster.ActionLastStateUpdate:
		f.Way = byLast
		return nil
	case c.drops:
		f.Way = byNone
		return nil
	}
	v, err := tx.Version(a.job.UID, inc.Version)
	if err != nil {
		return err
	}
	base, err := v.Launch.SavepointDirectory(a.cluster.DeploymentID, s.Limits.StorageSuffixes...)
	if err != nil {
		return err
	}
	f.Way, f.Stop, f.Base = bySavepoint, true, strings.TrimRight(base.String(), "/")
	return s.resume(tx, a.job.UID, f)
}

// fromEnded says what a job that does not run is started from: its newest savepoint if it was stopped, its newest provable state if it
// failed, nothing if it has finished or is to forget its state.
func (s *Service) fromEnded(tx *store.Tx, a asked, c changing, v cluster.Version, f *facts) error {
	if err := s.room(tx, a.target, v.Launch); err != nil {
		return err
	}
	switch {
	case c.action == cluster.ActionStatelessUpdate || a.job.Status == cluster.JobFinished:
		f.Chosen = true
		return nil
	case a.cluster.Phase == cluster.Stopped:
		f.Newest = true
		return nil
	}
	all, err := tx.Incarnations(a.job.UID)
	if err != nil {
		return err
	}
	for _, inc := range all { // newest first; one that was never released has nothing
		if !inc.ReleasedAt.IsZero() {
			f.Provable = inc.ID
			return nil
		}
	}
	f.Newest = true
	return nil
}

// Rollback starts a frozen version of before in place of what runs, from a fresh savepoint, or from a named one; then what was done since
// that one is given up, and what runs is not asked for a savepoint, which a job that loops cannot give. It is an UPDATE to a version that is
// there already: with the same preflight, the same gate, the same way back.
func (s *Service) Rollback(ctx context.Context, c Caller, ref cluster.Ref, number int, savepoint string) (Operation, error) {
	if _, fault := cluster.ParseSavePointName(savepoint, s.Limits); fault != nil {
		return Operation{}, cluster.Faults([]cluster.Fault{*fault})
	}
	return s.onJob(ctx, c, ref, cluster.RunJob{Action: cluster.ActionUpdate}, func(tx *store.Tx, a asked) (store.Operation, error) {
		v, err := tx.Version(a.job.UID, number)
		switch {
		case isNotFound(err):
			return store.Operation{}, cluster.Errorf(cluster.NotFound, "VersionNotFound", "version", "%s has no version %d.", a.job.Name, number)
		case err != nil:
			return store.Operation{}, err
		case v.State != cluster.Frozen:
			return store.Operation{}, cluster.Errorf(cluster.Conflict, "VersionNotStartable", "version", "Version %d never became startable: %s.", number, v.Failure)
		}
		return s.beginChange(tx, a, changing{action: a.action, version: number, savepoint: strings.TrimSpace(savepoint), drops: strings.TrimSpace(savepoint) != ""})
	})
}
