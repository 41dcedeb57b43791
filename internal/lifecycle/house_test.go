package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

const sub = "10e32bab-26da-4cc4-a441-52b318f824e6"

// place is a target on which nothing ever runs.
type place struct {
	runtime.Runtime
	silent bool // it does not answer
}

func (p *place) Identity(context.Context) (string, error) {
	if p.silent {
		return "", errors.New("no route to host")
	}
	return "machine/directory", nil
}

func (p *place) Claim(_ context.Context, _ string, epoch int64, _ time.Duration) (int64, error) {
	return epoch, nil
}

func (p *place) List(context.Context) ([]runtime.Status, error) { return nil, nil }

// house is a service with its real store and engine, in a bubble of virtual time: waiting costs nothing. Operations go on only while one
// waits for their end.
type house struct {
	*Service
	t     *testing.T
	place *place
	asked int
}

// inHouse runs fn on a service with the subscription and the groups G1 and G2.
func inHouse(t *testing.T, fn func(*testing.T, *house)) {
	t.Helper()
	t.Parallel()
	path := filepath.Join(t.TempDir(), "drey.db")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		quiet := slog.New(slog.DiscardHandler)
		st, err := store.Open(ctx, "sqlite:"+path, quiet)
		if err != nil {
			t.Fatal(err)
		}
		h := &house{t: t, place: &place{}}
		config := Config{Store: st, Targets: map[string]Target{"here": {Runtime: h.place, Kind: KindLocal, Ports: [2]int{20000, 20999},
			Facts: func() cluster.FlinkFacts { return cluster.FlinkFacts{Installed: []string{"2.3.0"}} }}}, Holder: "me", Now: time.Now, Log: quiet}
		if err := Plant(ctx, st, config, Seed{Targets: map[string]string{"here": KindLocal}, Subscription: Subscription{ID: sub, Name: "one", Tenant: "t"}}); err != nil {
			t.Fatal(err)
		}
		if h.Service, err = New(config); err != nil {
			t.Fatal(err)
		}
		if err := h.Claim(ctx); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = h.owner.keep(ctx, ctx.Done(), "here")
		}()
		for _, name := range []string{"G1", "G2"} {
			if _, _, err := h.PutGroup(ctx, h.caller(), Group{Subscription: sub, Name: name, Location: "East US 2"}); err != nil {
				t.Fatal(err)
			}
		}
		fn(t, h)
		cancel()
		<-ended
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (h *house) caller() Caller {
	h.asked++
	id := fmt.Sprintf("00000000-0000-0000-0000-%012d", h.asked)
	return Caller{Principal: "somebody", PrincipalType: "User", RequestID: id, Method: "PUT", URL: "/" + id}
}

func poolRef(group, name string) cluster.PoolRef {
	return cluster.PoolRef{Subscription: sub, Group: group, Pool: name}
}

func poolSpec() cluster.PoolSpec {
	return cluster.PoolSpec{Location: "East US 2", Tags: map[string]string{"a": "b"}, VMSize: "Standard_E4s_v3", Version: "1.2"}
}

// put declares a pool, which must be accepted.
func (h *house) put(ref cluster.PoolRef, spec cluster.PoolSpec) (PoolView, Operation) {
	h.t.Helper()
	v, op, err := h.PutPool(h.t.Context(), h.caller(), ref, spec, Conditions{})
	if err != nil {
		h.t.Fatal(err)
	}
	return v, op
}

// ends waits for the end of an operation, and answers its outcome or the code of its error.
func (h *house) ends(op Operation) string {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = h.engine.Run(ctx, "here", time.Second)
	}()
	defer func() {
		cancel()
		<-stopped
	}()
	for {
		now, err := h.Operation(h.t.Context(), op.ID)
		switch {
		case err != nil:
			h.t.Fatal(err)
		case now.Error != nil:
			return now.Error.Code
		case !now.Running():
			return now.Status
		}
		time.Sleep(100 * time.Millisecond) // of the bubble
	}
}

// code is what an error is told as; "" for none.
func code(err error) string {
	if e := cluster.AsError(err); e != nil {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (h *house) state(ref cluster.PoolRef) string {
	h.t.Helper()
	v, err := h.PoolView(h.t.Context(), ref)
	if err != nil {
		return code(err)
	}
	return v.ProvisioningState
}
