package simtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
	"drey/internal/store"
)

// The quiet phase: all faults are over and nobody asks for anything. What was accepted comes to its end, and what is then stays.

const (
	quietMost  = 25 * time.Minute // what is accepted ends much sooner where nothing is in its way
	steadyFor  = 6 * time.Second  // longer than the sweeper waits
	steadyLong = 10 * time.Minute
)

// state is a cluster at rest.
type state struct {
	cluster.Cluster
	Job          cluster.Job
	Incarnations []cluster.Incarnation
}

// rest reads all clusters, and the operations that have not ended.
func (j *judge) rest() (all []state, open []store.Operation) {
	j.p.books.read(func(tx *store.Tx) error {
		rows, err := tx.Clusters(poolOf(tx), "", 100)
		if err != nil {
			return err
		}
		for _, cl := range rows {
			s := state{Cluster: cl}
			if s.Job, err = tx.JobOf(cl.UID); err != nil {
				return err
			}
			if s.Incarnations, err = tx.Incarnations(s.Job.UID); err != nil {
				return err
			}
			all = append(all, s)
		}
		open, err = tx.OpenOperations(target)
		return err
	})
	return all, open
}

// signature is what must not change any more.
func (j *judge) signature(all []state) (text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range all {
		status := s.Job.Status
		if l := j.living(s); l != nil && l.troubled {
			status = "troubled" // it may fail again and again
		}
		text += fmt.Sprintf("%s is %s, %s, version %d:", s.Ref.Name, s.Phase, status, s.Job.RunningVersion)
		for _, inc := range s.Incarnations {
			text += fmt.Sprintf(" %.8s %s %d", inc.ID, inc.Phase, inc.Replaced)
		}
		text += "; "
	}
	return text
}

// living is the incarnation that runs the job of a cluster, by the books; nil if there is none.
func (j *judge) living(s state) *life {
	for _, inc := range s.Incarnations {
		if inc.Phase == cluster.Live {
			return j.released[runtime.IncarnationID(inc.ID)]
		}
	}
	return nil
}

// quiet waits until all is at rest, and looks whether it is as it is said to be.
func (j *judge) quiet(long bool) {
	began := time.Now()
	last, since := "", time.Now()
	for {
		time.Sleep(time.Second)
		all, open := j.rest()
		now := j.signature(all)
		if len(open) > 0 || now != last || j.p.server() == nil {
			last, since = now, time.Now()
		}
		if time.Since(since) >= steadyFor {
			break
		}
		if time.Since(began) > quietMost {
			for _, op := range open {
				now += fmt.Sprintf("%s %s at %s, ", op.Kind, short(op.ID), op.Step)
			}
			j.violated("I9", "all is not at rest after %v: %s", quietMost, now)
			return
		}
	}
	sameTwice(j)
	if long {
		time.Sleep(steadyLong)
	} else {
		time.Sleep(time.Second)
	}
	all, open := j.rest()
	now := j.signature(all)
	j.mu.Lock()
	defer j.mu.Unlock()
	if now != last || len(open) > 0 {
		j.violate("I35", "it was %s, and is %s with %d operations", last, now, len(open))
	}
	for _, s := range all {
		saysWhatIs(j, s)
	}
	noOrphans(j, all)
	historyStays(j)
}

// saysWhatIs is I10 and I18: each cluster is what the books call it.
func saysWhatIs(j *judge, s state) {
	var runs []*life
	for job := range j.p.ledger.counting() {
		if l := j.lives[job]; l != nil && l.JobUID == s.Job.UID {
			runs = append(runs, l)
		}
	}
	name := s.Ref.Name
	switch s.Phase {
	case cluster.Running:
		l := j.living(s)
		switch {
		case l == nil:
			j.violate("I10", "%s is Running, and no incarnation is Live", name)
		case l.troubled && len(runs) == 0: // between two attempts of a job that fails
		case len(runs) != 1:
			j.violate("I10", "%s is Running, and %d runs count", name, len(runs))
		case runs[0] != l || !slices.ContainsFunc(s.Incarnations, func(i cluster.Incarnation) bool { return i.ID == l.ID && i.Version == s.Job.RunningVersion }):
			j.violate("I10", "%s runs version %d by %.8s, which has another one, or is not what counts: %.8s", name, s.Job.RunningVersion, l.ID, runs[0].ID)
		case s.Job.Status != cluster.JobRunning && !l.troubled:
			j.violate("I18", "%s runs, and is called %s", name, s.Job.Status)
		}
	case cluster.Stopped, cluster.Failed:
		if len(runs) > 0 {
			j.violate("I10", "%s is %s, and %.8s counts", name, s.Phase, runs[0].ID)
		}
		for _, inc := range s.Incarnations {
			if inc.Phase != cluster.Dead && !j.leftFor(s, inc) {
				j.violate("I10", "%s is %s, and incarnation %.8s is %s", name, s.Phase, inc.ID, inc.Phase)
			}
		}
	default:
		j.violate("I35", "%s is %s, and nobody works on it", name, s.Phase)
	}
}

