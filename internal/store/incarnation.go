package store

import (
	"errors"
	"fmt"
	"strconv"

	"drey/internal/cluster"
)

// InsertIncarnation adds an incarnation. A second Releasing or Live one of the same job is ErrExists.
func (t *Tx) InsertIncarnation(i cluster.Incarnation) error {
	doc, err := t.encode(i)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO incarnation (id, job, target, phase, created_at, reserved_mb, doc) VALUES (?, ?, ?, ?, ?, ?, ?)",
		i.ID, i.JobUID, i.Target, i.Phase, nanos(i.CreatedAt), i.ReservedMB, doc)
	return err
}

// SaveIncarnation replaces an incarnation by its id; job and target stay. A second Releasing or Live one of the same
// job is ErrExists.
func (t *Tx) SaveIncarnation(i cluster.Incarnation) error {
	doc, err := t.encode(i)
	if err != nil {
		return err
	}
	return t.put("UPDATE incarnation SET phase = ?, reserved_mb = ?, doc = ? WHERE id = ?", i.Phase, i.ReservedMB, doc, i.ID)
}

// Incarnation gives an incarnation by its id.
func (t *Tx) Incarnation(id string) (cluster.Incarnation, error) {
	return one(t, document[cluster.Incarnation], "SELECT doc FROM incarnation WHERE id = ?", id)
}

// WatchedIncarnation is what a look at an incarnation begins with.
type WatchedIncarnation struct {
	cluster.Incarnation
	JobStatus string // as it was written last; "" if the job's cluster is deleted
}

// WatchedIncarnations gives some incarnations by id, in any order. One that is gone is passed over.
func (t *Tx) WatchedIncarnations(ids []string) ([]WatchedIncarnation, error) {
	all, err := t.encode(ids)
	if err != nil {
		return nil, err
	}
	return list(t, scanWatched, `SELECT incarnation.doc, coalesce(job.doc, '{}') FROM incarnation LEFT JOIN job ON job.uid = incarnation.job
		WHERE incarnation.id IN (SELECT value FROM json_each(?))`, all)
}

func scanWatched(r row) (w WatchedIncarnation, err error) {
	var doc, jobDoc string
	if err := r.Scan(&doc, &jobDoc); err != nil {
		return w, err
	}
	if w.Incarnation, err = decode[cluster.Incarnation](doc); err != nil {
		return w, err
	}
	job, err := decode[struct{ Status string }](jobDoc)
	w.JobStatus = job.Status
	return w, err
}

// Incarnations lists the incarnations of a job, newest first.
func (t *Tx) Incarnations(jobUID string) ([]cluster.Incarnation, error) {
	return list(t, document[cluster.Incarnation], "SELECT doc FROM incarnation WHERE job = ? ORDER BY number DESC", jobUID)
}

// The second condition of these questions follows from the first; it is the index's, and lets SQLite use it.

// ReleasedIncarnations are the ids of the incarnations of a target in which a job may run, oldest first: those that are Releasing or Live.
func (t *Tx) ReleasedIncarnations(target string) ([]string, error) {
	return list(t, scanText, "SELECT id FROM incarnation WHERE target = ? AND phase IN ('Releasing', 'Live') AND phase NOT IN ('Dead', 'Abandoned') ORDER BY number", target)
}

// UnreleasedIncarnations lists the incarnations of a target that are Intended or Held, oldest first.
func (t *Tx) UnreleasedIncarnations(target string) ([]cluster.Incarnation, error) {
	return list(t, document[cluster.Incarnation], "SELECT doc FROM incarnation WHERE target = ? AND phase IN ('Intended', 'Held') AND phase NOT IN ('Dead', 'Abandoned') ORDER BY number", target)
}

// ReservedMB is the memory that incarnations of a target hold which are not Dead or Abandoned.
func (t *Tx) ReservedMB(target string) (int64, error) {
	return one(t, scanInt,
		"SELECT coalesce(sum(reserved_mb), 0) FROM incarnation WHERE target = ? AND phase NOT IN ('Dead', 'Abandoned')", target)
}

// DeleteIncarnation forgets an incarnation, its ports and those of its triggers that are not open.
func (t *Tx) DeleteIncarnation(id string) error {
	if err := t.FreePorts(id); err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM trigger_ WHERE incarnation = ? AND state <> 'open'", id); err != nil {
		return err
	}
	return t.put("DELETE FROM incarnation WHERE id = ?", id)
}

// TakePorts gives n free ports from low to high (both included) to an incarnation, or ErrNoPort. The search goes on
// where the last one ended, so that a freed port rests for a round before it is used again.
func (t *Tx) TakePorts(target string, low, high, n int, incarnation string) ([]int, error) {
	taken, err := list(t, scanInt, "SELECT port FROM port WHERE target = ? AND port BETWEEN ? AND ?", target, low, high)
	if err != nil {
		return nil, err
	}
	start, err := t.nextPort(target, low, high)
	if err != nil {
		return nil, err
	}
	ports := freePorts(taken, start, low, high, n)
	if len(ports) < n {
		return nil, t.failed(fmt.Errorf("%w: %d of %d-%d", ErrNoPort, n, low, high))
	}
	for _, port := range ports {
		if _, err := t.exec("INSERT INTO port (target, port, incarnation) VALUES (?, ?, ?)", target, port, incarnation); err != nil {
			return nil, err
		}
	}
	if n > 0 {
		err = t.SetMeta(nextPortKey(target), strconv.Itoa(ports[n-1]+1))
	}
	return ports, err
}

// nextPortKey is the meta key for where the next search for a port starts.
func nextPortKey(target string) string { return "port.next." + target }

// nextPort tells where the next search starts.
func (t *Tx) nextPort(target string, low, high int) (int, error) {
	text, err := t.Meta(nextPortKey(target))
	if errors.Is(err, ErrNotFound) {
		return low, nil
	}
	if err != nil {
		return 0, err
	}
	next, err := strconv.Atoi(text)
	if err != nil {
		return 0, t.failed(fmt.Errorf("cannot read the next port of target %s: %w", target, err))
	}
	if next < low || next > high {
		return low, nil
	}
	return next, nil
}

// freePorts picks up to n ports that are not taken, from start to high, then from low.
func freePorts(taken []int64, start, low, high, n int) []int {
	used := make(map[int]bool, len(taken))
	for _, port := range taken {
		used[int(port)] = true
	}
	var ports []int
	size := high - low + 1
	for i := 0; i < size && len(ports) < n; i++ {
		if port := low + (start-low+i)%size; !used[port] {
			ports = append(ports, port)
		}
	}
	return ports
}

// FreePorts gives the ports of an incarnation back, if it has any.
func (t *Tx) FreePorts(incarnation string) error {
	_, err := t.exec("DELETE FROM port WHERE incarnation = ?", incarnation)
	return err
}
