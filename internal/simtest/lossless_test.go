package simtest

import (
	"slices"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/runtime"
	"drey/internal/store"
)

// I4: what was complete is not lost, from one incarnation to the next. The judge is locked.

// losesNothing is I4: what an incarnation begins with is no older than the newest complete snapshot of the one before it, as the test itself
// finds them; or of what the caller asked for.
func losesNothing(j *judge, l *life, run fake.Run) {
	f, from := l.facts, ""
	switch {
	case f.SavePointName != "" && !f.Returning: // asked for by name
	case l.op.Kind == cluster.KindStatelessUpdate && !f.Returning, l.op.Kind == cluster.KindCreate:
	case f.Source != "":
		from = f.Source
	case f.Provable != "":
		from = f.Provable
	case f.Newest:
		newestSavepoint(j, l, run)
		from = j.ranBefore(l)
	}
	if f.Returning {
		goesBackOverNothing(j, l)
	}
	before := j.released[runtime.IncarnationID(from)]
	if before == nil {
		return
	}
	need, _ := j.p.countAt(before.Restore)
	if s := j.p.newest(before.FlinkJobID, j.refused); s.ID > 0 {
		need = s.Count
	}
	if run.From < need {
		j.violate("I4", "%s: %s starts from %d (%s), and %.8s left %d", l.cluster.Ref.Name, l.op.Kind, run.From, l.Restore, before.ID, need)
	}
}

// goesBackOverNothing is I4 of the way back: a version that completed a snapshot of its own is not given up for the one before it.
func goesBackOverNothing(j *judge, l *life) {
	last := j.released[runtime.IncarnationID(j.ranBefore(l))]
	if last == nil || last.ID == l.facts.Source {
		return
	}
	if s := j.p.newest(last.FlinkJobID, j.refused); s.ID > 0 {
		j.violate("I4", "%s goes back to version %d, and %.8s had completed checkpoint %d of its own", l.cluster.Ref.Name, l.Version, last.ID, s.ID)
	}
}

// ranBefore is the incarnation that ran last before another of its job; "" if none did.
func (j *judge) ranBefore(l *life) string {
	for _, other := range l.others { // newest first
		if before := j.released[runtime.IncarnationID(other.ID)]; before != nil && before.ran && other.ID != l.ID {
			return other.ID
		}
	}
	return ""
}

// stopIsKept is I4 when an operation ends: the savepoint with which a stop ended the job, if it is there and whole, is in the
// catalogue, or its trigger still open.
func stopIsKept(j *judge, op store.Operation, saved []cluster.Savepoint) {
	k := factsOf(op)
	uri := j.p.ledger.completed(k.Trigger)
	_, whole := j.p.countAt(uri)
	if !whole || uri == "" || op.Outcome == store.CanceledOp || slices.ContainsFunc(saved, func(s cluster.Savepoint) bool { return s.URI == uri }) {
		return
	}
	var t cluster.Trigger
	j.p.books.read(func(tx *store.Tx) error {
		t, _ = tx.Trigger(k.Trigger)
		return nil
	})
	if t.State != cluster.TriggerOpen {
		j.violate("I4", "the job was stopped with savepoint %s, and %s %s ends without it", uri, op.Kind, short(op.ID))
	}
}

// refused says that the books call a trigger failed, and that Flink did not call it COMPLETED.
func (j *judge) refused(trigger string) bool {
	if j.p.ledger.completed(trigger) != "" {
		return false
	}
	var t cluster.Trigger
	j.p.books.read(func(tx *store.Tx) error {
		t, _ = tx.Trigger(trigger)
		return nil
	})
	return t.State == cluster.TriggerFailed
}

// newestSavepoint is I4 of a START: nothing acknowledged is passed over.
func newestSavepoint(j *judge, l *life, run fake.Run) {
	var all []cluster.Savepoint
	j.p.books.read(func(tx *store.Tx) (err error) {
		all, err = tx.Savepoints(l.JobUID)
		return err
	})
	for _, s := range all {
		if n, ok := j.p.countAt(s.URI); s.Complete && (!ok || n > run.From) && s.Version > 0 && s.CompletedAt.Before(l.CreatedAt) {
			j.violate("I4", "%s: a start from %d, and savepoint %s holds %d", l.cluster.Ref.Name, run.From, s.Name, n)
		}
		if s.Complete {
			return // newest first: an older one may well hold more, if somebody went back
		}
	}
}
