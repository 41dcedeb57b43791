package store

// Subscription is an ARM subscription (R01).
type Subscription struct{ ID, Name, Tenant string }

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

// Group is a resource group.
type Group struct {
	Subscription, Name, Location string
	Tags                         map[string]string
}

const selectGroup = "SELECT subscription, name, location, tags FROM resource_group "

func scanGroup(r row) (Group, error) {
	var g Group
	var tags string
	if err := r.Scan(&g.Subscription, &g.Name, &g.Location, &tags); err != nil {
		return g, err
	}
	var err error
	g.Tags, err = decode[map[string]string](tags)
	return g, err
}

// Group gives a resource group.
func (t *Tx) Group(subscription, name string) (Group, error) {
	return one(t, scanGroup, selectGroup+"WHERE subscription = ? AND key = ?", fold(subscription), fold(name))
}

// Groups lists the resource groups of a subscription by name.
func (t *Tx) Groups(subscription string) ([]Group, error) {
	return list(t, scanGroup, selectGroup+"WHERE subscription = ? ORDER BY key", fold(subscription))
}

// PutGroup makes a resource group or replaces it; the name keeps the casing of its creation.
func (t *Tx) PutGroup(g Group) error {
	tags, err := t.encode(g.Tags)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO resource_group (subscription, key, name, location, tags) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (subscription, key) DO UPDATE SET location = excluded.location, tags = excluded.tags`,
		fold(g.Subscription), fold(g.Name), g.Name, g.Location, tags)
	return err
}

// DeleteGroup removes a resource group. What is in it is not looked at.
func (t *Tx) DeleteGroup(subscription, name string) error {
	return t.put("DELETE FROM resource_group WHERE subscription = ? AND key = ?", fold(subscription), fold(name))
}
