package simulated

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"drey/internal/runtime"
)

// Observe implements [runtime.Runtime].
func (r *Runtime) Observe(_ context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if inc := r.all[id]; inc != nil {
		return inc.status(), nil
	}
	return runtime.Status{ID: id, SeenAt: time.Now()}, nil
}

// List implements [runtime.Runtime].
func (r *Runtime) List(context.Context) (all []runtime.Status, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, inc := range r.all {
		all = append(all, inc.status())
	}
	return all, nil
}

func (inc *incarnation) status() runtime.Status {
	s := runtime.Status{ID: inc.id, OrderDigest: inc.digest, Tombstone: inc.tombstone, Dead: inc.dead(), SeenAt: time.Now()}
	for _, p := range inc.processes {
		s.Processes = append(s.Processes, p.status())
	}
	slices.SortFunc(s.Processes, func(a, b runtime.ProcessStatus) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Index, b.Index))
	})
	return s
}

// dead is proof: a tombstone, and nothing left.
func (inc *incarnation) dead() bool {
	return inc.tombstone && !slices.ContainsFunc(inc.processes, func(p *Process) bool { return p.exit == nil })
}

// Watch implements [runtime.Runtime].
func (r *Runtime) Watch(ctx context.Context, fn func(runtime.Event)) error {
	return r.watch(ctx, fn, func() []runtime.IncarnationID { return nil })
}

// watch begins with the ids that first answers.
func (r *Runtime) watch(ctx context.Context, fn func(runtime.Event), first func() []runtime.IncarnationID) error {
	c := make(chan runtime.IncarnationID, 256)
	r.mu.Lock()
	r.watchers[c] = true
	r.mu.Unlock()
	for _, id := range first() {
		fn(runtime.Event{ID: id})
	}
	defer func() {
		r.mu.Lock()
		delete(r.watchers, c)
		r.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case id := <-c:
			fn(runtime.Event{ID: id})
		}
	}
}

// undead are the incarnations that are not dead.
func (r *Runtime) undead() (ids []runtime.IncarnationID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, inc := range r.all {
		if !inc.dead() {
			ids = append(ids, id)
		}
	}
	return ids
}

// tell gives a hint to who watches; one that does not keep up misses some.
func (r *Runtime) tell(id runtime.IncarnationID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.watchers {
		select {
		case c <- id:
		default:
		}
	}
}

// Logs implements [runtime.Runtime].
func (r *Runtime) Logs(_ context.Context, id runtime.IncarnationID, p runtime.ProcessID, cursor int64) (io.ReadCloser, int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.all[id]
	if inc == nil {
		return nil, 0, fmt.Errorf("incarnation %s: %w", id, runtime.ErrNotFound)
	}
	at := slices.IndexFunc(inc.processes, func(q *Process) bool { return q.ID == p })
	if at < 0 {
		return nil, 0, fmt.Errorf("%s of incarnation %s: %w", p, id, runtime.ErrNotFound)
	}
	found := inc.processes[at]
	begin := max(cursor, found.cut)
	text := slices.Clone(found.output[min(begin-found.cut, int64(len(found.output))):])
	return io.NopCloser(bytes.NewReader(text)), begin, nil
}
