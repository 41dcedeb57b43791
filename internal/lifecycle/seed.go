package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"drey/internal/cluster"
	"drey/internal/store"
)

// Seed is what a server finds made: its targets, and with --dev a subscription, a group and a pool.
type Seed struct {
	Directory    string            // id of the data directory whose database it is; "": anybody's
	Targets      map[string]string // kind by name
	Subscription store.Subscription
	Group        store.Group  // zero: none
	Pool         cluster.Pool // zero: none
}

// directoryKey is the meta key for the data directory that a database belongs to.
const directoryKey = "directory"

// Plant writes what of a seed is not there yet; what is there stays as it is. The database of another data directory is refused: the processes, names
// and keys that belong to what is in it are there.
func Plant(ctx context.Context, st *store.Store, c Config, seed Seed) error {
	return st.Change(ctx, nil, func(tx *store.Tx) error {
		if err := belongs(tx, seed.Directory); err != nil {
			return err
		}
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

func belongs(tx *store.Tx, directory string) error {
	if directory == "" {
		return nil
	}
	owner, err := tx.Meta(directoryKey)
	if errors.Is(err, store.ErrNotFound) {
		return tx.SetMeta(directoryKey, directory)
	}
	if err == nil && owner != directory {
		err = fmt.Errorf("it belongs to another data directory (directoryId %s in its secret.json; this one's is %s): start Drey on that one, or use an empty database", owner, directory)
	}
	return err
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
