package store

import "time"

// TargetRow is a place to run and who owns it.
type TargetRow struct {
	Name, Kind, Identity string
	Epoch                int64 // rises with each new holder
	Holder               string
	ExpiresAt            time.Time
}

// scanTarget scans name, kind, identity, epoch, holder, expires_at.
func scanTarget(r row) (TargetRow, error) {
	var t TargetRow
	var expires int64
	err := r.Scan(&t.Name, &t.Kind, &t.Identity, &t.Epoch, &t.Holder, &expires)
	t.ExpiresAt = moment(expires)
	return t, err
}

// Target gives a target.
func (t *Tx) Target(name string) (TargetRow, error) {
	return one(t, scanTarget, "SELECT name, kind, identity, epoch, holder, expires_at FROM target WHERE name = ?", name)
}

// Targets lists all targets by name.
func (t *Tx) Targets() ([]TargetRow, error) {
	return list(t, scanTarget, "SELECT name, kind, identity, epoch, holder, expires_at FROM target ORDER BY name")
}

// PutTarget makes or replaces a target. An epoch below the stored one is ErrFenced: its holder was replaced.
func (t *Tx) PutTarget(r TargetRow) error {
	n, err := t.exec(`INSERT INTO target (name, kind, identity, epoch, holder, expires_at, change) VALUES (?, ?, ?, ?, ?, ?, '')
		ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, identity = excluded.identity, epoch = excluded.epoch,
			holder = excluded.holder, expires_at = excluded.expires_at
		WHERE excluded.epoch >= target.epoch`,
		r.Name, r.Kind, r.Identity, r.Epoch, r.Holder, nanos(r.ExpiresAt))
	if err == nil && n == 0 {
		err = t.failed(ErrFenced)
	}
	return err
}
