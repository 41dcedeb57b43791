package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
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
	list    watchlist

	mu sync.Mutex
	// checkpoints is the highest id of a complete checkpoint seen, by incarnation. It is written down when the incarnation ends (R47).
	checkpoints map[string]int64
	seen        []string // jobs of which Flink answered since that was written last
}

const (
	sweepEvery = 5 * time.Second
	touchEvery = time.Second
	pruneEvery = time.Hour
	countEvery = 5 * time.Second
	lookLimit  = 5 * time.Second
)

func newWatcher(s *Service, target string, rt runtime.Runtime) *watcher {
	return &watcher{Service: s, target: target, runtime: rt, list: newWatchlist(), checkpoints: map[string]int64{}}
}

func (w *watcher) run(ctx context.Context) error {
	go w.listen(ctx)
	var looks sync.WaitGroup
	defer looks.Wait()
	looks.Go(func() { w.chores(ctx) })
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.list.pause()):
		case <-w.list.hinted:
		}
		if _, ok := w.owner.fence(w.target); !ok {
			continue
		}
		if err := w.refresh(ctx); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "cannot list what is to be watched", "target", w.target, "error", err)
		}
		w.begin(ctx, &looks, w.list.take(time.Now()))
		w.Metrics.Looked(w.target, w.Now())
	}
}

// chores does what is done now and then, beside the looks: it waits for its turn at writing.
func (w *watcher) chores(ctx context.Context) {
	chores := []*chore{
		{every: touchEvery, what: "cannot write what was seen", do: w.touch},
		{every: sweepEvery, what: "cannot sweep", do: w.sweepUnreleased},
		{every: pruneEvery, what: "cannot remove old operations", do: w.prune},
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(longestPause):
		}
		if _, ok := w.owner.fence(w.target); !ok {
			continue
		}
		for _, c := range chores {
			c.run(ctx, w)
		}
	}
}

// listen takes the runtime's hints.
func (w *watcher) listen(ctx context.Context) {
	err := w.runtime.Watch(ctx, func(e runtime.Event) { w.list.hint(string(e.ID)) })
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "the runtime's watch ended; looking goes on", "target", w.target, "error", err)
	}
}

// chore is what is done now and then.
type chore struct {
	every time.Duration
	what  string
	do    func(context.Context) error
	last  time.Time
}

func (c *chore) run(ctx context.Context, w *watcher) {
	if time.Since(c.last) < c.every {
		return
	}
	c.last = time.Now()
	if err := c.do(ctx); err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, c.what, "target", w.target, "error", err)
	}
}

// prune removes operations that ended long ago; the newest of each living cluster stay.
func (w *watcher) prune(ctx context.Context) error {
	limit := w.Now().Add(-w.KeptFor)
	return w.write(ctx, nil, func(tx *store.Tx) error {
		_, err := tx.DeleteOperationsEndedBefore(limit)
		return err
	})
}

// refresh reads which incarnations there are to be watched: those that were released and are not proved dead.
func (w *watcher) refresh(ctx context.Context) error {
	if !w.list.stale(time.Now()) {
		return nil
	}
	var ids []string
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.ReleasedIncarnations(w.target)
		return err
	})
	if err != nil {
		return err
	}
	w.list.put(ids, time.Now())
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.checkpoints, func(id string, _ int64) bool { return !w.list.has(id) })
	return nil
}

// begin looks at some incarnations, of which it reads at once what is known.
func (w *watcher) begin(ctx context.Context, looks *sync.WaitGroup, ids []string) {
	if len(ids) == 0 {
		return
	}
	var known []store.WatchedIncarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = tx.WatchedIncarnations(ids)
		return err
	})
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "cannot read what is to be watched", "target", w.target, "error", err)
	}
	for _, inc := range known {
		looks.Go(func() {
			defer w.list.done(inc.ID)
			w.look(ctx, inc)
		})
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == inc.ID })
	}
	for _, id := range ids { // hints at what is not ours
		w.list.done(id)
	}
}

// look sees one incarnation.
func (w *watcher) look(ctx context.Context, inc store.WatchedIncarnation) {
	if inc.Phase != cluster.Releasing && inc.Phase != cluster.Live {
		return // nothing of the job's runs there, or runs any more: the operation that made it so goes on with it
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	var a answers
	answered := false
	err := w.see(ctx, inc.Incarnation, &a)
	if err == nil {
		answered, err = w.lookAt(ctx, inc, a)
	}
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "cannot watch an incarnation", "incarnation", inc.ID, "error", err)
	}
	if answered {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, inc.JobUID)
	}
}

