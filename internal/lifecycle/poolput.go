package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

// PutPool declares a pool: makes it, changes it, or finds that nothing is to be done.
func (s *Service) PutPool(ctx context.Context, c Caller, ref cluster.PoolRef, spec cluster.PoolSpec, cond Conditions) (PoolView, Operation, error) {
	if err := s.Scope(ctx, ref.Subscription, ref.Group); err != nil {
		return PoolView{}, Operation{}, err
	}
	target, err := s.place(spec.Location)
	if err != nil {
		return PoolView{}, Operation{}, err
	}
	var created bool
	view, op, err := s.askPool(ctx, c, ref, target, func(tx *store.Tx) (store.Operation, error) {
		old, err := tx.Pool(ref)
		if created = errors.Is(err, store.ErrNotFound); created {
			return s.createPool(tx, c, ref, spec, target, cond)
		}
		if err != nil {
			return store.Operation{}, err
		}
		return s.changePool(tx, c, old, spec, cluster.ByPut, cond)
	})
	view.Created = created
	return view, op, err
}

// PatchPool changes the tags of a pool (R15). patch makes what is declared of what is there; it is called inside the transaction.
func (s *Service) PatchPool(ctx context.Context, c Caller, ref cluster.PoolRef, patch func(cluster.Pool) (cluster.PoolSpec, error), cond Conditions) (PoolView, Operation, error) {
	pool, err := s.Pool(ctx, ref)
	if err != nil {
		return PoolView{}, Operation{}, err
	}
	return s.askPool(ctx, c, ref, pool.Target, func(tx *store.Tx) (store.Operation, error) {
		old, err := poolRow(tx, ref)
		if err != nil {
			return store.Operation{}, err
		}
		spec, err := patch(old)
		if err != nil {
			return store.Operation{}, err
		}
		return s.changePool(tx, c, old, spec, cluster.ByPatch, cond)
	})
}

func (s *Service) createPool(tx *store.Tx, c Caller, ref cluster.PoolRef, spec cluster.PoolSpec, target string, cond Conditions) (store.Operation, error) {
	if cond.IfMatch != "" {
		return store.Operation{}, cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "There is no pool %q that If-Match could match.", ref.Pool)
	}
	if err := cluster.Faults(cluster.ValidatePool(ref.Pool, spec, s.Limits)); err != nil {
		return store.Operation{}, err
	}
	if err := groupStays(tx, ref.Subscription, ref.Group); err != nil {
		return store.Operation{}, err
	}
	group, err := groupRow(tx, ref.Subscription, ref.Group)
	if err != nil {
		return store.Operation{}, err
	}
	other, err := poolAt(tx, ref.Subscription, spec.Location, ref.Pool)
	if err == nil {
		return store.Operation{}, cluster.Errorf(cluster.Conflict, "ClusterPoolAlreadyTaken", "name",
			"Resource group %q has a pool of this name at this location.", other.Ref.Group).WithHint("choose another name or location")
	}
	if !errors.Is(err, store.ErrNotFound) {
		return store.Operation{}, err
	}
	ref.Subscription, ref.Group = group.Subscription, group.Name
	now, by := s.Now(), c.Principal
	pool := cluster.Pool{UID: newID(), Ref: ref, Target: target, ETag: newETag(), System: cluster.SystemData{
		CreatedBy: by, CreatedByType: c.PrincipalType, CreatedAt: now, LastModifiedBy: by, LastModifiedByType: c.PrincipalType, LastModifiedAt: now}}
	pool.Declare(spec)
	if err := tx.PutPool(pool); err != nil {
		return store.Operation{}, err
	}
	return s.insert(tx, asked{caller: c, pool: pool, target: target, verb: "PUT", kind: kindPoolCreate})
}

// poolAt finds the pool that has a name at a location of a subscription (R35).
func poolAt(tx *store.Tx, subscription, location, name string) (cluster.Pool, error) {
	pools, err := tx.Pools(subscription, "", "", 0)
	if err != nil {
		return cluster.Pool{}, err
	}
	for _, p := range pools {
		if strings.EqualFold(p.Ref.Pool, name) && cluster.NormalizeLocation(p.Location) == cluster.NormalizeLocation(location) {
			return p, nil
		}
	}
	return cluster.Pool{}, store.ErrNotFound
}

