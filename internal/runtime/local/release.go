package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Release implements [runtime.Runtime].
func (r *Runtime) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	err := checkID(id)
	if err == nil {
		err = r.release(ctx, r.folder(id), order)
	}
	if err != nil {
		return fmt.Errorf("cannot release incarnation %s: %w", id, err)
	}
	r.log.InfoContext(ctx, "incarnation released", "incarnation", id)
	return nil
}

func (r *Runtime) release(ctx context.Context, f incarnation, order []byte) error {
	given, err := keeper.CompareOrder(f.path(gateFolder), order) // what was done needs no keeper to be true
	if given || err != nil {
		return translate(err)
	}
	if err := alive(f); errors.Is(err, runtime.ErrDead) {
		return fmt.Errorf("%w: %w", runtime.ErrNotHeld, err)
	} else if err != nil {
		return err
	}
	p, found, err := f.gated()
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%w: %w", runtime.ErrNotHeld, runtime.ErrNotFound)
	}
	client, err := keeper.Open(f.role(p), r.transport)
	if errors.Is(err, fs.ErrNotExist) {
		return runtime.ErrNotHeld
	}
	if err != nil {
		return err
	}
	if err := client.Release(ctx, order); err != nil {
		return r.explain(f, p, err)
	}
	return nil
}

// explain says why a release did not work: where the process is gone, nothing is held.
func (r *Runtime) explain(f incarnation, p runtime.ProcessID, err error) error {
	if held, heldErr := r.held(f.role(p)); heldErr == nil && !held && !errors.Is(err, keeper.ErrReleased) {
		return fmt.Errorf("%w: %w", runtime.ErrNotHeld, err)
	}
	return translate(err)
}

func translate(err error) error {
	switch {
	case errors.Is(err, keeper.ErrReleased):
		return runtime.ErrReleased
	case errors.Is(err, keeper.ErrNotHeld):
		return runtime.ErrNotHeld
	}
	return err
}

// gated finds the process with the gate inside.
func (i incarnation) gated() (runtime.ProcessID, bool, error) {
	roles, err := i.roles()
	if err != nil {
		return runtime.ProcessID{}, false, err
	}
	for _, p := range roles {
		in, err := keeper.ReadInput(i.role(p))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return p, false, err
		}
		if in.Gate != "" {
			return p, true, nil
		}
	}
	return runtime.ProcessID{}, false, nil
}