// touch writes down of which jobs Flink answered.
func (w *watcher) touch(ctx context.Context) error {
	w.mu.Lock()
	seen := w.seen
	w.seen = nil
	w.mu.Unlock()
	if len(seen) == 0 {
		return nil
	}
	now := w.Now()
	return w.write(ctx, nil, func(tx *store.Tx) error { return tx.TouchJobs(seen, now) })
}

// lookAt sees the job of an incarnation whose processes were seen; it reports whether Flink answered.
func (w *watcher) lookAt(ctx context.Context, known store.WatchedIncarnation, a answers) (bool, error) {
	inc := known.Incarnation
	if jobManagerGone(a) || inc.Declared != nil {
		return false, w.jobManagerEnded(ctx, inc, a)
	}
	if err := w.lookJob(ctx, questions{Job: true, Brief: true}, &a); err != nil || a.Job.Unreachable || a.Job.Unknown {
		return false, err
	}
	if w.list.counts(inc.ID, time.Now()) {
		w.countCheckpoints(ctx, inc)
	}
	if a.Job.State.Terminal() {
		return true, w.ended(ctx, inc, endingOf(a))
	}
	if p, missing := taskManagerEnded(a.Incarnation); missing {
		return true, w.replace(ctx, inc, p, a)
	}
	if known.JobStatus == string(a.Job.State) {
		return true, nil // as nearly always: a look takes no turn at writing
	}
	return true, w.status(ctx, inc, a.Job.State)
}

// countCheckpoints remembers how far the job's checkpoints came.
func (w *watcher) countCheckpoints(ctx context.Context, inc cluster.Incarnation) {
	c, err := w.flinkAt(inc).Checkpoints(ctx, inc.FlinkJobID)
	if err == nil && c.LatestCompleted != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
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
	if by := inc.Declared; by != nil {
		e.Code, e.Cause = "DeclaredDead", by.Who+" declared it dead."
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
	return w.write(ctx, store.Scope{store.JobRow(inc.JobUID)}, func(tx *store.Tx) error {
		job, err := tx.Job(inc.JobUID)
		if err != nil {
			return err
		}
		if alive, err := stillAlive(tx, inc.ID); err != nil || !alive || job.Status == string(state) || job.FlinkJobID != inc.FlinkJobID {
			return errors.Join(err, errNothing)
		}
		job.Status = string(state)
		return tx.SaveJob(job)
	})
}

// stillAlive reports whether an incarnation is not dead in our books by now: what was seen of it may be older than its burial.
func stillAlive(tx *store.Tx, id string) (bool, error) {
	inc, err := tx.Incarnation(id)
	return inc.Phase != cluster.Dead && inc.Phase != cluster.Abandoned, err
}

// errNothing ends a transaction that has nothing to write.
var errNothing = errors.New("nothing to write")

// write changes what was seen, as long as the target is this server's: one that wakes up late, when another has it, writes nothing.
func (w *watcher) write(ctx context.Context, scope store.Scope, fn func(tx *store.Tx) error) error {
	return w.quietly(w.Store.Change(ctx, append(scope, store.Target(w.target)), func(tx *store.Tx) error {
		if err := w.owns(tx); err != nil {
			return err
		}
		return fn(tx)
	}))
}

// owns is errNothing if another server has the target by now. Whoever asks has locked it.
func (w *watcher) owns(tx *store.Tx) error {
	epoch, mine := w.owner.fence(w.target)
	row, err := tx.Target(w.target)
	if err == nil && (!mine || row.Epoch != epoch) {
		err = errNothing
	}
	return err
}

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
	w.mu.Lock()
	inc.LastSeen = max(inc.LastSeen, w.checkpoints[inc.ID])
	w.mu.Unlock()
	if e.Code != "" {
		inc.Cause = e.Code + ": " + e.Cause
	}
	return tx.SaveIncarnation(*inc)
}

// submit accepts an operation of the watcher's own on an incarnation's job, if it is idle and the incarnation not buried.
func (w *watcher) submit(ctx context.Context, inc cluster.Incarnation, accept func(tx *store.Tx, a asked) error) error {
	return w.quietly(w.accept(ctx, Caller{}, store.Scope{store.Target(w.target), store.JobRow(inc.JobUID)}, func(tx *store.Tx) error {
		if err := w.owns(tx); err != nil {
			return err
		}
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
		all, err := tx.UnreleasedIncarnations(w.target)
		if err != nil {
			return err
		}
		for _, inc := range all {
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
	return w.write(ctx, nil, incarnationIs{ID: inc.ID, Phase: cluster.Dead, At: w.Now(), Cause: "never released"}.Write)
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
