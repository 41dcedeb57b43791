package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/store"
)

// A watcher sees what happens without anybody asking for it. It changes nothing itself but what is seen of a job; where a cluster's
// phase must follow, it submits an operation. Its one act without an operation: when a released incarnation's JobManager is observed
// Exited, it kills that incarnation's other processes at once, since TaskManagers without a JobManager go on emitting.
type watcher struct {
	*Service
	target  string
	runtime runtime.Runtime
	// checkpoints is the highest id of a complete checkpoint seen, by incarnation. It is written down when the incarnation ends (R47).
	checkpoints map[string]int64
	counted     time.Time
}

const (
	watchEvery = time.Second
	sweepEvery = 5 * time.Second
	pruneEvery = time.Hour
	countEvery = 5 * time.Second
	lookLimit  = 5 * time.Second
)

func (w *watcher) run(ctx context.Context) error {
	hints := make(chan struct{}, 1)
	go func() {
		err := w.runtime.Watch(ctx, func(runtime.Event) {
			select {
			case hints <- struct{}{}:
			default:
			}
		})
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "the runtime's watch ended; looking every second goes on", "target", w.target, "error", err)
		}
	}()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var swept, pruned time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-hints:
		}
		if _, ok := w.owner.fence(w.target); !ok {
			continue
		}
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "cannot watch", "target", w.target, "error", err)
		}
		if time.Since(swept) > sweepEvery {
			swept = time.Now()
			if err := w.sweepUnreleased(ctx); err != nil && ctx.Err() == nil {
				w.Log.ErrorContext(ctx, "cannot sweep", "target", w.target, "error", err)
			}
		}
		if time.Since(pruned) > pruneEvery {
			pruned = time.Now()
			if err := w.prune(ctx); err != nil && ctx.Err() == nil {
				w.Log.ErrorContext(ctx, "cannot remove old operations", "error", err)
			}
		}
	}
}

// prune removes operations that ended long ago; the newest of each living cluster stay.
func (w *watcher) prune(ctx context.Context) error {
	limit := w.Now().Add(-w.KeptFor)
	return w.Store.Change(ctx, store.Scope{store.Target(w.target)}, func(tx *store.Tx) error {
		_, err := tx.DeleteOperationsEndedBefore(limit)
		return err
	})
}

// look sees every incarnation that was released and is not proved dead.
func (w *watcher) look(ctx context.Context) error {
	var rows []cluster.Incarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.LiveIncarnations(w.target)
		return err
	})
	if err != nil {
		return err
	}
	count := time.Since(w.counted) > countEvery
	if count {
		w.counted = time.Now()
		maps.DeleteFunc(w.checkpoints, func(id string, _ int64) bool {
			return !slices.ContainsFunc(rows, func(inc cluster.Incarnation) bool { return inc.ID == id })
		})
	}
	var seen []string
	for _, inc := range rows {
		if inc.Phase == cluster.Intended || inc.Phase == cluster.Held || inc.Phase == cluster.Quiet {
			continue // nothing of the job's runs there, or runs any more: the operation that made it so goes on with it
		}
		answered, err := w.lookAt(ctx, inc, count)
		if err != nil {
			w.Log.WarnContext(ctx, "cannot watch an incarnation", "incarnation", inc.ID, "error", err)
		}
		if answered {
			seen = append(seen, inc.JobUID)
		}
	}
	if len(seen) == 0 {
		return nil
	}
	now := w.Now()
	return w.Store.Change(ctx, store.Scope{store.Target(w.target)}, func(tx *store.Tx) error { return tx.TouchJobs(seen, now) })
}

// lookAt sees one incarnation; it reports whether Flink answered.
func (w *watcher) lookAt(ctx context.Context, inc cluster.Incarnation, count bool) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	var a answers
	if err := w.lookIncarnation(ctx, facts{}, inc.ID, &a); err != nil {
		return false, err
	}
	if jobManagerGone(a) {
		return false, w.jobManagerEnded(ctx, inc, a)
	}
	if err := w.lookJob(ctx, questions{Job: true}, &a); err != nil || a.Job.Unreachable || a.Job.Unknown {
		return false, err
	}
	if count {
		w.countCheckpoints(ctx, inc)
	}
	if a.Job.State.Terminal() {
		return true, w.ended(ctx, inc, endingOf(a))
	}
	if p, missing := taskManagerEnded(a.Incarnation); missing {
		return true, w.replace(ctx, inc, p, a)
	}
	return true, w.status(ctx, inc, a.Job.State)
}

