package store

import (
	"time"

	"drey/internal/cluster"
)

// selectJob starts every question for jobs.
const selectJob = "SELECT job.doc, job_seen.at FROM job JOIN job_seen ON job_seen.job = job.uid WHERE "

// scanJob scans what selectJob selects.
func scanJob(r row) (cluster.Job, error) {
	var doc string
	var seen int64
	if err := r.Scan(&doc, &seen); err != nil {
		return cluster.Job{}, err
	}
	j, err := decode[cluster.Job](doc)
	j.SeenAt = moment(seen)
	return j, err
}

// JobOf gives the job of a cluster.
func (t *Tx) JobOf(clusterUID string) (cluster.Job, error) {
	return one(t, scanJob, selectJob+"job.cluster = ?", clusterUID)
}

// Job gives a job by its uid.
func (t *Tx) Job(uid string) (cluster.Job, error) {
	return one(t, scanJob, selectJob+"job.uid = ?", uid)
}

// InsertJob adds a job.
func (t *Tx) InsertJob(j cluster.Job) error {
	doc, err := t.encode(j)
	if err != nil {
		return err
	}
	if _, err = t.exec("INSERT INTO job (uid, cluster, run_id, goal, doc, change) VALUES (?, ?, ?, ?, ?, '')",
		j.UID, j.ClusterUID, j.RunID, j.Goal, doc); err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO job_seen (job, at) VALUES (?, ?)", j.UID, nanos(j.SeenAt))
	return err
}

// SaveJob replaces a job by its uid, but for SeenAt: that is TouchJobs's.
func (t *Tx) SaveJob(j cluster.Job) error {
	doc, err := t.encode(j)
	if err != nil {
		return err
	}
	return t.put("UPDATE job SET goal = ?, doc = ? WHERE uid = ?", j.Goal, doc, j.UID)
}

// TouchJobs sets when jobs were last seen, in one batch. A job that is gone is passed over.
func (t *Tx) TouchJobs(uids []string, at time.Time) error {
	if len(uids) == 0 {
		return nil
	}
	all, err := t.encode(uids)
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE job_seen SET at = ? WHERE job IN (SELECT value FROM json_each(?))", nanos(at), all)
	return err
}

// InsertVersion adds a version of a job; a number that is taken is ErrExists.
func (t *Tx) InsertVersion(v cluster.Version) error {
	doc, err := t.encode(v)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO version (job, number, state, flink, doc) VALUES (?, ?, ?, ?, ?)", v.JobUID, v.Number, v.State, v.Flink, doc)
	return err
}

// SaveVersion replaces a version by job and number.
func (t *Tx) SaveVersion(v cluster.Version) error {
	doc, err := t.encode(v)
	if err != nil {
		return err
	}
	return t.put("UPDATE version SET state = ?, flink = ?, doc = ? WHERE job = ? AND number = ?", v.State, v.Flink, doc, v.JobUID, v.Number)
}

// DeleteVersion removes a version of a job.
func (t *Tx) DeleteVersion(jobUID string, number int) error {
	return t.put("DELETE FROM version WHERE job = ? AND number = ?", jobUID, number)
}

// Version gives a version of a job.
func (t *Tx) Version(jobUID string, number int) (cluster.Version, error) {
	return one(t, document[cluster.Version], "SELECT doc FROM version WHERE job = ? AND number = ?", jobUID, number)
}

// Versions lists the versions of a job, newest first.
func (t *Tx) Versions(jobUID string) ([]cluster.Version, error) {
	return list(t, document[cluster.Version], "SELECT doc FROM version WHERE job = ? ORDER BY number DESC", jobUID)
}
