package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"drey/internal/store"
)

// begin takes a target that is free for a server that starts: its database may be an old copy.
func (o *owner) begin(ctx context.Context, target string) error {
	row, err := o.row(ctx, target)
	if err != nil || !o.free(row) {
		return err
	}
	identity, err := o.Targets[target].Identity(ctx)
	if err == nil && (row.Identity == "" || row.Identity == identity) { // else claim says what is wrong
		if err := o.knowsAll(ctx, target); err != nil {
			return err
		}
	}
	return o.claim(ctx, row)
}

// knowsAll refuses a database that does not know what runs at a target: an incarnation is written down before it is released, so this is an old
// copy, whose epoch was the newest already. Asking the simulated target would start its process; nothing there is worth it.
func (o *owner) knowsAll(ctx context.Context, target string) error {
	if o.Targets[target].Kind == KindSimulated {
		return nil
	}
	all, err := o.Targets[target].List(ctx)
	if err != nil {
		return fmt.Errorf("cannot tell what runs at target %q: %w", target, err)
	}
	return o.Store.Read(ctx, func(tx *store.Tx) error {
		for _, s := range all {
			if s.OrderDigest == "" || s.Dead || s.Tombstone { // a server, or a person, was done with the last
				continue
			}
			_, err := tx.Incarnation(string(s.ID))
			if errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("incarnation %s runs at target %q, and the database does not know it: it is an old copy, and acting on it could start jobs twice; start on the newest database", s.ID, target)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