// countCheckpoints remembers how far the job's checkpoints came.
func (w *watcher) countCheckpoints(ctx context.Context, inc cluster.Incarnation) {
	c, err := w.flinkAt(inc).Checkpoints(ctx, inc.FlinkJobID)
	if err == nil && c.LatestCompleted != nil {
		w.checkpoints[inc.ID] = max(w.checkpoints[inc.ID], c.LatestCompleted.ID)
	}
}

// jobManagerEnded kills what the JobManager left, and books the end.
func (w *watcher) jobManagerEnded(ctx context.Context, inc cluster.Incarnation, a answers) error {
	if !a.Incarnation.Dead && a.jobManager().State == runtime.Exited {
		if err := w.runtime.Kill(ctx, runtime.IncarnationID(inc.ID), runtime.TaskManager); err != nil {
			return fmt.Errorf("cannot kill the TaskManagers a JobManager left: %w", err)
		}
	}
	e := ending{Phase: cluster.Failed, Status: cluster.JobFailed, Code: "JobManagerLost", Cause: "The JobManager ended."}
	if d := a.Diagnosis; d != nil {
		e.Code, e.Cause = d.Code, d.Message
	}
	if at := a.jobManager().Exit.At; !at.IsZero() && at.Before(w.Now()) {
		e.SeenAt = at
	}
	return w.ended(ctx, inc, e)
}

// endingOf books a job that ended by itself.
func endingOf(a answers) ending {
	e := ending{Phase: cluster.Stopped, Status: string(a.Job.State)}
	if a.Job.State == flink.Failed {
		e.Phase = cluster.Failed
		if f := a.Job.Failure; f != nil {
			e.Code, e.Cause = f.Code, f.Message
		}
	}
	return e
}

// status writes the job's state, if it changed.
func (w *watcher) status(ctx context.Context, inc cluster.Incarnation, state flink.JobState) error {
	return w.quietly(w.Store.Change(ctx, store.Scope{store.JobRow(inc.JobUID)}, func(tx *store.Tx) error {
		job, err := tx.Job(inc.JobUID)
		if err != nil {
			return err
		}
		if alive, err := stillAlive(tx, inc.ID); err != nil || !alive || job.Status == string(state) || job.FlinkJobID != inc.FlinkJobID {
			return errors.Join(err, errNothing)
		}
		job.Status = string(state)
		return tx.SaveJob(job)
	}))
}

// stillAlive reports whether an incarnation is not dead in our books by now: what was seen of it may be older than its burial.
func stillAlive(tx *store.Tx, id string) (bool, error) {
	inc, err := tx.Incarnation(id)
	return inc.Phase != cluster.Dead && inc.Phase != cluster.Abandoned, err
}

// errNothing ends a transaction that has nothing to write.
var errNothing = errors.New("nothing to write")

