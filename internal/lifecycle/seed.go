package lifecycle

import (
	"context"
	"errors"

	"drey/internal/cluster"
	"drey/internal/store"
)

// Seed is what a server finds made: its targets, and with --dev a subscription, a group and a pool.
type Seed struct {
	Targets      map[string]string // kind by name
	Subscription store.Subscription
	Group        store.Group  // zero: none
	Pool         cluster.Pool // zero: none
}

// Plant writes what of a seed is not there yet; what is there stays as it is.
func Plant(ctx context.Context, st *store.Store, c Config, seed Seed) error {
	return st.Change(ctx, nil, func(tx *store.Tx) error {
		for name, kind := range seed.Targets {
			if _, err := tx.Target(name); errors.Is(err, store.ErrNotFound) {
				err = tx.PutTarget(store.TargetRow{Name: name, Kind: kind})
				if err != nil {
					return err
				}
			} else if err != nil {
				return err
			}
		}
		if _, err := tx.Subscription(seed.Subscription.ID); errors.Is(err, store.ErrNotFound) {
			if err := tx.PutSubscription(seed.Subscription); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		if seed.Group.Name == "" {
			return nil
		}
		if _, err := tx.Group(seed.Subscription.ID, seed.Group.Name); errors.Is(err, store.ErrNotFound) {
			if err := tx.PutGroup(seed.Group); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		return plantPool(tx, c, seed.Pool)
	})
}

func plantPool(tx *store.Tx, c Config, pool cluster.Pool) error {
	if pool.Ref.Pool == "" {
		return nil
	}
	if _, err := tx.Pool(pool.Ref); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	now := c.Now()
	pool.UID, pool.ETag = newID(), newETag()
	pool.System = cluster.SystemData{CreatedBy: "drey", CreatedByType: "Application", CreatedAt: now, LastModifiedBy: "drey", LastModifiedByType: "Application", LastModifiedAt: now}
	return tx.PutPool(pool)
}
