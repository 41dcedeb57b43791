package engine

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
	"drey/internal/telemetry"
)

// rig is an engine over a real store, with one kind: count up to 3 by an effect, then end.
type rig struct {
	t     *testing.T
	store *store.Store
	mu    sync.Mutex
	world int // what the effect did
	ended chan store.Operation
	act   func() error
	look  func() error
	epoch int64
	log   *slog.Logger // nil: none
	count *telemetry.Metrics
}

func newRig(t *testing.T) *rig {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "drey.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	r := &rig{t: t, store: st, ended: make(chan store.Operation, 8), epoch: 1}
	err = st.Change(t.Context(), nil, func(tx *store.Tx) error {
		return tx.PutTarget(store.TargetRow{Name: "here", Kind: "test", Epoch: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type counted struct{ Goal int }

func (r *rig) kind() Kind {
	read := func(raw json.RawMessage) (f counted) {
		if err := json.Unmarshal(raw, &f); err != nil {
			r.t.Error(err)
		}
		return f
	}
	return Kind{
		Name: "test.count", Version: 1, Deadline: time.Minute,
		Settle: func(_ json.RawMessage, reason *cluster.Error, _ time.Time) ([]Row, *cluster.Error) {
			return nil, reason
		},
		Steps: []Step{
			{Name: "count",
				Look: func(context.Context, string, json.RawMessage) (any, error) {
					r.mu.Lock()
					defer r.mu.Unlock()
					if r.look != nil {
						return nil, r.look()
					}
					return r.world, nil
				},
				Decide: func(raw json.RawMessage, seen any, _ time.Time) (json.RawMessage, Verdict) {
					if n, ok := seen.(int); ok && n < read(raw).Goal {
						return raw, Act()
					}
					return raw, Done().Say("counted")
				},
				Act: func(context.Context, string, json.RawMessage) error {
					r.mu.Lock()
					defer r.mu.Unlock()
					if r.act != nil {
						return r.act()
					}
					r.world++
					return nil
				}},
			{Name: "end", Decide: func(raw json.RawMessage, _ any, _ time.Time) (json.RawMessage, Verdict) {
				if read(raw).Goal < 0 {
					return raw, Fail(cluster.Errorf(cluster.Conflict, "BelowZero", "", "the goal is below zero"))
				}
				return raw, Done()
			}},
		},
	}
}

// submit inserts an operation.
func (r *rig) submit(id string, goal int, deadline time.Duration) {
	r.t.Helper()
	raw, err := json.Marshal(counted{goal})
	if err != nil {
		r.t.Fatal(err)
	}
	err = r.store.Change(r.t.Context(), nil, func(tx *store.Tx) error {
		return tx.InsertOperation(store.Operation{ID: id, Subject: "job-" + id, ResourceID: "/clusters/" + id, Target: "here", Kind: "test.count", KindVersion: 1, Lane: store.CallerLane,
			State: store.Active, Step: "count", Facts: raw, CreatedAt: time.Now(), Deadline: time.Now().Add(deadline)})
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// run runs an engine until the test ends, or stop is called.
func (r *rig) run() (e *Engine, stop func()) {
	log := r.log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e = New(Config{Store: r.store, Kinds: []Kind{r.kind()}, Now: time.Now, Log: log, Metrics: r.count,
		Fence: func(string) (int64, bool) { r.mu.Lock(); defer r.mu.Unlock(); return r.epoch, true },
		Ended: func(op store.Operation) { r.ended <- op }})
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() { _ = e.Run(ctx, "here", time.Second); close(done) }()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return e, stop
}

func (r *rig) end() store.Operation {
	r.t.Helper()
	select {
	case op := <-r.ended:
		return op
	case <-time.After(30 * time.Second):
		r.t.Fatal("no operation ended")
		return store.Operation{}
	}
}

func TestAnOperationActsUntilTheWorldIsAsAsked(t *testing.T) {
	r := newRig(t)
	r.submit("a", 3, time.Minute)
	r.run()
	if op := r.end(); op.Outcome != store.Succeeded || r.world != 3 {
		t.Errorf("it ended %s with %d effects, want Succeeded with 3", op.Outcome, r.world)
	}
	var lines []store.Line
	err := r.store.Read(t.Context(), func(tx *store.Tx) (err error) {
		lines, err = tx.Lines("a")
		return err
	})
	if err != nil || len(lines) != 1 || lines[0].Text != "counted" {
		t.Errorf("the lines are %v, %v", lines, err)
	}
}

func TestAnEffectThatFailsIsTriedAgain(t *testing.T) {
	r := newRig(t)
	tries := 0
	r.act = func() error {
		if tries++; tries < 3 {
			return errors.New("not now")
		}
		r.world = 1
		return nil
	}
	r.submit("a", 1, time.Minute)
	r.run()
	if op := r.end(); op.Outcome != store.Succeeded || tries != 3 {
		t.Errorf("it ended %s after %d tries", op.Outcome, tries)
	}
}

func TestFailMustBeSaidAndIsKept(t *testing.T) {
	r := newRig(t)
	r.submit("a", -1, time.Minute)
	r.run()
	if op := r.end(); op.Outcome != store.FailedOp || op.Error == nil || op.Error.Code != "BelowZero" {
		t.Errorf("it ended %s with %+v", op.Outcome, op.Error)
	}
}

func TestNothingRunsPastItsDeadline(t *testing.T) {
	r := newRig(t)
	r.look = func() error { return cluster.Errorf(cluster.Unavailable, "StorageDown", "", "the storage is down") }
	r.submit("a", 1, 150*time.Millisecond)
	r.run()
	op := r.end()
	if op.Outcome != store.FailedOp || op.Error.Code != "DeadlineExceeded" || !strings.Contains(op.Error.Message, "the storage is down") {
		t.Errorf("it ended %s with %+v, want DeadlineExceeded with the last trouble", op.Outcome, op.Error)
	}
}

func TestAPanicEndsTheOperationAndNotTheServer(t *testing.T) {
	r := newRig(t)
	r.act = func() error { panic("a bug") }
	r.submit("a", 1, time.Minute)
	r.run()
	if op := r.end(); op.Outcome != store.FailedOp || op.Error.Code != "InternalError" {
		t.Errorf("it ended %s with %+v", op.Outcome, op.Error)
	}
	r.act = nil
	r.submit("b", 1, time.Minute)
	if op := r.end(); op.ID != "b" || op.Outcome != store.Succeeded {
		t.Errorf("the next one ended %s", op.Outcome)
	}
}

func TestAWorkerThatWasFencedOffCommitsNothing(t *testing.T) {
	r := newRig(t)
	r.act = func() error { r.epoch = 0; return nil } // from here on another server owns the target
	r.submit("a", 5, time.Minute)
	_, stop := r.run()
	read := func() (op store.Operation) {
		err := r.store.Read(t.Context(), func(tx *store.Tx) (err error) {
			op, err = tx.Operation("a")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	for end := time.Now().Add(30 * time.Second); read().Turn < 1 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	stop()
	if op := read(); op.State != store.Active || op.Turn != 1 {
		t.Errorf("the operation is %s at turn %d, want Active at 1", op.State, op.Turn)
	}
}

func TestAStoppedEngineLeavesWorkForTheNextOne(t *testing.T) {
	r := newRig(t)
	waiting := make(chan struct{})
	var once sync.Once
	r.act = func() error { once.Do(func() { close(waiting) }); return errors.New("not now") }
	r.submit("a", 2, time.Minute)
	_, stop := r.run()
	<-waiting
	stop()
	r.mu.Lock()
	r.act = nil
	r.mu.Unlock()
	r.run()
	if op := r.end(); op.Outcome != store.Succeeded || r.world != 2 {
		t.Errorf("it ended %s with %d effects", op.Outcome, r.world)
	}
}

func TestEveryStepWithAnEffectHasThreeFailpoints(t *testing.T) {
	var names []string
	for _, p := range Points([]Kind{newRig(t).kind()}) {
		names = append(names, p.String())
	}
	want := "test.count/count:before test.count/count:after test.count/count:sent test.count/end:before test.count/end:after"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
