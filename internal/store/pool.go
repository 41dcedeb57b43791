package store

import "drey/internal/cluster"

// Pool gives a pool by its address in any case.
func (t *Tx) Pool(ref cluster.PoolRef) (cluster.Pool, error) {
	return one(t, document[cluster.Pool], "SELECT doc FROM pool WHERE key = ?", fold(ref.ID()))
}

// PoolByUID gives a pool by its uid.
func (t *Tx) PoolByUID(uid string) (cluster.Pool, error) {
	return one(t, document[cluster.Pool], "SELECT doc FROM pool WHERE uid = ?", uid)
}

// Pools lists pools by address, those after the address afterKey; "" is the first page, a limit of 0 is none. An empty subscription or
// group means all.
func (t *Tx) Pools(subscription, group, afterKey string, limit int) ([]cluster.Pool, error) {
	return list(t, document[cluster.Pool],
		"SELECT doc FROM pool WHERE (?1 = '' OR subscription = ?1) AND (?2 = '' OR group_key = ?2) AND key > ?3 ORDER BY key LIMIT ?4",
		fold(subscription), fold(group), fold(afterKey), orAll(limit))
}

// PutPool makes or replaces a pool by its uid. Its address belongs to it for life; that of another pool is ErrExists.
func (t *Tx) PutPool(p cluster.Pool) error {
	doc, err := t.encode(p)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO pool (uid, key, subscription, group_key, doc, change) VALUES (?, ?, ?, ?, ?, '')
		ON CONFLICT (uid) DO UPDATE SET doc = excluded.doc`,
		p.UID, fold(p.Ref.ID()), fold(p.Ref.Subscription), fold(p.Ref.Group), doc)
	return err
}

// DeletePool removes a pool. One that has clusters cannot be removed: that is an error.
func (t *Tx) DeletePool(uid string) error {
	return t.put("DELETE FROM pool WHERE uid = ?", uid)
}