func (w *watcher) quietly(err error) error {
	if err == nil || errors.Is(err, errNothing) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// ended submits the operation that deals with an incarnation whose job ended by itself: recovery, or its burial. Not while another
// operation is at work on the job, which will see the end too.
func (w *watcher) ended(ctx context.Context, inc cluster.Incarnation, e ending) error {
	if e.SeenAt.IsZero() {
		e.SeenAt = w.Now()
	}
	return w.submit(ctx, inc, func(tx *store.Tx, a asked) error {
		if pending, err := w.pendingStop(tx, inc, &a); err != nil || pending {
			return err
		}
		if err := w.note(tx, &inc, e); err != nil {
			return err
		}
		recovers, err := w.recover(tx, inc, &a, &e)
		if err != nil || recovers {
			return err
		}
		if !a.cluster.Phase.CanBecome(e.Phase) {
			e.Phase = a.cluster.Phase
		}
		a.kind, a.facts = kindRetire, facts{Ending: &e}
		_, err = w.insert(tx, a)
		return err
	})
}

// note writes down what is known of an incarnation that ended: why, and how far its checkpoints came (R47).
func (w *watcher) note(tx *store.Tx, inc *cluster.Incarnation, e ending) error {
	inc.LastSeen = max(inc.LastSeen, w.checkpoints[inc.ID])
	if e.Code != "" {
		inc.Cause = e.Code + ": " + e.Cause
	}
	return tx.SaveIncarnation(*inc)
}

// submit accepts an operation of the watcher's own on an incarnation's job, if it is idle and the incarnation not buried.
func (w *watcher) submit(ctx context.Context, inc cluster.Incarnation, accept func(tx *store.Tx, a asked) error) error {
	return w.quietly(w.accept(ctx, store.Scope{store.JobRow(inc.JobUID)}, func(tx *store.Tx) error {
		_, busy, err := active(tx, inc.JobUID)
		if err != nil {
			return err
		}
		alive, err := stillAlive(tx, inc.ID)
		if err != nil || busy.ID != "" || !alive {
			return errors.Join(err, errNothing)
		}
		job, err := tx.Job(inc.JobUID)
		if err != nil {
			return err
		}
		cl, err := tx.ClusterByUID(job.ClusterUID)
		if err != nil {
			return err
		}
		return accept(tx, asked{caller: Caller{Principal: "drey", RequestID: newGUID()}, cluster: cl, job: job, target: w.target})
	}))
}

// pendingStop goes on with a stop whose outcome was never learned: its savepoint may be complete, and then it is the newest state.
func (w *watcher) pendingStop(tx *store.Tx, inc cluster.Incarnation, a *asked) (bool, error) {
	f := facts{Source: inc.ID, SourceJob: inc.FlinkJobID, Stop: true}
	if err := w.resume(tx, inc.JobUID, &f); err != nil || f.Trigger == "" || !a.cluster.Phase.CanBecome(cluster.Stopping) {
		return false, err
	}
	f.Base = strings.TrimSuffix(f.Directory, "/"+f.Trigger)
	a.cluster.Phase = cluster.Stopping
	if err := tx.SaveCluster(a.cluster); err != nil {
		return false, err
	}
	a.kind, a.facts = cluster.KindStop, f
	_, err := w.insert(tx, *a)
	return true, err
}

// sweepUnreleased ends incarnations that were never released and that no operation at work names. They ran nothing of the job's.
func (w *watcher) sweepUnreleased(ctx context.Context) error {
	var rows []cluster.Incarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.LiveIncarnations(w.target)
		if err != nil {
			return err
		}
		for _, inc := range all {
			if inc.Phase != cluster.Intended && inc.Phase != cluster.Held {
				continue
			}
			op, _, err := active(tx, inc.JobUID)
			if err != nil {
				return err
			}
			if f, err := readFacts(orEmpty(op.Facts)); err == nil && f.Incarnation == inc.ID {
				continue
			}
			rows = append(rows, inc)
		}
		return nil
	})
	for _, inc := range rows {
		if err := w.endUnreleased(ctx, inc); err != nil {
			return errors.Join(err, fmt.Errorf("incarnation %s", inc.ID))
		}
	}
	return err
}

func (w *watcher) endUnreleased(ctx context.Context, inc cluster.Incarnation) error {
	id := runtime.IncarnationID(inc.ID)
	if err := w.runtime.Kill(ctx, id); err != nil {
		return err
	}
	seen, err := w.runtime.Observe(ctx, id)
	if err != nil || !seen.Dead {
		return err
	}
	if err := w.runtime.Forget(ctx, id); err != nil {
		return err
	}
	return w.Store.Change(ctx, store.Scope{store.Target(w.target)}, incarnationIs{ID: inc.ID, Phase: cluster.Dead, At: w.Now(), Cause: "never released"}.Write)
}

func orEmpty(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}

// newGUID makes a random GUID.
func newGUID() string {
	id := newID()
	return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-a" + id[17:20] + "-" + id[20:32]
}
