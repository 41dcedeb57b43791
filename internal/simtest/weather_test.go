package simtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"drey/internal/runtime"
	"drey/internal/store"
)

// weather is what the world does to all servers: effects that fail or happen twice, answers that are lost, JobManagers that cannot be reached.
type weather struct {
	runtime.Runtime
	failing sync.Mutex // held while fails decides
	mu      sync.Mutex
	unseen  map[runtime.IncarnationID]unseen
	lost    int                     // so many effects happen, and their answer is lost
	lostAt  int                     // the answer of the effect of that number is lost, from 1
	twice   bool                    // every effect happens twice
	fails   func(what string) error // why an effect or a question fails; nil: none does
	asked   int                     // effects and questions so far
	fullTo  time.Time               // until then nothing can be committed
	flakyTo time.Time               // until then every other question fails, by chance
	stuckTo time.Time               // until then no Prepare arrives; then each does
	chance  *rand.Rand
}

// unseen is a JobManager that cannot be reached.
type unseen struct {
	until time.Time
	slow  bool // it answers nothing for long, else it refuses at once
}

var (
	errLost        = errors.New("the answer was lost")
	errFlaky       = errors.New("the question was lost")
	errUnreachable = errors.New("the JobManager cannot be reached")
)

// full is why nothing can be committed.
func (w *weather) full() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Now().Before(w.fullTo) {
		return fmt.Errorf("%w: simulated", store.ErrFull)
	}
	return nil
}

// hide lets the JobManager of an incarnation be unreachable for a while.
func (w *weather) hide(id runtime.IncarnationID, d time.Duration, slow bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unseen[id] = unseen{time.Now().Add(d), slow}
}

// clear ends all that is not over by itself.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unseen, w.lost, w.twice, w.fails = map[runtime.IncarnationID]unseen{}, 0, false, nil
	w.fullTo, w.flakyTo = time.Time{}, time.Time{}
}

// soFar is how many effects and questions there were.
func (w *weather) soFar() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// ask lets a question through.
func (w *weather) ask(what string) error {
	w.mu.Lock()
	fails := w.fails
	w.asked++
	lost := (what == "GET" || what == "Observe") && time.Now().Before(w.flakyTo) && w.chance.IntN(2) == 0
	w.mu.Unlock()
	if lost {
		return errFlaky
	}
	if fails == nil {
		return nil
	}
	w.failing.Lock()
	defer w.failing.Unlock()
	return fails(what)
}

// do lets an effect through.
func (w *weather) do(what string, effect func() error) error {
	if err := w.ask(what); err != nil {
		return err
	}
	w.mu.Lock()
	lost, twice := w.lost > 0 || w.lostAt == 1, w.twice
	w.lost, w.lostAt = max(0, w.lost-1), w.lostAt-1
	w.mu.Unlock()
	err := effect()
	if twice {
		err = effect()
	}
	if lost {
		return errLost
	}
	return err
}

// Prepare implements [runtime.Runtime].
func (w *weather) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	w.mu.Lock()
	late := time.Until(w.stuckTo)
	w.mu.Unlock()
	if late > 0 {
		arrives := context.WithoutCancel(ctx)
		time.AfterFunc(late, func() { _ = w.Runtime.Prepare(arrives, inc) })
		return errLost
	}
	return w.do("Prepare", func() error { return w.Runtime.Prepare(ctx, inc) })
}

// Release implements [runtime.Runtime].
func (w *weather) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	return w.do("Release", func() error { return w.Runtime.Release(ctx, id, order) })
}

// Scale implements [runtime.Runtime].
func (w *weather) Scale(ctx context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	return w.do("Scale", func() error { return w.Runtime.Scale(ctx, id, role, n, generation) })
}

// Kill implements [runtime.Runtime].
func (w *weather) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	return w.do("Kill", func() error { return w.Runtime.Kill(ctx, id, roles...) })
}

// Forget implements [runtime.Runtime].
func (w *weather) Forget(ctx context.Context, id runtime.IncarnationID) error {
	return w.do("Forget", func() error { return w.Runtime.Forget(ctx, id) })
}

// Observe implements [runtime.Runtime].
func (w *weather) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	if err := w.ask("Observe"); err != nil {
		return runtime.Status{}, err
	}
	return w.Runtime.Observe(ctx, id)
}

// Endpoint implements [runtime.Runtime].
func (w *weather) Endpoint(id runtime.IncarnationID, port int) runtime.Endpoint {
	e := w.Runtime.Endpoint(id, port)
	return runtime.Endpoint{URL: e.URL, Transport: windy{w, id, e.Transport}}
}

// windy is the way to a JobManager.
type windy struct {
	*weather
	id  runtime.IncarnationID
	way http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (w windy) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	w.mu.Lock()
	hidden := w.unseen[w.id]
	w.mu.Unlock()
	if left := time.Until(hidden.until); left > 0 {
		if hidden.slow {
			select {
			case <-time.After(left):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return nil, errUnreachable
	}
	if r.Method == http.MethodGet {
		if err := w.ask("GET"); err != nil {
			return nil, err
		}
		return w.way.RoundTrip(r)
	}
	send := func() error {
		if r.GetBody != nil {
			r.Body, _ = r.GetBody()
		}
		answer, err = w.way.RoundTrip(r)
		return err
	}
	if err := w.do(r.Method, send); err != nil {
		return nil, err
	}
	return answer, nil
}

// storageEmptied removes all that lies in the storage.
func (r *rig) storageEmptied() { _ = os.RemoveAll(filepath.Join(r.dir, "storage", "sim")) }

// storageGone takes all storage accounts away, and brings them back.
func (r *rig) storageGone(gone bool) {
	at := filepath.Join(r.dir, "storage")
	from, to := at, at+".away"
	if !gone {
		from, to = to, from
	}
	_ = os.Rename(from, to) // it may be there, or gone, already
}
