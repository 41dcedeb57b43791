package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// The change of a cluster that exists: by PUT, PATCH or resize (R05, R13-R16). What each path asks of a running job is said by the
// table of package cluster; whatever asks for a new incarnation is a change like runJob's.

// VerbResize is the verb of a resize among those that decide provisioningState (R12): it is a POST, as runJob is.
const VerbResize = "resize"

// PatchCluster changes what merge makes of the cluster as it is. It may touch what [cluster.ByPatch] allows.
func (s *Service) PatchCluster(ctx context.Context, c Caller, ref cluster.Ref, merge func(ClusterView) (cluster.Spec, error), cond Conditions) (ClusterView, Operation, error) {
	return s.declare(ctx, ref, declared{caller: c, verb: "PATCH", by: cluster.ByPatch, cond: cond, spec: merge})
}

// Resize is what a resize asks for.
type Resize struct {
	Workers  int
	Location string // "" = not said; else it must be the cluster's own (R02)
}

// ResizeCluster changes the number of worker nodes (R05).
func (s *Service) ResizeCluster(ctx context.Context, c Caller, ref cluster.Ref, r Resize, cond Conditions) (ClusterView, Operation, error) {
	return s.declare(ctx, ref, declared{caller: c, verb: VerbResize, by: cluster.ByPut, cond: cond, spec: func(old ClusterView) (cluster.Spec, error) {
		spec := old.Spec.WithWorkers(r.Workers)
		if r.Location != "" {
			spec.Location = r.Location
		}
		return spec, nil
	}})
}

// change accepts a request that declares a cluster that exists.
func (s *Service) change(tx *store.Tx, d declared, pool cluster.Pool, old cluster.Cluster, facts cluster.FlinkFacts) (store.Operation, error) {
	if err := matches(d.cond, old.ETag); err != nil {
		return store.Operation{}, err
	}
	before, err := s.view(tx, old.Ref)
	if err != nil {
		return store.Operation{}, err
	}
	if old.Phase == cluster.Deleting {
		return store.Operation{}, cluster.Errorf(cluster.Conflict, "ResourceBeingDeleted", "", "The cluster is being deleted.")
	}
	spec, err := d.spec(before)
	if err == nil {
		spec, err = keepHidden(spec, old.Spec)
	}
	if err != nil {
		return store.Operation{}, err
	}
	a := asked{caller: d.caller, cluster: old, job: before.Job, target: pool.Target, verb: d.verb, kind: cluster.KindUpdate}
	ch := cluster.Change(old.Spec, spec, d.by)
	if err := s.mayChange(tx, a, pool, spec, ch, facts); err != nil {
		return store.Operation{}, err
	}
	if len(ch.Paths) > 0 {
		a.cluster.Spec, a.cluster.ETag = spec, newETag()
		sys := &a.cluster.System
		sys.LastModifiedAt, sys.LastModifiedBy, sys.LastModifiedByType = s.Now(), d.caller.Principal, d.caller.PrincipalType
		if err := tx.SaveCluster(a.cluster); err != nil {
			return store.Operation{}, err
		}
	}
	again, err := s.neverRan(tx, a)
	switch {
	case err != nil:
		return store.Operation{}, err
	case again && d.verb == "PUT":
		return s.createAgain(tx, a, facts)
	case ch.Class > cluster.ChangeNone && old.Phase == cluster.Running:
		return s.bring(tx, a, old.Spec, ch, facts)
	}
	a.born = true
	op, err := s.insert(tx, a)
	if err != nil {
		return op, err
	}
	return op, tx.AddLine(op.ID, s.Now(), "", stored(a, ch))
}

// NothingChanged is what the log of a request says that declares what is declared already.
const NothingChanged = "nothing changed"

// stored says what a request did that starts nothing.
func stored(a asked, ch cluster.Changes) string {
	paths := strings.Join(ch.Paths, ", ")
	switch {
	case len(ch.Paths) == 0 && a.verb == VerbUpgrade:
		return "nothing to upgrade on this target"
	case len(ch.Paths) == 0:
		return NothingChanged
	case ch.Class > cluster.ChangeNone:
		return fmt.Sprintf("stored: %s; the job is %s, its next start uses it", paths, a.cluster.Phase)
	case a.verb == VerbResize:
		return fmt.Sprintf("stored: %s; numReplicas decides the number of TaskManagers, %d, which stays", paths, cluster.LaunchOf(a.cluster.Spec).TaskManagers)
	}
	return fmt.Sprintf("stored: %s; the job goes on as it is", paths)
}

