package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

func compare(a, b runtime.ProcessID) int {
	return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Index, b.Index))
}

// Observe implements [runtime.Runtime].
func (r *Runtime) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	if checkID(id) != nil {
		return runtime.Status{ID: id, SeenAt: time.Now()}, nil
	}
	v, known := r.viewOf(id)
	if known && time.Since(v.read) < viewAge {
		if s, ok := r.observeLiving(ctx, v); ok {
			return s, nil
		}
	}
	rec, pods, err := r.look(ctx, id)
	if err != nil {
		if s, ok := r.observeLiving(ctx, v); known && ok { // the API is away; they are not
			return s, nil
		}
		return runtime.Status{}, fmt.Errorf("cannot observe incarnation %s: %w", id, err)
	}
	s, err := r.observe(ctx, rec, pods)
	if err != nil {
		return runtime.Status{}, fmt.Errorf("cannot observe incarnation %s: %w", id, err)
	}
	return s, nil
}

// List implements [runtime.Runtime].
func (r *Runtime) List(ctx context.Context) ([]runtime.Status, error) {
	maps, err := r.api.CoreV1().ConfigMaps(r.config.Namespace).List(ctx, meta.ListOptions{LabelSelector: managedLabel + "=" + managedBy + "," + incarnationLabel})
	if err != nil {
		return nil, fmt.Errorf("cannot list the incarnations: %w", explain(err))
	}
	if len(maps.Items) == 0 {
		return nil, r.stillThere(ctx)
	}
	pods, err := r.pods(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("cannot list the pods: %w", err)
	}
	of := map[string][]core.Pod{}
	for _, p := range pods {
		of[p.Labels[incarnationLabel]] = append(of[p.Labels[incarnationLabel]], p)
	}
	all := make([]runtime.Status, len(maps.Items))
	for i := range maps.Items {
		rec, err := parseRecord(&maps.Items[i])
		if err == nil {
			all[i], err = r.observe(ctx, rec, of[string(rec.ID)])
		}
		if err != nil {
			return nil, fmt.Errorf("cannot observe what is listed: %w", err)
		}
	}
	return all, nil
}

// observeLiving asks the keepers of a view; false if not each of them says that its process lives.
func (r *Runtime) observeLiving(ctx context.Context, v view) (runtime.Status, bool) {
	if v.rec.Tombstone || len(v.rec.Processes) == 0 || len(v.pods) != len(v.rec.Processes) {
		return runtime.Status{}, false
	}
	s := runtime.Status{ID: v.rec.ID, Processes: make([]runtime.ProcessStatus, len(v.rec.Processes)), OrderDigest: v.rec.Order}
	answers := r.askAll(ctx, v.rec, func(p process) (at, bool) { a, ok := v.pods[p.ProcessID]; return a, ok && p.Place != nil })
	for i, p := range v.rec.Processes {
		if a := answers[i]; a == nil || a.Exit != nil || a.PID == 0 {
			return s, false
		} else {
			s.Processes[i] = living(p, *a)
			s.OrderDigest = cmp.Or(a.OrderDigest, s.OrderDigest)
		}
	}
	s.SeenAt = time.Now()
	return s, true
}

// askAll asks the keepers that are somewhere, all at once; nil for those that do not answer.
func (r *Runtime) askAll(ctx context.Context, rec record, where func(process) (at, bool)) []*keeper.Status {
	out := make([]*keeper.Status, len(rec.Processes))
	var asks sync.WaitGroup
	for i, p := range rec.Processes {
		if a, ok := where(p); ok {
			asks.Go(func() {
				if s, err := r.keepers.ask(ctx, a, p.ProcessID); err == nil {
					out[i] = &s
				}
			})
		}
	}
	asks.Wait()
	return out
}

