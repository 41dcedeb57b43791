package store

import "drey/internal/cluster"

func scanSubscription(r row) (Subscription, error) {
	var s Subscription
	return s, r.Scan(&s.ID, &s.Name, &s.Tenant)
}

// Subscriptions lists all subscriptions by id.
func (t *Tx) Subscriptions() ([]Subscription, error) {
	return list(t, scanSubscription, "SELECT id, name, tenant FROM subscription ORDER BY id")
}

// Subscription gives a subscription by its id in any case.
func (t *Tx) Subscription(id string) (Subscription, error) {
	return one(t, scanSubscription, "SELECT id, name, tenant FROM subscription WHERE id = ?", fold(id))
}

// PutSubscription makes or replaces a subscription; its id is stored in lower case.
func (t *Tx) PutSubscription(s Subscription) error {
	_, err := t.exec(`INSERT INTO subscription (id, name, tenant) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, tenant = excluded.tenant`, fold(s.ID), s.Name, s.Tenant)
	return err
}

func scanGroup(r row) (Group, error) {
	var g Group
	return g, r.Scan(&g.Subscription, &g.Name, &g.Location)
}

// Group gives a resource group.
func (t *Tx) Group(subscription, name string) (Group, error) {
	return one(t, scanGroup, "SELECT subscription, name, location FROM resource_group WHERE subscription = ? AND key = ?",
		fold(subscription), fold(name))
}

// Groups lists the resource groups of a subscription by name.
func (t *Tx) Groups(subscription string) ([]Group, error) {
	return list(t, scanGroup, "SELECT subscription, name, location FROM resource_group WHERE subscription = ? ORDER BY key", fold(subscription))
}

// PutGroup makes a resource group or moves it; the name keeps the casing of its creation.
func (t *Tx) PutGroup(g Group) error {
	_, err := t.exec(`INSERT INTO resource_group (subscription, key, name, location) VALUES (?, ?, ?, ?)
		ON CONFLICT (subscription, key) DO UPDATE SET location = excluded.location`,
		fold(g.Subscription), fold(g.Name), g.Name, g.Location)
	return err
}

// Pool gives a pool by its address in any case.
func (t *Tx) Pool(ref cluster.PoolRef) (cluster.Pool, error) {
	return one(t, document[cluster.Pool], "SELECT doc FROM pool WHERE key = ?", fold(ref.ID()))
}

// PoolByUID gives a pool by its uid.
func (t *Tx) PoolByUID(uid string) (cluster.Pool, error) {
	return one(t, document[cluster.Pool], "SELECT doc FROM pool WHERE uid = ?", uid)
}

// Pools lists pools by address; an empty subscription or group means all.
func (t *Tx) Pools(subscription, group string) ([]cluster.Pool, error) {
	return list(t, document[cluster.Pool],
		"SELECT doc FROM pool WHERE (?1 = '' OR subscription = ?1) AND (?2 = '' OR group_key = ?2) ORDER BY key",
		fold(subscription), fold(group))
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