// mayChange says why a change cannot be accepted, or nil.
func (s *Service) mayChange(tx *store.Tx, a asked, pool cluster.Pool, spec cluster.Spec, ch cluster.Changes, facts cluster.FlinkFacts) error {
	switch {
	case len(ch.Paths) == 0:
		return nil
	case ch.OnlyTags(): // whatever else has become invalid meanwhile
		return cluster.Faults(cluster.ValidateTags(spec.Tags))
	}
	if err := s.admit(pool, a.cluster.Ref, spec, facts); err != nil {
		return err
	}
	if err := cluster.Conflicts(ch.Refused); err != nil {
		return err
	}
	_, busy, err := active(tx, a.job.UID)
	switch {
	case err != nil:
		return err
	case busy.ID == "" && (ch.Class == cluster.ChangeNone || slices.Contains([]cluster.Phase{cluster.Stopped, cluster.Failed}, a.cluster.Phase)):
		return nil
	}
	if _, refused := cluster.Allowed(a.cluster.Phase, a.job, busy, cluster.ActionUpdate); refused != nil {
		return refused
	}
	return nil
}

// neverRan reports whether the cluster's creation failed, so that there is no state to lose.
func (s *Service) neverRan(tx *store.Tx, a asked) (bool, error) {
	if a.cluster.Phase != cluster.Failed || a.job.Canceled {
		return false, nil
	}
	if _, busy, err := active(tx, a.job.UID); err != nil || busy.ID != "" {
		return false, err
	}
	all, err := tx.Incarnations(a.job.UID)
	return !slices.ContainsFunc(all, func(i cluster.Incarnation) bool { return !i.LiveAt.IsZero() }), err
}

// createAgain starts a cluster whose creation failed as it is declared now (R16).
func (s *Service) createAgain(tx *store.Tx, a asked, facts cluster.FlinkFacts) (store.Operation, error) {
	launch := cluster.LaunchOf(a.cluster.Spec)
	if err := launch.Startable(); err != nil {
		return store.Operation{}, err
	}
	if err := s.room(tx, a.target, launch); err != nil {
		return store.Operation{}, err
	}
	number, err := s.nextVersion(tx, a.job.UID, launch, facts)
	if err != nil {
		return store.Operation{}, err
	}
	if err := s.begin(tx, &a, number, cluster.ActionNew); err != nil {
		return store.Operation{}, err
	}
	a.kind, a.facts = cluster.KindCreate, launchFacts(a.cluster.Spec, number)
	return s.insert(tx, a)
}

// bring brings what was declared to the running job: a change like runJob's, to a version of the frozen jar; where the job itself was
// declared anew, to one of the newest. If it fails, what was declared before is restored (R12).
func (s *Service) bring(tx *store.Tx, a asked, before cluster.Spec, ch cluster.Changes, facts cluster.FlinkFacts) (store.Operation, error) {
	goal, err := tx.Version(a.job.UID, a.job.Goal)
	if err != nil {
		return store.Operation{}, err
	}
	launch := goal.Launch.WithSpec(a.cluster.Spec)
	if ch.Job {
		launch = cluster.LaunchOf(a.cluster.Spec)
	}
	if err := launch.Startable(); err != nil {
		return store.Operation{}, err.WithHint("STOP the job first")
	}
	if grows := launch.ReservedMB() - goal.Launch.ReservedMB(); grows > 0 {
		if err := s.fits(tx, a.target, grows); err != nil {
			return store.Operation{}, err
		}
	}
	c := changing{action: cluster.ActionUpdate, version: goal.Number, draft: ch.Job || goal.State != cluster.Frozen, before: &before}
	switch {
	case c.draft:
		c.version, err = s.nextVersion(tx, a.job.UID, launch, facts)
	case !launch.Equal(goal.Launch):
		c.version, err = s.refrozen(tx, goal, launch, facts)
	}
	if err != nil {
		return store.Operation{}, err
	}
	if ch.Class == cluster.ChangeUpgrade {
		mode, _ := cluster.ParseAction(a.cluster.Spec.Properties.Profile.Flink.Job.UpgradeMode)
		c.action = mode
	}
	op, err := s.beginChange(tx, a, c)
	if err != nil {
		return op, err
	}
	return op, tx.AddLine(op.ID, s.Now(), op.Step, fmt.Sprintf("%s changed (%s): the job goes over to version %d by %s", strings.Join(ch.Paths, ", "), ch.Class, c.version, c.action))
}

// refrozen makes a version that launches otherwise what goal has frozen.
func (s *Service) refrozen(tx *store.Tx, goal cluster.Version, launch cluster.Launch, facts cluster.FlinkFacts) (int, error) {
	number, err := s.nextVersion(tx, goal.JobUID, launch, facts)
	if err != nil {
		return 0, err
	}
	return number, changeVersion(tx, goal.JobUID, number, func(v *cluster.Version) {
		v.State, v.JarSHA256, v.JarBytes, v.Lib, v.MainClass = goal.State, goal.JarSHA256, goal.JarBytes, goal.Lib, goal.MainClass
	})
}

// specIs restores what was declared before a change that failed. Tags stay: they may have been changed meanwhile.
type specIs struct {
	UID, ETag  string
	Properties cluster.Properties
}

func (r specIs) Write(tx *store.Tx) error {
	c, err := tx.ClusterByUID(r.UID)
	if err != nil {
		return err
	}
	c.Spec.Properties, c.ETag = r.Properties, r.ETag
	return tx.SaveCluster(c)
}
