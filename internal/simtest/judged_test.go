package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/runtime"
	"drey/internal/store"
)

// The judge is judged: in worlds that break a promise, below the seam at which it looks on, it must say which invariant that breaks. What
// the product then does wrong, it would do as well by a fault of its own.
func TestTheJudgeSeesWhatABrokenPromiseLeadsTo(t *testing.T) {
	for why, tt := range map[string]struct {
		broken func(*rig) runtime.Runtime // nil: nothing is
		events []event                    // a second and a half apart, after a cluster was made
		want   string
	}{
		"a killed incarnation can be prepared":  {forgetful, []event{stuck(8 * time.Second), updates, does("c2", cluster.ActionCancel)}, "I19"},
		"what runs is said to be dead":          {hasty, []event{does("c2", cluster.ActionLastStateUpdate)}, "I1"},
		"a start is told no state":              {amnesiac, []event{updates}, "I3"},
		"a stop that was completed is refused":  {refusing, []event{stops}, "I4"},
		"what cannot be seen is said to exit":   {blind, []event{unreachable("JobManager unreachable", "c2", 5*time.Second, false)}, "I21"},
		"the books call Stopped what runs":      {nil, []event{miswritten()}, "I10"},
		"a savepoint is lost that was promised": {nil, []event{does("c2", cluster.ActionSavepoint), lostSavepoints()}, "I6"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, quick)
				if tt.broken != nil {
					r.weather.Runtime = tt.broken(r)
				}
				p := raiseIn(r, schedule{})
				p.settle()
				for _, e := range append([]event{declares}, tt.events...) {
					e.do(p)
					time.Sleep(1500 * time.Millisecond)
				}
				time.Sleep(8 * time.Second)
				p.calm()
				p.judge.quiet(false)
				p.end()
				_ = p.books.Close()
				for _, found := range p.judge.found {
					if strings.HasPrefix(found, tt.want+":") {
						return
					}
				}
				t.Errorf("the judge found %q, want a violation of %s", p.judge.found, tt.want)
			})
		})
	}
}

// noTombstones is a target that remembers no kill of what is not there.
type noTombstones struct {
	runtime.Runtime
	mu     sync.Mutex
	killed map[runtime.IncarnationID]bool
}

func forgetful(r *rig) runtime.Runtime {
	return &noTombstones{Runtime: r.runtime, killed: map[runtime.IncarnationID]bool{}}
}

func (n *noTombstones) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	seen, err := n.Runtime.Observe(ctx, id)
	if err != nil || len(seen.Processes) > 0 || len(roles) > 0 {
		return n.Runtime.Kill(ctx, id, roles...)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.killed[id] = true
	return nil
}

func (n *noTombstones) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	seen, err := n.Runtime.Observe(ctx, id)
	n.mu.Lock()
	defer n.mu.Unlock()
	seen.Dead = seen.Dead || n.killed[id]
	return seen, err
}

// deadAtOnce is a target that takes a kill for done when it is asked for.
type deadAtOnce struct{ noTombstones }

func hasty(r *rig) runtime.Runtime {
	return &deadAtOnce{noTombstones{Runtime: r.runtime, killed: map[runtime.IncarnationID]bool{}}}
}

func (d *deadAtOnce) Kill(_ context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.killed[id] = d.killed[id] || len(roles) == 0
	return nil
}

// noState is a target whose gates drop what is to be restored.
type noState struct{ runtime.Runtime }

func amnesiac(r *rig) runtime.Runtime { return noState{r.runtime} }

func (n noState) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	var o fake.Order
	if err := json.Unmarshal(order, &o); err != nil {
		return err
	}
	o.RestorePath = ""
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return n.Runtime.Release(ctx, id, raw)
}

// refusals is a target on the way to which what came of a savepoint turns into a refusal.
type refusals struct{ runtime.Runtime }

func refusing(r *rig) runtime.Runtime { return refusals{r.runtime} }

func (f refusals) Endpoint(id runtime.IncarnationID, port int) runtime.Endpoint {
	e := f.Runtime.Endpoint(id, port)
	return runtime.Endpoint{URL: e.URL, Transport: refusal{e.Transport}}
}

type refusal struct{ way http.RoundTripper }

func (f refusal) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := f.way.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/savepoints/") {
		return answer, err
	}
	raw, err := io.ReadAll(answer.Body)
	if bytes.Contains(raw, []byte("COMPLETED")) {
		raw = []byte(`{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"X","stack-trace":"X: declined"}}}`)
		answer.ContentLength = int64(len(raw))
	}
	answer.Body = io.NopCloser(bytes.NewReader(raw))
	return answer, err
}

// takenForDead is a target that takes a JobManager that cannot be reached for one that ended.
type takenForDead struct {
	runtime.Runtime
	weather *weather
}

func blind(r *rig) runtime.Runtime { return takenForDead{r.runtime, r.weather} }

func (b takenForDead) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	seen, err := b.Runtime.Observe(ctx, id)
	b.weather.mu.Lock()
	defer b.weather.mu.Unlock()
	for i, p := range seen.Processes {
		if time.Now().Before(b.weather.unseen[id].until) && p.Role == runtime.JobManager {
			seen.Processes[i].State = runtime.Exited
		}
	}
	return seen, err
}

// miswritten writes into the books what is not so.
func miswritten() event {
	return event{Name: "c2 is called Stopped", do: func(p *play) {
		err := p.books.Change(p.Context(), store.Scope{store.Target(target)}, func(tx *store.Tx) error {
			cl, err := tx.Cluster(named("c2"))
			if err != nil {
				return err
			}
			cl.Phase = cluster.Stopped
			return tx.SaveCluster(cl)
		})
		if err != nil {
			p.Fatal(err)
		}
	}}
}

// lostSavepoints removes what lies in the storage.
func lostSavepoints() event {
	return event{Name: "the storage is emptied", do: func(p *play) { p.storageEmptied() }}
}
