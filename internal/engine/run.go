package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"drey/internal/store"
	"drey/internal/telemetry"
)

// pollEvery is the fallback: work is found by wake-ups in this process, and by reading the database this often.
const pollEvery = time.Second

// Engine runs the operations of the targets this server owns.
type Engine struct {
	store   *store.Store
	kinds   map[string]Kind
	fence   func(string) (int64, bool)
	now     func() time.Time
	log     *slog.Logger
	ended   func(store.Operation)
	metrics *telemetry.Metrics

	mu    sync.Mutex
	wakes []chan struct{}  // one of each target
	busy  map[string]*held // by subject
}

// held is an operation some worker of ours keeps.
type held struct {
	op, target string
	cancel     context.CancelFunc
}

// New makes an Engine; Run starts it.
func New(c Config) *Engine {
	e := &Engine{store: c.Store, kinds: map[string]Kind{}, fence: c.Fence, now: c.Now, log: c.Log, ended: c.Ended, metrics: c.Metrics, busy: map[string]*held{}}
	for _, k := range c.Kinds {
		e.kinds[k.Name] = k
	}
	return e
}

// Wake tells the engine that there may be new work, at any target. It never waits for anything.
func (e *Engine) Wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, wake := range e.wakes {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// woken is told by each Wake from now on.
func (e *Engine) woken() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	wake := make(chan struct{}, 1)
	e.wakes = append(e.wakes, wake)
	return wake
}

// Run takes up open operations of target until ctx ends; then it lets running turns finish, for at most grace.
func (e *Engine) Run(ctx context.Context, target string, grace time.Duration) error {
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var workers sync.WaitGroup
	wake := e.woken()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if _, ok := e.fence(target); ok {
			e.take(work, ctx.Done(), target, &workers)
		}
		select {
		case <-ctx.Done():
			return e.finish(&workers, cut, grace)
		case <-tick.C:
		case <-wake:
		}
	}
}

// finish waits for the workers, and cuts them off after grace: what they were doing is found by name at the next start.
func (e *Engine) finish(workers *sync.WaitGroup, cut context.CancelFunc, grace time.Duration) error {
	gone := make(chan struct{})
	go func() { workers.Wait(); close(gone) }()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-gone:
	case <-timer.C:
		cut()
		<-gone
	}
	return nil
}

// take starts a worker for each open operation whose subject no worker of ours keeps. A worker whose operation is no longer
// open (it was superseded) is cut off first; its successor starts at the next call, when the worker is gone.
func (e *Engine) take(ctx context.Context, quit <-chan struct{}, target string, workers *sync.WaitGroup) {
	var fresh []store.Operation
	err := e.store.Read(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenHeads(target)
		if err != nil {
			return err
		}
		for _, id := range e.sort(target, open) {
			op, err := tx.Operation(id)
			if err != nil {
				return err
			}
			fresh = append(fresh, op)
		}
		return nil
	})
	if err != nil {
		e.log.ErrorContext(ctx, "cannot read open operations", "error", err)
		return
	}
	for _, op := range fresh {
		e.start(ctx, quit, op, workers)
	}
}

// sort cuts off the workers of target whose operation is not among the open ones, and answers the ids of those that wait
// for a worker.
func (e *Engine) sort(target string, open []store.OpenHead) (fresh []string) {
	active := make(map[string]string, len(open))
	for _, head := range open {
		active[head.Subject] = head.ID
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for subject, h := range e.busy {
		if h.target == target && active[subject] != h.op {
			h.cancel()
		}
	}
	for _, head := range open {
		if head.State == store.Active && e.busy[head.Subject] == nil {
			fresh = append(fresh, head.ID)
		}
	}
	return fresh
}

// start gives an operation a worker, if its kind is known. Only the target's own loop calls it.
func (e *Engine) start(ctx context.Context, quit <-chan struct{}, op store.Operation, workers *sync.WaitGroup) {
	ctx = telemetry.With(ctx, slog.String("operation", op.ID), slog.String("kind", op.Kind), slog.String("cluster", op.ResourceID))
	kind, ok := e.kinds[op.Kind]
	if !ok || kind.Version != op.KindVersion {
		e.log.ErrorContext(ctx, "operation is of a kind or version this binary does not know; it is left alone", "version", op.KindVersion)
		return
	}
	e.log.InfoContext(ctx, "operation taken up", "step", op.Step)
	ctx, cancel := context.WithCancel(ctx)
	e.mu.Lock()
	e.busy[op.Subject] = &held{op: op.ID, target: op.Target, cancel: cancel}
	e.mu.Unlock()
	w := &worker{Engine: e, op: op, kind: kind}
	workers.Go(func() {
		defer e.Wake()
		defer func() {
			cancel()
			e.mu.Lock()
			delete(e.busy, op.Subject)
			e.mu.Unlock()
		}()
		w.run(ctx, quit)
	})
}

// Busy reports whether a worker of this process keeps an operation of subject.
func (e *Engine) Busy(subject string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.busy[subject] != nil
}
