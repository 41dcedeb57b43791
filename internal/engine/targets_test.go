package engine

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"drey/internal/store"
)

// An engine has the operations of several targets: the turns of one must not disturb those of another.
func TestAWorkerIsNotCutOffForAnotherTarget(t *testing.T) {
	cut := false
	e := New(Config{Store: newRig(t).store})
	e.busy["job-a"] = &held{op: "a", target: "here", cancel: func() { cut = true }}
	e.take(t.Context(), nil, "there", nil)
	if cut {
		t.Error("it was cut off, since its operation is not open there")
	}
	e.take(t.Context(), nil, "here", nil)
	if !cut {
		t.Error("it goes on, though its operation is not open here")
	}
}

func TestAWakeReachesEveryTarget(t *testing.T) {
	e := New(Config{})
	all := []<-chan struct{}{e.woken(), e.woken()}
	e.Wake()
	for i, wake := range all {
		select {
		case <-wake:
		default:
			t.Errorf("target %d was not told", i)
		}
	}
}

// A worker may be cut off right after its last commit, when its operation is seen to be open no longer.
func TestAnEndThatIsCommittedIsTold(t *testing.T) {
	r := newRig(t)
	cancel := func() {}
	r.store.OnCommit(func(time.Duration, error) { cancel() })
	e := New(Config{Store: r.store, Now: time.Now, Log: slog.New(slog.DiscardHandler), Fence: func(string) (int64, bool) { return 1, true },
		Ended: func(op store.Operation) { r.ended <- op }})
	r.submit("a", 0, time.Minute)
	ctx, end := context.WithCancel(t.Context())
	cancel = end
	w := &worker{Engine: e, kind: r.kind(), op: store.Operation{ID: "a", Target: "here", Step: "end", State: store.Active, Facts: []byte("{}")}}
	w.turn(ctx)
	if op := r.end(); op.Outcome != store.Succeeded {
		t.Errorf("it ended %s", op.Outcome)
	}
}
