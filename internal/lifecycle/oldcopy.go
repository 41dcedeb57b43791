package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"drey/internal/store"
)

// checked makes sure, before the first claim of a target by this process, that its database is no old copy: a restored backup names another holder, or us
// before, and its epoch may be the newest. Afterwards nothing comes to a target but through the database.
func (o *owner) checked(ctx context.Context, row store.TargetRow) error {
	o.mu.Lock()
	sure := o.sure[row.Name]
	o.mu.Unlock()
	if sure {
		return nil
	}
	identity, err := o.Targets[row.Name].Identity(ctx)
	if err != nil || row.Identity != "" && row.Identity != identity {
		return nil // claim says what is wrong
	}
	if err := o.knowsAll(ctx, row.Name); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sure[row.Name] = true
	return nil
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
