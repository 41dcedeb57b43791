package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Release implements [runtime.Runtime]. Where the incarnation was seen held before, it is one call of the keeper: nothing of
// the API lies in the gap.
func (r *Runtime) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	err := checkID(id)
	if err == nil {
		err = r.release(ctx, id, order)
	}
	if err != nil {
		return fmt.Errorf("cannot release incarnation %s: %w", id, err)
	}
	r.log.InfoContext(ctx, "incarnation released", "incarnation", id)
	return nil
}

func (r *Runtime) release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	digest := keeper.OrderDigest(order)
	v, known := r.viewOf(id)
	if a, p, ok := v.holder(); known && ok {
		if err := r.order(ctx, a, p, order); err == nil || errors.Is(err, runtime.ErrReleased) {
			return r.released(ctx, id, digest, err)
		}
	}
	s, err := r.Observe(ctx, id) // also writes down where it is, which must come before
	if err != nil {
		return err
	}
	switch {
	case s.OrderDigest == digest:
		return nil
	case s.OrderDigest != "":
		return runtime.ErrReleased
	case s.Tombstone:
		return fmt.Errorf("%w: %w", runtime.ErrNotHeld, runtime.ErrDead)
	case len(s.Processes) == 0:
		return fmt.Errorf("%w: %w", runtime.ErrNotHeld, runtime.ErrNotFound)
	}
	v, _ = r.viewOf(id)
	a, p, ok := v.holder()
	if !ok {
		return runtime.ErrNotHeld
	}
	return r.released(ctx, id, digest, r.order(ctx, a, p, order))
}

// released writes down the order that was given, while the job starts: who waits for the release does not wait for that. If it
// fails, who looks next sees the order at the keeper.
func (r *Runtime) released(ctx context.Context, id runtime.IncarnationID, digest string, err error) error {
	if err != nil {
		return err
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), apiTimeout)
		defer cancel()
		if err := r.keepOrder(ctx, id, digest); err != nil {
			r.log.WarnContext(ctx, "cannot write down that an incarnation was released", "incarnation", id, "error", err)
		}
	}()
	return nil
}

// holder is where the process with the gate is, if it is written down that it runs.
func (v view) holder() (at, process, bool) {
	for _, p := range v.rec.Processes {
		if a, there := v.pods[p.ProcessID]; p.Gate && there && p.Place != nil && p.Exit == nil && !v.rec.Tombstone {
			return a, p, true
		}
	}
	return at{}, process{}, false
}

func (r *Runtime) order(ctx context.Context, a at, p process, order []byte) error {
	err := r.keepers.of(a).Release(ctx, order)
	switch {
	case errors.Is(err, keeper.ErrReleased):
		return runtime.ErrReleased
	case errors.Is(err, keeper.ErrNotHeld):
		return runtime.ErrNotHeld
	case err != nil:
		return fmt.Errorf("%s: %w", p.ProcessID, err)
	}
	return nil
}

// Report implements [runtime.Runtime]. It is there as long as the pod is.
func (r *Runtime) Report(ctx context.Context, id runtime.IncarnationID) ([]byte, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	a, _, err := r.gated(ctx, id)
	if errors.Is(err, runtime.ErrNotFound) {
		return nil, nil
	}
	var report []byte
	if err == nil {
		report, err = r.keepers.of(a).Report(ctx, runtime.MaxReportBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the report of incarnation %s: %w", id, err)
	}
	if len(report) > runtime.MaxReportBytes {
		return nil, fmt.Errorf("the report of incarnation %s is longer than %d bytes", id, runtime.MaxReportBytes)
	}
	return report, nil
}
