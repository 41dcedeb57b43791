package kubernetes

import (
	"context"
	"errors"
	"fmt"

	core "k8s.io/api/core/v1"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Scale implements [runtime.Runtime]. Each life of a process has a pod of its own, named by its number, which is raised in the
// record before the pod is made: wherever it is cut off, it may be repeated.
func (r *Runtime) Scale(ctx context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	if err := checkID(id); err != nil {
		return err
	}
	defer r.ids.lock(string(id))()
	if err := r.scale(ctx, id, role, n, generation); err != nil {
		return fmt.Errorf("cannot scale role %s of incarnation %s: %w", role, id, err)
	}
	r.log.InfoContext(ctx, "incarnation scaled", "incarnation", id, "role", role, "generation", generation)
	return nil
}

func (r *Runtime) scale(ctx context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	rec, pods, err := r.look(ctx, id)
	if err != nil {
		return err
	}
	s, err := r.observe(ctx, rec, pods) // keeps the ends, and the order
	if err != nil {
		return err
	}
	rec, err = r.change(ctx, id, func(rec *record) (bool, error) {
		if err := scalable(*rec, s, role, n); err != nil {
			return false, err
		}
		if generation < rec.Generation {
			return false, fmt.Errorf("generation %d is below %d: %w", generation, rec.Generation, runtime.ErrStale)
		}
		write := generation > rec.Generation
		rec.Generation = generation
		return write, nil
	})
	if err != nil {
		return err
	}
	for _, p := range rec.Processes {
		if p.Role != role {
			continue
		}
		if pod := podOf(id, pods, p); p.Exit != nil {
			if err := r.replace(ctx, rec, p, pod); err != nil {
				return fmt.Errorf("cannot replace %s: %w", p.ProcessID, err)
			}
		}
	}
	if rec, _, err = r.look(ctx, id); err != nil {
		return err
	}
	return r.bringUp(ctx, rec, func(p process) bool { return p.Role == role && p.Place == nil && p.Exit == nil })
}

// scalable refuses what cannot be scaled so.
func scalable(rec record, s runtime.Status, role runtime.Role, n int) error {
	switch {
	case rec.Tombstone:
		return runtime.ErrDead
	case len(rec.Processes) == 0:
		return runtime.ErrNotFound
	}
	prepared := 0
	for _, p := range rec.Processes {
		if p.Role != role {
			continue
		}
		if p.Gate {
			return errors.New("what has a gate never starts twice")
		}
		prepared++
	}
	if prepared != n || n == 0 {
		return fmt.Errorf("%d processes were asked for, but %d were prepared", n, prepared)
	}
	if s.OrderDigest == "" {
		return runtime.ErrNotReleased
	}
	return nil
}

// replace makes room for the next life: nothing of the one that ended is left, and its output is here to its end.
func (r *Runtime) replace(ctx context.Context, rec record, p process, pod *core.Pod) error {
	if pod == nil && !p.Dead {
		return errors.New("its pod was taken away, so nobody can say what became of it")
	}
	wait := backoff{}
	for !p.Dead {
		if a, ok := whereIs(pod); ok { // the process has ended, but what descends from it may not have
			if err := r.pull(ctx, a, rec.ID, p.ProcessID); err == nil {
				_ = r.keepers.of(a).Dismiss(ctx)
			}
		}
		if r.proved(ctx, p, pod) {
			break
		}
		if !wait.sleep(ctx) {
			return fmt.Errorf("its death is not proved yet: %w", ctx.Err())
		}
		_, pods, err := r.look(ctx, rec.ID)
		if err != nil {
			return err
		}
		if pod = podOf(rec.ID, pods, p); pod == nil {
			return errors.New("its pod was taken away, so nobody can say what became of it")
		}
	}
	end, err := keeper.LogEnd(r.logFolder(rec.ID, p.ProcessID))
	if err != nil {
		return err
	}
	_, err = r.changeProcess(ctx, rec.ID, p, func(p *process) bool {
		*p = process{ProcessID: p.ProcessID, Gate: p.Gate, MemoryMB: p.MemoryMB, CPUMilli: p.CPUMilli, Ports: p.Ports, Life: p.Life + 1, LogStart: max(end, p.LogStart), Replaced: p.Exit}
		return true
	})
	if err != nil || pod == nil {
		return err
	}
	return errors.Join(r.letPodGo(ctx, pod), r.remove(ctx, pod.Name, &pod.UID))
}
