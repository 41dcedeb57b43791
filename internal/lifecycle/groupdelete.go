package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

// The DELETE of a resource group takes all that is in it along (R01). It needs no kind of operation of its own: each cluster is deleted as
// by its own DELETE; the DELETE of each pool waits for those of its clusters; and that of the last pool, which stands for the whole, waits for
// the other pools, and takes the group with it. If one fails, what waits for it fails with its error, and the group stays.

// groupKey names a resource group.
type groupKey struct{ Subscription, Name string }

// DeleteGroup removes a resource group with all that is in it. The operation is nil if it was empty: then it is gone.
func (s *Service) DeleteGroup(ctx context.Context, c Caller, subscription, name string) (op *Operation, err error) {
	pools, err := s.poolsIn(ctx, subscription, name)
	if err != nil {
		return nil, err
	}
	scope := store.Scope{store.SubscriptionRow(subscription)}
	for _, p := range pools {
		scope = append(scope, store.Target(p.Target), store.Pool(p.UID))
	}
	err = s.accept(ctx, c, scope, func(tx *store.Tx) error {
		op = nil
		same, err := s.repeated(tx, c)
		if err != nil {
			return err
		}
		if same == nil {
			same, err = s.removeGroup(tx, c, groupKey{subscription, name}, pools)
		}
		if err != nil || same == nil {
			return err
		}
		shown, err := acceptedAs(tx, c, *same)
		op = &shown
		return err
	})
	return op, err
}

func (s *Service) poolsIn(ctx context.Context, subscription, group string) (pools []cluster.Pool, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		if err := scope(tx, subscription, group); err != nil {
			return err
		}
		pools, err = tx.Pools(subscription, group, "", 0)
		return err
	})
	return pools, err
}

// removeGroup accepts a DELETE. locked are the pools whose rows are locked; the subscription's row is, so that none can come any more.
func (s *Service) removeGroup(tx *store.Tx, c Caller, g groupKey, locked []cluster.Pool) (*store.Operation, error) {
	if _, err := groupRow(tx, g.Subscription, g.Name); err != nil {
		return nil, err
	}
	if err := tx.AddAudit(groupAudit(s.Now(), c, g)); err != nil {
		return nil, err
	}
	pools, err := tx.Pools(g.Subscription, g.Name, "", 0)
	if err != nil {
		return nil, err
	}
	if len(pools) == 0 {
		return nil, tx.DeleteGroup(g.Subscription, g.Name)
	}
	for i, pool := range pools {
		if !slices.ContainsFunc(locked, func(p cluster.Pool) bool { return p.UID == pool.UID }) {
			return nil, cluster.Errorf(cluster.Unavailable, "ServerBusy", "", "A pool came into the resource group just now: nothing was accepted.").WithHint("try again")
		}
		last := i == len(pools)-1
		op, err := s.removeWithClusters(tx, c, pool, g, last)
		if err != nil || last {
			return &op, err
		}
	}
	return nil, nil
}

// removeWithClusters accepts the DELETE of a pool and of all its clusters; last: the group's too.
func (s *Service) removeWithClusters(tx *store.Tx, c Caller, pool cluster.Pool, g groupKey, last bool) (op store.Operation, err error) {
	clusters, err := tx.Clusters(pool.UID, "", 0)
	if err != nil {
		return op, err
	}
	for _, cl := range clusters {
		if _, err := s.removeRow(tx, asked{caller: c.member(), cluster: cl, target: pool.Target, verb: "DELETE", kind: cluster.KindDelete}); err != nil {
			return op, err
		}
	}
	f := facts{WithClusters: true}
	if last {
		f.WithGroup = &g
	} else {
		c = c.member()
	}
	return s.endPool(tx, c, pool, f)
}

// member is the caller of an operation that another one of the same request stands for.
func (c Caller) member() Caller {
	c.RequestID, c.ClientRequestID, c.ClientToken, c.Ignored = newGUID(), "", "", nil
	return c
}

// groupStays refuses what would put something into a group that is being deleted.
func groupStays(tx *store.Tx, subscription, group string) error {
	pools, err := tx.Pools(subscription, group, "", 0)
	if err != nil {
		return err
	}
	for _, pool := range pools {
		op, err := tx.ActiveOperation(pool.UID)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if f, err := readFacts(op.Facts); err == nil && f.WithGroup != nil {
			return &cluster.Error{Kind: cluster.Conflict, Code: "ResourceGroupBeingDeleted", Operation: op.ID, Message: fmt.Sprintf("The resource group %q is being deleted.", group)}
		}
	}
	return nil
}

// besides is what is left in a group beside one pool of it: the pools that are being deleted, and why another one stays.
func besides(tx *store.Tx, g groupKey, but string) (going []string, stuck *cluster.Error, err error) {
	pools, err := tx.Pools(g.Subscription, g.Name, "", 0)
	for _, p := range pools {
		if p.UID == but {
			continue
		}
		state, err := poolState(tx, p)
		if err != nil {
			return nil, nil, err
		}
		if state != cluster.ProvisioningDeleting {
			stuck, err := memberStays(tx, p.Ref.ID(), kindPoolDelete)
			return nil, stuck, err
		}
		going = append(going, p.Ref.ID())
	}
	return going, nil, err
}

// clustersGoing is what is left in a pool whose clusters are being deleted, and why one of them stays.
func clustersGoing(tx *store.Tx, pool string) (going []string, stuck *cluster.Error, err error) {
	rows, err := tx.Clusters(pool, "", nestedShown)
	for _, cl := range rows {
		job, err := tx.JobOf(cl.UID)
		if err != nil {
			return nil, nil, err
		}
		if _, err := tx.ActiveOperation(job.UID); isNotFound(err) {
			stuck, err := memberStays(tx, cl.Ref.ID(), cluster.KindDelete)
			return nil, stuck, err
		} else if err != nil {
			return nil, nil, err
		}
		going = append(going, cl.Ref.ID())
	}
	return going, nil, err
}

// memberStays is the error of what is not being deleted any more, as what it is in tells it.
func memberStays(tx *store.Tx, id, kind string) (*cluster.Error, error) {
	op, err := tx.NewestOfKinds(id, kind)
	switch e := op.Error; {
	case err != nil && !isNotFound(err):
		return nil, err
	case e == nil:
		return cluster.Errorf(cluster.Conflict, "CannotDeleteResource", "", "'%s' is not being deleted.", id).WithHint("delete the resource group again"), nil
	default:
		return &cluster.Error{Kind: cluster.Conflict, Code: e.Code, Message: fmt.Sprintf("'%s' stays: %s", id, e.Message), Hint: e.Hint, Details: e.Details}, nil
	}
}

// groupGone removes a group's row.
type groupGone groupKey

func (r groupGone) Write(tx *store.Tx) error { return tx.DeleteGroup(r.Subscription, r.Name) }

// nextMember is how long a DELETE waits before it looks again at those it waits for.
const nextMember = time.Second

// decideEmptied ends the DELETE of a pool, and of its group, once what was in them is gone.
func decideEmptied(f facts, a answers) engine.Verdict {
	switch {
	case a.Stuck != nil:
		return engine.Fail(a.Stuck)
	case len(a.Nested) > 0:
		return engine.Again(nextMember)
	case f.WithGroup != nil:
		return engine.Done(poolGone{UID: f.Pool}, groupGone(*f.WithGroup)).Say("its row is removed, and the resource group " + f.WithGroup.Name + "; savepoints of its clusters stay where they are")
	}
	return engine.Done(poolGone{UID: f.Pool}).Say("its row is removed; savepoints of its clusters stay where they are")
}