// observe says what a record, the pods and their keepers say.
func (r *Runtime) observe(ctx context.Context, rec record, pods []core.Pod) (runtime.Status, error) {
	answers := r.askAll(ctx, rec, func(p process) (at, bool) {
		pod := podOf(rec.ID, pods, p)
		if pod == nil || p.Exit != nil {
			return at{}, false
		}
		return whereIs(pod)
	})
	s := runtime.Status{ID: rec.ID, OrderDigest: rec.Order, Tombstone: rec.Tombstone, Dead: rec.Tombstone, Abandoned: rec.Abandoned != nil}
	for i, p := range rec.Processes {
		pod := podOf(rec.ID, pods, p)
		seen, err := r.observeProcess(ctx, rec, p, pod, answers[i])
		if err != nil {
			return s, err
		}
		if answers[i] != nil {
			s.OrderDigest = cmp.Or(s.OrderDigest, answers[i].OrderDigest)
		}
		s.Processes = append(s.Processes, seen)
		dead := r.isDead(ctx, rec, p, pod)
		s.Dead, s.Abandoned = s.Dead && dead, s.Abandoned && (dead || pod == nil)
	}
	s.Abandoned = s.Abandoned && !s.Dead
	if s.OrderDigest != rec.Order {
		if err := r.keepOrder(ctx, rec.ID, s.OrderDigest); err != nil {
			return s, err
		}
	}
	s.SeenAt = time.Now()
	return s, nil
}

// observeProcess sees one process, and keeps what will not be told twice.
func (r *Runtime) observeProcess(ctx context.Context, rec record, p process, pod *core.Pod, said *keeper.Status) (runtime.ProcessStatus, error) {
	if said != nil && said.Exit == nil && said.PID != 0 {
		if p.Place == nil {
			if err := r.settleIn(ctx, rec.ID, p, pod); err != nil {
				return runtime.ProcessStatus{}, err
			}
		}
		return living(p, *said), nil
	}
	if p.Exit == nil {
		exit, over := runtime.Exit{}, false
		if said != nil && said.Exit != nil {
			exit, over = told(*said.Exit), true
		} else if said == nil && pod != nil {
			exit, over = exitOf(pod)
		}
		if over {
			now, err := r.keepEnd(ctx, rec.ID, p, exit, said)
			if err != nil {
				return runtime.ProcessStatus{}, err
			}
			p = now
		}
	}
	s := runtime.ProcessStatus{ProcessID: p.ProcessID, State: runtime.Unknown, Life: lifeOf(p), PID: p.PID, LogStart: p.LogStart, Replaced: p.Replaced}
	switch {
	case p.Exit != nil:
		s.State, s.Exit = runtime.Exited, *p.Exit
		if p.Said != nil {
			s.Gate = *p.Said
		}
	case said != nil: // its keeper waits for artifacts
		s.State = runtime.Absent
	case p.Place == nil && p.Replaced != nil && pod == nil: // the next one is not there yet
		s.State, s.Exit, s.Replaced = runtime.Exited, *p.Replaced, nil
	case p.Place == nil && (pod == nil || pod.Status.Phase == core.PodPending):
		s.State = runtime.Absent
		if pod != nil {
			if why := stuck(pod); errors.Is(why, ErrNoNode) {
				s.NoPlace = why.Error()
			}
		}
	}
	return s, nil
}

// lifeOf names the life: its number does, since no two processes of an incarnation share one.
func lifeOf(p process) string { return fmt.Sprintf("%s-%d", p.ProcessID, p.Life) }

func living(p process, said keeper.Status) runtime.ProcessStatus {
	s := runtime.ProcessStatus{
		ProcessID: p.ProcessID, State: runtime.Alive, PID: said.PID, Life: lifeOf(p), LogStart: p.LogStart, Replaced: p.Replaced, Gate: gateOf(said),
	}
	if s.Gate.Gate == runtime.GateReady && said.OrderDigest == "" {
		s.State = runtime.Held
	}
	return s
}

func gateOf(s keeper.Status) runtime.GateInfo {
	return runtime.GateInfo{Gate: runtime.Gate(s.Gate.Gate), Jobs: s.Gate.Jobs, Failure: s.Gate.Failure, At: s.Gate.At, OpenedAt: s.Gate.Opened}
}

func told(e keeper.Exit) runtime.Exit {
	return runtime.Exit{Code: e.Code, Signal: e.Signal, OOM: e.OOM, At: e.At}
}

// isDead says whether nothing of a process lives, for sure. What was never released can do no harm, so it is enough that
// nothing is there; a process that never had a pod is none.
func (r *Runtime) isDead(ctx context.Context, rec record, p process, pod *core.Pod) bool {
	switch {
	case p.Dead:
		return true
	case pod == nil:
		return p.Place == nil
	}
	return r.proved(ctx, p, pod)
}

func (r *Runtime) proved(ctx context.Context, p process, pod *core.Pod) bool {
	if proves(pod, p.Place, machine{}) {
		return true
	}
	return p.Place != nil && p.Place.BootID != "" && proves(pod, p.Place, r.machine(ctx, p.Place.Node))
}
