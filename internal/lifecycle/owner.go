package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"drey/internal/runtime"
	"drey/internal/store"
)

// An owner renews a target's row and lock every second, and stops acting after three seconds without success (design decision 10).
const (
	ownerTerm  = 5 * time.Second
	ownerRenew = time.Second
	ownerStale = 3 * time.Second
	// ownerLost is when another server takes a target whose row nobody renews: its term, and as much again as clocks and a slow answer may take.
	ownerLost = ownerTerm + time.Second
)

// owner holds the targets of this server. Its fence is asked before every commit and every effect.
type owner struct {
	Config
	mu     sync.Mutex
	held   map[string]claim
	others map[string]sighting
	lost   map[string]bool // another server took it from us
	sure   map[string]bool // the database is no old copy for it
}

// sighting is the row of a target that another server holds, and since when we see it like that, by our own monotonic clock.
type sighting struct {
	row   store.TargetRow
	since time.Time
}

// claim is a target as it was last held. renewed has a monotonic part: no clock jump can stretch it.
type claim struct {
	epoch   int64
	renewed time.Time
}

func newOwner(c Config) *owner {
	return &owner{Config: c, held: map[string]claim{}, others: map[string]sighting{}, lost: map[string]bool{}, sure: map[string]bool{}}
}

// fence answers the epoch of a target, and whether we may act for it now.
func (o *owner) fence(target string) (int64, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c, ok := o.held[target]
	return c.epoch, ok && time.Since(c.renewed) < ownerStale
}

// elsewhere reports whether another server renews its hold of a target.
func (o *owner) elsewhere(target string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen, ok := o.others[target]
	return ok && time.Since(seen.since) < ownerLost
}

// tend renews a target that is ours, and takes one that is free.
func (o *owner) tend(ctx context.Context, target string) error {
	o.mu.Lock()
	_, mine := o.held[target]
	o.mu.Unlock()
	if mine {
		return o.renew(ctx, target)
	}
	var row store.TargetRow
	err := o.Store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Target(target)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot read target %q: %w", target, err)
	}
	if !o.free(row) {
		return nil
	}
	if err := o.checked(ctx, row); err != nil {
		return err
	}
	return o.claim(ctx, row)
}

// free reports whether a target may be taken: it has no holder, or one that has not renewed it for too long, or one that cannot live any more,
// since there is one server at a time where it ran and that is us. Who has lost it knows that this is not so: it was the one that stood still.
func (o *owner) free(row store.TargetRow) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen, ok := o.others[row.Name]
	switch {
	case o.lost[row.Name] && !o.Shared:
		return false
	case !o.lost[row.Name] && (!o.Shared || row.Holder == "" || runtime.SameSeat(row.Holder, o.Holder)):
		delete(o.others, row.Name)
		return true
	case !ok || seen.row != row:
		o.others[row.Name] = sighting{row: row, since: time.Now()}
		return false
	}
	return time.Since(seen.since) > ownerLost
}

// errOther says that a target is not what the database means by its name.
var errOther = errors.New("this database belongs to another machine or data directory")

// claim takes a target under a new epoch, first at the target itself, then in the store.
func (o *owner) claim(ctx context.Context, row store.TargetRow) error {
	target, was := row.Name, row.Epoch
	rt := o.Targets[target]
	identity, err := rt.Identity(ctx)
	if err != nil {
		return fmt.Errorf("cannot tell who target %q is: %w", target, err)
	}
	if row.Identity != "" && row.Identity != identity {
		return fmt.Errorf("target %q was %s and is %s now: %w", target, row.Identity, identity, errOther)
	}
	began := time.Now()
	highest, err := rt.Claim(ctx, o.Holder, row.Epoch+1, ownerTerm)
	if highest > row.Epoch+1 {
		return fmt.Errorf("target %q was owned under epoch %d, and the database knows epoch %d: it is an old copy, and acting on it could start jobs twice; start on the newest database", target, highest, row.Epoch)
	}
	if err != nil {
		return fmt.Errorf("cannot claim target %q: %w", target, err)
	}
	row.Identity, row.Epoch, row.Holder, row.ExpiresAt = identity, row.Epoch+1, o.Holder, o.Now().Add(ownerTerm)
	err = o.Store.Change(ctx, store.Scope{store.Target(target)}, func(tx *store.Tx) error {
		if now, err := tx.Target(target); err != nil || now.Epoch != was {
			return errors.Join(err, errDeposed)
		}
		return tx.PutTarget(row)
	})
	if err != nil {
		return fmt.Errorf("cannot write the claim of target %q: %w", target, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[target] = claim{epoch: row.Epoch, renewed: began}
	o.Log.InfoContext(ctx, "target taken", "target", target, "epoch", row.Epoch)
	return nil
}

// keep tends a target until quit.
func (o *owner) keep(ctx context.Context, quit <-chan struct{}, target string) error {
	tick := time.NewTicker(ownerRenew)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-quit:
			return nil
		case <-tick.C:
		}
		err := o.tend(ctx, target)
		if err != nil && err.Error() != said {
			o.Log.ErrorContext(ctx, "this server cannot act on a target", "target", target, "error", err)
		}
		said = fmt.Sprint(err)
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
	if highest > mine {
		return o.deposed(target)
	}
	if err != nil {
		return err
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
	if errors.Is(err, errDeposed) {
		return o.deposed(target)
	}
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[target] = claim{epoch: mine, renewed: began}
	return nil
}

// deposed gives a target up that another server has taken.
func (o *owner) deposed(target string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.held, target)
	o.lost[target] = true
	return errDeposed
}
