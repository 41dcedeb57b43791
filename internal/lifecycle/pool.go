package lifecycle

import (
	"context"
	"errors"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// PoolView is a pool as callers see it.
type PoolView struct {
	cluster.Pool
	ProvisioningState string // computed (R12)
	Created           bool   // answered by the PUT that made it
}

// PoolView reads one pool.
func (s *Service) PoolView(ctx context.Context, ref cluster.PoolRef) (v PoolView, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		v, err = poolView(tx, ref)
		return err
	})
	return v, err
}

func poolView(tx *store.Tx, ref cluster.PoolRef) (PoolView, error) {
	pool, err := poolRow(tx, ref)
	if err != nil {
		return PoolView{}, err
	}
	state, err := poolState(tx, pool)
	return PoolView{Pool: pool, ProvisioningState: state}, err
}

// PoolViews lists the pools of a subscription, or of one group of it, by address.
func (s *Service) PoolViews(ctx context.Context, subscription, group string, p Page) (views []PoolView, next string, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		if err := scope(tx, subscription, group); err != nil {
			return err
		}
		pools, err := tx.Pools(subscription, group, p.After, p.limit()+1)
		if err != nil {
			return err
		}
		if len(pools) > p.limit() {
			pools = pools[:p.limit()]
			next = strings.ToLower(pools[len(pools)-1].Ref.ID())
		}
		for _, pool := range pools {
			state, err := poolState(tx, pool)
			if err != nil {
				return err
			}
			views = append(views, PoolView{Pool: pool, ProvisioningState: state})
		}
		return nil
	})
	return views, next, err
}

// poolState is the pool's provisioningState (R12): how the newest operation came out that could come out in two ways. A change succeeds where
// it is accepted, so it hides neither one that still runs nor one that failed.
func poolState(tx *store.Tx, pool cluster.Pool) (string, error) {
	op, err := tx.NewestOfKinds(pool.Ref.ID(), kindPoolCreate, kindPoolDelete)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	return cluster.ProvisioningState(cluster.WritingOperation{Verb: op.Verb, Running: op.State == store.Active, Outcome: string(op.Outcome)}), nil
}

// place is the target that a location leads to (R02).
func (s *Service) place(location string) (string, error) {
	target, ok := s.targetAt(location)
	if !ok {
		return "", cluster.Errorf(cluster.Invalid, "LocationNotAvailableForResourceType", "location",
			"The location %q leads to no target here. Known: %s.", location, strings.Join(s.locations(), ", "))
	}
	return target, nil
}

// askPool accepts a request that writes a pool. Each locks the subscription: a name is unique in it for each location (R35), and a group is
// removed only if no pool is in it.
func (s *Service) askPool(ctx context.Context, c Caller, ref cluster.PoolRef, target string, fn func(*store.Tx) (store.Operation, error)) (view PoolView, op Operation, err error) {
	err = s.accept(ctx, c, store.Scope{store.SubscriptionRow(ref.Subscription), store.Target(target)}, func(tx *store.Tx) error {
		same, err := s.repeated(tx, c)
		if err == nil && same == nil {
			var made store.Operation
			made, err = fn(tx)
			same = &made
		}
		if err != nil {
			return err
		}
		if op, err = acceptedAs(tx, c, *same); err != nil {
			return err
		}
		view, err = poolView(tx, ref)
		return err
	})
	return view, op, err
}

// poolMatches checks If-Match and If-None-Match against a pool that is there.
func poolMatches(cond Conditions, etag string) error {
	if cond.IfMatch != "" && cond.IfMatch != "*" && cond.IfMatch != etag {
		return cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The pool was changed meanwhile: its ETag is another one.").WithHint("read it again")
	}
	if cond.IfNoneMatch == "*" || cond.IfNoneMatch == etag {
		return cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The pool exists already.")
	}
	return nil
}
