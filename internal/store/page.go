package store

import "drey/internal/cluster"

// What a page of clusters is shown from: each in one question, however many there are.

// ShownJob is a job with the Flink version that it shall run on; "" where its version has none yet.
type ShownJob struct {
	cluster.Job
	Flink string
}

// JobsOf gives the jobs of clusters, by the clusters' uids.
func (t *Tx) JobsOf(clusterUIDs []string) (map[string]ShownJob, error) {
	return each(t, scanShownJob, func(j ShownJob) string { return j.ClusterUID },
		`SELECT job.doc, job.seen_at, coalesce(version.doc ->> 'Flink', '') FROM job
		LEFT JOIN version ON version.job = job.uid AND version.number = CAST(job.doc ->> 'Goal' AS INTEGER)
		WHERE job.cluster IN (SELECT value FROM json_each(?))`, clusterUIDs)
}

func scanShownJob(r row) (j ShownJob, err error) {
	j.Job, err = scanJobWith(r, &j.Flink)
	return j, err
}

// OperationHead is what a resource's state is told by.
type OperationHead struct {
	ResourceKey, Subject, Verb string
	State                      State
	Outcome                    Outcome
	Turn                       int64
}

// selectHead starts every question for heads: an operation's facts are many times as long, and a page has a hundred.
const selectHead = "SELECT resource_key, subject, verb, state, coalesce(doc ->> 'Outcome', ''), turn FROM operation "

func scanHead(r row) (h OperationHead, err error) {
	err = r.Scan(&h.ResourceKey, &h.Subject, &h.Verb, &h.State, &h.Outcome, &h.Turn)
	return h, err
}

// NewestOfEach gives the newest operation of each of some resources in a lane that was asked for with one of the verbs, by the resources' keys.
func (t *Tx) NewestOfEach(resourceKeys, verbs []string, lane Lane) (map[string]OperationHead, error) {
	all, err := t.encode(verbs)
	if err != nil {
		return nil, err
	}
	folded := make([]string, len(resourceKeys))
	for i, key := range resourceKeys {
		folded[i] = fold(key)
	}
	return each(t, scanHead, func(h OperationHead) string { return h.ResourceKey }, selectHead+`WHERE number IN (
		SELECT (SELECT max(number) FROM operation WHERE resource_key = key.value AND lane = ? AND verb IN (SELECT value FROM json_each(?))) FROM json_each(?) AS key)`,
		folded, lane, all)
}

// ActiveOf gives the active operation of each of some subjects that have one, by subject.
func (t *Tx) ActiveOf(subjects []string) (map[string]OperationHead, error) {
	return each(t, scanHead, func(h OperationHead) string { return h.Subject },
		selectHead+`WHERE state = 'Active' AND subject IN (SELECT value FROM json_each(?))`, subjects)
}

// each asks for the rows of some keys; the keys are the last argument of the query.
func each[T any](t *Tx, scan func(row) (T, error), key func(T) string, query string, keys []string, before ...any) (map[string]T, error) {
	found := map[string]T{}
	if len(keys) == 0 {
		return found, nil
	}
	encoded, err := t.encode(keys)
	if err != nil {
		return nil, err
	}
	rows, err := list(t, scan, query, append(before, encoded)...)
	for _, r := range rows {
		found[key(r)] = r
	}
	return found, err
}
