package store

import "drey/internal/cluster"

// InsertTrigger adds a trigger.
func (t *Tx) InsertTrigger(g cluster.Trigger) error {
	doc, err := t.encode(g)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO trigger_ (id, job, incarnation, state, created_at, doc) VALUES (?, ?, ?, ?, ?, ?)",
		g.ID, g.JobUID, g.Incarnation, g.State, nanos(g.CreatedAt), doc)
	return err
}

// SaveTrigger replaces a trigger by its id; job and incarnation stay.
func (t *Tx) SaveTrigger(g cluster.Trigger) error {
	doc, err := t.encode(g)
	if err != nil {
		return err
	}
	return t.put("UPDATE trigger_ SET state = ?, doc = ? WHERE id = ?", g.State, doc, g.ID)
}

// Trigger gives a trigger by its id.
func (t *Tx) Trigger(id string) (cluster.Trigger, error) {
	return one(t, document[cluster.Trigger], "SELECT doc FROM trigger_ WHERE id = ?", id)
}

// OpenTriggers lists the open triggers of a job, oldest first.
func (t *Tx) OpenTriggers(jobUID string) ([]cluster.Trigger, error) {
	return list(t, document[cluster.Trigger], "SELECT doc FROM trigger_ WHERE job = ? AND state = 'open' ORDER BY number", jobUID)
}

// PutSavepoint makes or replaces a savepoint by its id. The URI of another savepoint is ErrExists.
func (t *Tx) PutSavepoint(s cluster.Savepoint, clusterUID, poolUID string) error {
	doc, err := t.encode(s)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO savepoint (id, job, cluster, pool, name, uri, complete, completed_at, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, uri = excluded.uri, complete = excluded.complete,
			completed_at = excluded.completed_at, doc = excluded.doc`,
		s.ID, s.JobUID, clusterUID, poolUID, s.Name, s.URI, s.Complete, nanos(s.CompletedAt), doc)
	return err
}

// Savepoint gives a savepoint by its id.
func (t *Tx) Savepoint(id string) (cluster.Savepoint, error) {
	return one(t, document[cluster.Savepoint], "SELECT doc FROM savepoint WHERE id = ?", id)
}

// Savepoints lists the savepoints of a job, newest first; incomplete ones come last.
func (t *Tx) Savepoints(jobUID string) ([]cluster.Savepoint, error) {
	return list(t, document[cluster.Savepoint],
		"SELECT doc FROM savepoint WHERE job = ? ORDER BY completed_at DESC, number DESC", jobUID)
}

// SavepointsNamed lists the savepoints of a pool with a name, newest first, also those of deleted clusters.
func (t *Tx) SavepointsNamed(poolUID, name string) ([]cluster.Savepoint, error) {
	return list(t, document[cluster.Savepoint],
		"SELECT doc FROM savepoint WHERE pool = ? AND name = ? ORDER BY completed_at DESC, number DESC", poolUID, name)
}
