package store

import (
	"math"

	"drey/internal/cluster"
)

// Cluster gives a cluster by its address in any case.
func (t *Tx) Cluster(ref cluster.Ref) (cluster.Cluster, error) {
	return one(t, document[cluster.Cluster],
		"SELECT c.doc FROM cluster c JOIN pool p ON p.uid = c.pool WHERE p.key = ? AND c.key = ?",
		fold(ref.PoolRef.ID()), fold(ref.Name))
}

// ClusterByUID gives a cluster by its uid.
func (t *Tx) ClusterByUID(uid string) (cluster.Cluster, error) {
	return one(t, document[cluster.Cluster], "SELECT doc FROM cluster WHERE uid = ?", uid)
}

// Clusters lists clusters of a pool by name, those after the name afterKey; "" is the first page, a limit of 0 is none.
func (t *Tx) Clusters(poolUID, afterKey string, limit int) ([]cluster.Cluster, error) {
	return list(t, document[cluster.Cluster], "SELECT doc FROM cluster WHERE pool = ? AND key > ? ORDER BY key LIMIT ?",
		poolUID, fold(afterKey), orAll(limit))
}

// AllClusters lists the clusters of all pools, by address.
func (t *Tx) AllClusters() ([]cluster.Cluster, error) {
	return list(t, document[cluster.Cluster], "SELECT c.doc FROM cluster c JOIN pool p ON p.uid = c.pool ORDER BY p.key, c.key")
}

// InsertCluster adds a cluster. A name, uid or deployment id that is taken is ErrExists.
func (t *Tx) InsertCluster(c cluster.Cluster) error {
	doc, err := t.encode(c)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO cluster (uid, pool, key, name, deployment_id, phase, etag, doc, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')`,
		c.UID, c.PoolUID, fold(c.Ref.Name), c.Ref.Name, c.DeploymentID, c.Phase, c.ETag, doc)
	return err
}

// SaveCluster replaces a cluster by its uid. Pool, name and deployment id are its own for life.
func (t *Tx) SaveCluster(c cluster.Cluster) error {
	doc, err := t.encode(c)
	if err != nil {
		return err
	}
	return t.put("UPDATE cluster SET phase = ?, etag = ?, doc = ? WHERE uid = ?", c.Phase, c.ETag, doc, c.UID)
}

// DeleteCluster removes a cluster with its job and versions. Incarnations, savepoints, triggers and operations stay.
func (t *Tx) DeleteCluster(uid string) error {
	return t.put("DELETE FROM cluster WHERE uid = ?", uid)
}

// orAll turns "no limit" into one that nothing reaches.
func orAll(limit int) int {
	if limit <= 0 {
		return math.MaxInt64
	}
	return limit
}