// changePool writes down what is declared now: that is all there is to a change, so its operation is born Succeeded. A pool that failed is
// made again (R16).
func (s *Service) changePool(tx *store.Tx, c Caller, pool cluster.Pool, spec cluster.PoolSpec, by cluster.Declaring, cond Conditions) (store.Operation, error) {
	if err := poolMatches(cond, pool.ETag); err != nil {
		return store.Operation{}, err
	}
	state, err := poolState(tx, pool)
	if err != nil {
		return store.Operation{}, err
	}
	if state == cluster.ProvisioningDeleting {
		return store.Operation{}, cluster.Errorf(cluster.Conflict, "ResourceBeingDeleted", "", "The pool is being deleted.")
	}
	if err := s.declarePool(tx, c, &pool, spec, by); err != nil {
		return store.Operation{}, err
	}
	a := asked{caller: c, pool: pool, target: pool.Target, verb: "PUT", kind: kindPoolUpdate, born: true}
	if by == cluster.ByPatch {
		a.verb = "PATCH"
	}
	if state == cluster.ProvisioningFailed || state == cluster.ProvisioningCanceled {
		a.kind, a.born = kindPoolCreate, false
	}
	return s.insert(tx, a)
}

// declarePool stores what differs; if nothing does, ETag and systemData stay (R16).
func (s *Service) declarePool(tx *store.Tx, c Caller, pool *cluster.Pool, spec cluster.PoolSpec, by cluster.Declaring) error {
	changes := cluster.ChangePool(*pool, spec, by)
	if len(changes.Paths) == 0 {
		return nil
	}
	if err := cluster.Faults(cluster.ValidatePool(pool.Ref.Pool, spec, s.Limits)); err != nil {
		return err
	}
	if err := cluster.Conflicts(changes.Refused); err != nil {
		return err
	}
	busy, err := tx.ActiveOperation(pool.UID)
	switch {
	case err == nil && !changes.OnlyTags():
		return &cluster.Error{Kind: cluster.Conflict, Code: "AnotherOperationInProgress", Operation: busy.ID,
			Message: fmt.Sprintf("Another operation (%s) is in progress.", busy.Kind)}
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	pool.Declare(spec)
	pool.ETag = newETag()
	pool.System.LastModifiedAt, pool.System.LastModifiedBy, pool.System.LastModifiedByType = s.Now(), c.Principal, c.PrincipalType
	return tx.PutPool(*pool)
}

const (
	kindPoolCreate = "pool.create"
	kindPoolUpdate = "pool.update"
)

// poolCreateKind makes a pool. Its row is all that it has of its own, so what remains is whether its target answers.
func poolCreateKind() kind {
	return kind{name: kindPoolCreate, version: 1, deadline: 2 * time.Minute, settle: settlePool, steps: []step{
		{name: "reach", look: lookReach, decide: decideReach},
	}}
}

func lookReach(f facts) questions { return questions{Reach: f.Target} }

func decideReach(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	return f, engine.Done().Say("target " + f.Target + " answers: " + a.Reach)
}

// reach asks a target who it is. Silence is trouble, asked again until the operation's time is over.
func (w *world) reach(ctx context.Context, target string) (string, error) {
	rt, err := w.runtimeOf(target)
	if err != nil {
		return "", &cluster.Error{Kind: cluster.Unavailable, Code: "TargetNotConfigured", Message: fmt.Sprintf("There is no target %q here.", target), Err: err}
	}
	identity, err := rt.Identity(ctx)
	if err != nil {
		return "", &cluster.Error{Kind: cluster.Unavailable, Code: "TargetUnreachable", Message: fmt.Sprintf("The target %q does not answer.", target), Err: err}
	}
	return identity, nil
}

// poolUpdateKind is a change that was made where it was accepted: nothing of it is ever left to do.
func poolUpdateKind() kind {
	return kind{name: kindPoolUpdate, version: 1, deadline: time.Minute, settle: settlePool, steps: []step{
		{name: "record", look: func(facts) questions { return questions{} },
			decide: func(f facts, _ answers, _ time.Time) (facts, engine.Verdict) { return f, engine.Done() }},
	}}
}

// settlePool leaves the pool as it is: its provisioningState and the operation's error say the rest.
func settlePool(facts, *cluster.Error) []engine.Row { return nil }
