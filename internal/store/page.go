package store

import (
	"time"

	"drey/internal/cluster"
)

// ShownCluster is what a cluster is shown from.
type ShownCluster struct {
	Cluster Document[cluster.Cluster]
	Job     Document[cluster.Job] // but for SeenAt
	Key     string                // the cluster's name, lower-cased: what the next page is asked for with
	ETag    string                // of the cluster
	SeenAt  time.Time             // of the job
	// Flink is the version that the job shall run on; "" where that is not known yet.
	Flink string
	// Newest is the newest operation of a lane that was asked for with one of some verbs; the zero value where there is none.
	Newest OperationHead
	// ActiveVerb is the verb of the operation that is active on the job; "" where none is, or the watcher's.
	ActiveVerb string
}

// OperationHead is what a resource's state is told by.
type OperationHead struct {
	Verb    string
	State   State
	Outcome Outcome
	Turn    int64
}

// selectShown starts both questions for what clusters are shown from. A page is one question, and decodes nothing: a hundred pages a second are
// ten thousand rows.
const selectShown = `SELECT cluster.doc, job.doc, cluster.key, cluster.etag, job_seen.at, coalesce(version.flink, ''),
		coalesce(newest.verb, ''), coalesce(newest.state, ''), coalesce(newest.outcome, ''), coalesce(newest.turn, 0), coalesce(active.verb, '')
	FROM pool JOIN cluster ON cluster.pool = pool.uid JOIN job ON job.cluster = cluster.uid JOIN job_seen ON job_seen.job = job.uid
	LEFT JOIN version ON version.job = job.uid AND version.number = job.goal
	LEFT JOIN operation AS active ON active.subject = job.uid AND active.state = 'Active'
	LEFT JOIN operation AS newest ON newest.number = (SELECT max(number) FROM operation
		WHERE resource_key = pool.key || '/clusters/' || cluster.key AND lane = ? AND verb IN (SELECT value FROM json_each(?)))
	WHERE pool.key = ? AND cluster.key `

// ShownClusters lists clusters of a pool by name, those after the name afterKey; "" is the first page, a limit of 0 is none. Of no pool there are none.
func (t *Tx) ShownClusters(pool cluster.PoolRef, lane Lane, verbs []string, afterKey string, limit int) ([]ShownCluster, error) {
	all, err := t.encode(verbs)
	if err != nil {
		return nil, err
	}
	return list(t, scanShown, selectShown+"> ? ORDER BY cluster.key LIMIT ?", lane, all, fold(pool.ID()), fold(afterKey), orAll(limit))
}

// ShownCluster gives one of them by its address in any case.
func (t *Tx) ShownCluster(ref cluster.Ref, lane Lane, verbs []string) (ShownCluster, error) {
	all, err := t.encode(verbs)
	if err != nil {
		return ShownCluster{}, err
	}
	return one(t, scanShown, selectShown+"= ?", lane, all, fold(ref.PoolRef.ID()), fold(ref.Name))
}

// scanShown scans what selectShown selects.
func scanShown(r row) (c ShownCluster, err error) {
	var seen int64
	err = r.Scan(&c.Cluster, &c.Job, &c.Key, &c.ETag, &seen, &c.Flink, &c.Newest.Verb, &c.Newest.State, &c.Newest.Outcome, &c.Newest.Turn, &c.ActiveVerb)
	c.SeenAt = moment(seen)
	return c, err
}