// leftFor says that an incarnation is left as it is for a person to see: its savepoint could not be verified.
func (j *judge) leftFor(s state, inc cluster.Incarnation) bool {
	return s.Phase == cluster.Failed && inc.Phase == cluster.Quiet && j.unverified[inc.ID]
}

// noOrphans is I19: whatever runs belongs to an incarnation that the books know as one that may.
func noOrphans(j *judge, all []state) {
	seen, _ := j.p.runtime.List(j.p.Context())
	for _, st := range seen {
		lives := slices.ContainsFunc(st.Processes, func(p runtime.ProcessStatus) bool { return p.State != runtime.Exited })
		if !lives {
			continue
		}
		claimed := slices.ContainsFunc(all, func(s state) bool {
			return slices.ContainsFunc(s.Incarnations, func(i cluster.Incarnation) bool {
				return i.ID == string(st.ID) && (i.Phase == cluster.Live || j.leftFor(s, i))
			})
		})
		if !claimed {
			j.violate("I19", "processes of incarnation %.8s live, and nothing needs them", st.ID)
		}
	}
}

// historyStays is I13, I16 and I33: each accepted request has one operation, which stays as it ended, and one row of audit.
func historyStays(j *judge) {
	j.p.books.read(func(tx *store.Tx) error {
		ops, err := tx.Operations(store.Filter{})
		if err != nil {
			return err
		}
		audit, err := tx.Audit(0)
		if err != nil {
			return err
		}
		asked, rows, byID := map[string]string{}, map[string]int{}, map[string]store.Operation{}
		for _, row := range audit {
			rows[row.RequestID]++
		}
		for _, op := range ops {
			byID[op.ID] = op
			if other := asked[op.ClientRequestID]; op.ClientRequestID != "" && other != "" {
				j.violate("I13", "request %s has operations %s and %s", op.ClientRequestID, other, op.ID)
			}
			asked[op.ClientRequestID] = op.ID
			if n := rows[op.ID]; op.Lane == store.CallerLane && n != 1 {
				j.violate("I33", "%s %s has %d rows of audit", op.Kind, op.ID, n)
			}
			if op.State == store.Ended {
				terminalNeverChanges(j, op)
			}
		}
		for id := range j.ended {
			if _, ok := byID[id]; !ok {
				j.violate("I16", "operation %s is gone", id)
			}
		}
		for _, r := range j.requests {
			if _, ok := byID[r.op]; r.op != "" && !ok {
				j.violate("I16", "%s was answered with operation %s, which is not there", r.name, r.op)
			}
		}
		clear(j.checked) // each once more: nothing that was acknowledged was removed
		rest, err := tx.Clusters(poolOf(tx), "", 100)
		for _, cl := range rest {
			job, err := tx.JobOf(cl.UID)
			if err != nil {
				return err
			}
			saved, err := tx.Savepoints(job.UID)
			if err != nil {
				return err
			}
			acknowledgedIsComplete(j, saved)
		}
		return err
	})
}

// sameTwice is I36: what is declared once more as it is starts nothing.
func sameTwice(j *judge) {
	s := j.p.server()
	all, _ := j.rest()
	for _, st := range all {
		if s == nil || st.Phase != cluster.Running {
			continue
		}
		_, op, err := s.PatchCluster(j.p.Context(), j.p.caller(), st.Ref, func(v lifecycle.ClusterView) (cluster.Spec, error) { return v.Spec, nil }, lifecycle.Conditions{})
		if err != nil || op.Running() {
			j.violated("I36", "%s was declared as it is: %v, %s %s", st.Ref.Name, err, op.Kind, op.Status)
		}
	}
}

// storageIsGone says that the accounts are away.
func (r *rig) storageIsGone() bool {
	_, err := os.Stat(filepath.Join(r.dir, "storage"))
	return err != nil
}
