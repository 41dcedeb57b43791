package simtest

import (
	"slices"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// I2 and I10 at the very commit with which an operation ends: what it says is so then, in the books and in reality. The judge is locked.

// endsTrue holds an operation that ended to what it says.
func endsTrue(j *judge, op store.Operation, open []store.Operation, saved []cluster.Savepoint) {
	if op.Kind == cluster.KindDelete || op.ClusterUID == "" || slices.ContainsFunc(open, func(o store.Operation) bool { return o.Subject == op.Subject }) {
		return // deletedIsGone; a pool; or somebody else is at work already
	}
	var s state
	gone := false
	j.p.books.read(func(tx *store.Tx) (err error) {
		if s.Cluster, err = tx.ClusterByUID(op.ClusterUID); err != nil {
			gone = true
			return nil
		}
		if s.Job, err = tx.Job(op.Subject); err != nil {
			return err
		}
		s.Incarnations, err = tx.Incarnations(op.Subject)
		return err
	})
	if gone {
		return
	}
	switch {
	case op.Outcome == store.FailedOp:
		phaseIsTrue(j, op, s)
	case op.Kind == cluster.KindStop, op.Kind == cluster.KindCancel, op.Kind == "job.retire":
		phaseIsTrue(j, op, s)
		othersAreDead(j, op, s, "")
	case op.Kind != cluster.KindSavepoint && op.Kind != cluster.KindReplace:
		phaseIsTrue(j, op, s)
		runsWhatItStarted(j, op, s)
	}
	savepointIsTold(j, op, saved)
}

// phaseIsTrue: a cluster that is Running has an incarnation that may run; of one that is Stopped or Failed nothing counts.
func phaseIsTrue(j *judge, op store.Operation, s state) {
	switch s.Phase {
	case cluster.Running:
		if j.living(s) == nil {
			j.violate("I10", "%s %s ended, %s is Running, and no incarnation is Live", op.Kind, op.Outcome, s.Ref.Name)
		}
	case cluster.Stopped, cluster.Failed:
		counting := j.p.ledger.counting()
		for _, inc := range s.Incarnations {
			if counting[inc.FlinkJobID] {
				j.violate("I10", "%s %s ended, %s is %s, and %.8s counts", op.Kind, op.Outcome, s.Ref.Name, s.Phase, inc.ID)
			}
		}
	default:
		j.violate("I10", "%s %s ended, and %s is %s", op.Kind, op.Outcome, s.Ref.Name, s.Phase)
	}
}

// othersAreDead is I2: nothing succeeds before all incarnations but the one that runs are proved dead, in the books and in reality.
func othersAreDead(j *judge, op store.Operation, s state, but string) {
	for _, inc := range s.Incarnations {
		seen, _ := j.p.runtime.Observe(j.p.Context(), runtime.IncarnationID(inc.ID))
		if inc.ID != but && (inc.Phase != cluster.Dead || !seen.Dead) {
			j.violate("I2", "%s of %s succeeded, and incarnation %.8s is %s, proved dead: %v", op.Kind, s.Ref.Name, inc.ID, inc.Phase, seen.Dead)
		}
	}
}

// runsWhatItStarted: what a start, a change or a recovery calls running counts, unless a fault ended it at this moment.
func runsWhatItStarted(j *judge, op store.Operation, s state) {
	l := j.living(s)
	if l == nil {
		return // phaseIsTrue
	}
	othersAreDead(j, op, s, l.ID)
	if !l.troubled && !j.hurts[runtime.IncarnationID(l.ID)] && !j.p.ledger.counting()[l.FlinkJobID] {
		j.violate("I10", "%s of %s succeeded, and %.8s does not count", op.Kind, s.Ref.Name, l.ID)
	}
}

// savepointIsTold: a stop or a savepoint that succeeded leaves a complete one in the catalogue.
func savepointIsTold(j *judge, op store.Operation, saved []cluster.Savepoint) {
	if op.Outcome != store.Succeeded || op.Kind != cluster.KindStop && op.Kind != cluster.KindSavepoint {
		return
	}
	trigger := factsOf(op).Trigger
	if !slices.ContainsFunc(saved, func(s cluster.Savepoint) bool { return s.ID == trigger && s.Complete }) {
		j.violate("I10", "%s succeeded, and the catalogue has no complete savepoint %s", op.Kind, trigger)
	}
}
