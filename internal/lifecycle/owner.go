package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"drey/internal/store"
)

// An owner renews a target's row and lock every second, and stops acting after three seconds without success (design decision 10).
const (
	ownerTerm  = 5 * time.Second
	ownerRenew = time.Second
	ownerStale = 3 * time.Second
)

// owner holds the targets of this server. Its fence is asked before every commit and every effect.
type owner struct {
	Config
	mu   sync.Mutex
	held map[string]claim
}

// claim is a target as it was last held. renewed has a monotonic part: no clock jump can stretch it.
type claim struct {
	epoch   int64
	renewed time.Time
}

func newOwner(c Config) *owner { return &owner{Config: c, held: map[string]claim{}} }

// fence answers the epoch of a target, and whether we may act for it now.
func (o *owner) fence(target string) (int64, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c, ok := o.held[target]
	return c.epoch, ok && time.Since(c.renewed) < ownerStale
}

// claim takes a target under a new epoch, first at the target itself, then in the store.
func (o *owner) claim(ctx context.Context, target string) error {
	rt := o.Targets[target]
	identity, err := rt.Identity(ctx)
	if err != nil {
		return fmt.Errorf("cannot tell who target %q is: %w", target, err)
	}
	var row store.TargetRow
	err = o.Store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Target(target)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("cannot read target %q: %w", target, err)
	case row.Identity != "" && row.Identity != identity:
		return fmt.Errorf("target %q was %s and is %s now: this database belongs to another machine or data directory", target, row.Identity, identity)
	}
	began := time.Now()
	highest, err := rt.Claim(ctx, o.Holder, row.Epoch+1, ownerTerm)
	if err != nil {
		return fmt.Errorf("cannot claim target %q: %w", target, err)
	}
	if highest > row.Epoch+1 {
		return fmt.Errorf("target %q knows epoch %d, the database only %d: the database is an old copy, and acting on it could start jobs twice", target, highest, row.Epoch)
	}
	row.Identity, row.Epoch, row.Holder, row.ExpiresAt = identity, row.Epoch+1, o.Holder, o.Now().Add(ownerTerm)
	err = o.Store.Change(ctx, store.Scope{store.Target(target)}, func(tx *store.Tx) error { return tx.PutTarget(row) })
	if err != nil {
		return fmt.Errorf("cannot write the claim of target %q: %w", target, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[target] = claim{epoch: row.Epoch, renewed: began}
	return nil
}

// keep renews a target until quit.
func (o *owner) keep(ctx context.Context, quit <-chan struct{}, target string) error {
	tick := time.NewTicker(ownerRenew)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return nil
		case <-tick.C:
		}
		if err := o.renew(ctx, target); err != nil {
			o.Log.ErrorContext(ctx, "cannot renew the claim of a target", "target", target, "error", err)
		}
	}
}

var errDeposed = errors.New("another server owns this target now")

func (o *owner) renew(ctx context.Context, target string) error {
	o.mu.Lock()
	mine := o.held[target].epoch
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(store.Urgent(ctx), ownerStale) // without it nothing may be done at this target
	defer cancel()
	began := time.Now()
	highest, err := o.Targets[target].Claim(ctx, o.Holder, mine, ownerTerm)
	if err != nil {
		return err
	}
	if highest != mine {
		return errDeposed
	}
	expires := o.Now().Add(ownerTerm)
	err = o.Store.Change(ctx, store.Scope{store.Target(target)}, func(tx *store.Tx) error {
		row, err := tx.Target(target)
		if err != nil {
			return err
		}
		if row.Epoch != mine {
			return errDeposed
		}
		row.ExpiresAt = expires
		return tx.PutTarget(row)
	})
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[target] = claim{epoch: mine, renewed: began}
	return nil
}
