package store

import "drey/internal/cluster"

// ShownCluster is what a cluster is shown from.
type ShownCluster struct {
	cluster.Cluster
	Job cluster.Job
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

// selectShown starts both questions for what clusters are shown from. A page is one question, of columns and of documents that are decoded once:
// a hundred pages a second are ten thousand rows.
const selectShown = `SELECT cluster.doc, job.doc, job_seen.at, coalesce(version.flink, ''),
		coalesce(newest.verb, ''), coalesce(newest.state, ''), coalesce(newest.outcome, ''), coalesce(newest.turn, 0), coalesce(active.verb, '')
	FROM pool JOIN cluster ON cluster.pool = pool.uid JOIN job ON job.cluster = cluster.uid JOIN job_seen ON job_seen.job = job.uid
	LEFT JOIN version ON version.job = job.uid AND version.number = job.goal
	LEFT JOIN operation AS active ON active.subject = job.uid AND active.state = 'Active'
	LEFT JOIN operation AS newest ON newest.number = (SELECT max(number) FROM operation
		WHERE resource_key = pool.key || '/clusters/' || cluster.key AND lane = ? AND verb IN (SELECT value FROM json_each(?)))
	WHERE pool.key = ? AND cluster.key `

// ShownClusters lists clusters of a pool by name, those after the name afterKey; "" is the first page, a limit of 0 is none. Of no pool there are none.
// Other callers may have been given the same maps and slices: they are not to be changed.
func (t *Tx) ShownClusters(pool cluster.PoolRef, lane Lane, verbs []string, afterKey string, limit int) ([]ShownCluster, error) {
	all, err := t.encode(verbs)
	if err != nil {
		return nil, err
	}
	return list(t, t.scanKnown, selectShown+"> ? ORDER BY cluster.key LIMIT ?", lane, all, fold(pool.ID()), fold(afterKey), orAll(limit))
}

// ShownCluster gives one of them by its address in any case.
func (t *Tx) ShownCluster(ref cluster.Ref, lane Lane, verbs []string) (ShownCluster, error) {
	all, err := t.encode(verbs)
	if err != nil {
		return ShownCluster{}, err
	}
	return one(t, scanOwn, selectShown+"= ?", lane, all, fold(ref.PoolRef.ID()), fold(ref.Name))
}

// scanShown scans what selectShown selects.
func scanShown(r row, decoded func(doc string) (cluster.Cluster, error), decodedJob func(doc string) (cluster.Job, error)) (c ShownCluster, err error) {
	var doc, jobDoc string
	var seen int64
	if err := r.Scan(&doc, &jobDoc, &seen, &c.Flink, &c.Newest.Verb, &c.Newest.State, &c.Newest.Outcome, &c.Newest.Turn, &c.ActiveVerb); err != nil {
		return c, err
	}
	if c.Cluster, err = decoded(doc); err != nil {
		return c, err
	}
	c.Job, err = decodedJob(jobDoc)
	c.Job.SeenAt = moment(seen)
	return c, err
}

func scanOwn(r row) (ShownCluster, error) {
	return scanShown(r, decode[cluster.Cluster], decode[cluster.Job])
}

func (t *Tx) scanKnown(r row) (ShownCluster, error) {
	return scanShown(r, t.known.clusters.decode, t.known.jobs.decode)
}
