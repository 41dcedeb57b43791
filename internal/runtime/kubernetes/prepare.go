package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

// Prepare implements [runtime.Runtime]. It comes back when each process runs or has ended, not when the gate is ready.
func (r *Runtime) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	err := check(inc)
	if err == nil {
		defer r.ids.lock(string(inc.ID))()
		err = r.prepare(ctx, inc)
	}
	if err != nil {
		return fmt.Errorf("cannot prepare incarnation %s: %w", inc.ID, err)
	}
	r.log.InfoContext(ctx, "incarnation prepared", "incarnation", inc.ID, "processes", len(inc.Processes))
	return nil
}

func (r *Runtime) prepare(ctx context.Context, inc runtime.Incarnation) error {
	rec, _, there, err := r.read(ctx, inc.ID)
	switch {
	case err != nil:
		return err
	case rec.Tombstone:
		return runtime.ErrDead
	case !there:
		if err := checkSources(inc.Artifacts); err != nil {
			return err
		}
	}
	if rec, err = r.record(ctx, inc); err != nil {
		return err
	}
	if rec, err = r.address(ctx, rec); err != nil {
		return err
	}
	image, err := r.config.Image(inc.Distribution)
	if err != nil {
		return err
	}
	secret, err := secretOf(inc, rec.Template, image.home(), r.keepers.keyOf(inc.ID))
	if err != nil {
		return err
	}
	if rec.Processes[0].Place == nil { // later than that it was made, and may be gone
		if rec.TLS != r.config.TLS { // its files and its record would say different things
			return fmt.Errorf("it was begun with TLS %t, which is %t now", rec.TLS, r.config.TLS)
		}
		if err := r.isolate(ctx, rec); err != nil {
			return err
		}
		_, err = r.api.CoreV1().Secrets(r.config.Namespace).Create(ctx, secret, meta.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("cannot make its secret: %w", explain(err))
		}
	}
	if err := r.bringUp(ctx, rec, func(p process) bool { return p.Life == 1 && p.Place == nil && p.Exit == nil }); err != nil {
		return err
	}
	if rec, _, _, err = r.read(ctx, inc.ID); err == nil && rec.Tombstone { // a kill came between: what it could not see is not left behind
		return errors.Join(runtime.ErrDead, r.killAll(ctx, inc.ID))
	}
	return err
}

// record makes the record, once.
func (r *Runtime) record(ctx context.Context, inc runtime.Incarnation) (record, error) {
	image, err := r.config.Image(inc.Distribution)
	if err != nil {
		return record{}, err
	}
	template, err := r.template(inc.PodTemplate)
	if err != nil {
		return record{}, fmt.Errorf("pod template: %w", err)
	}
	return r.change(ctx, inc.ID, func(rec *record) (bool, error) {
		switch {
		case rec.Tombstone:
			return false, runtime.ErrDead
		case len(rec.Processes) > 0:
			return false, nil
		}
		rec.Image, rec.TLS, rec.Isolated, rec.Artifacts, rec.Template = image.Name, r.config.TLS, r.config.Isolate, inc.Artifacts, &template
		for _, f := range inc.Files {
			rec.Files = append(rec.Files, f.Name)
		}
		for _, p := range inc.Processes {
			rec.Processes = append(rec.Processes, process{ProcessID: p.ProcessID, Gate: p.Gate, MemoryMB: p.MemoryMB, CPUMilli: int64(math.Ceil(p.CPU * 1000)), Ports: p.Ports, Life: 1})
		}
		slices.SortFunc(rec.Processes, func(a, b process) int { return compare(a.ProcessID, b.ProcessID) })
		return true, nil
	})
}

// address makes the Service, once, and writes down its address.
func (r *Runtime) address(ctx context.Context, rec record) (record, error) {
	if rec.Address != "" {
		return rec, nil
	}
	var ports []int
	for _, p := range rec.Processes {
		if p.Gate {
			ports = append(ports, p.Ports...)
		}
	}
	services := r.api.CoreV1().Services(r.config.Namespace)
	made, err := services.Create(ctx, service(rec.ID, ports), meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		made, err = services.Get(ctx, nameOf(rec.ID), meta.GetOptions{})
	}
	if err != nil {
		return rec, fmt.Errorf("cannot make its service: %w", explain(err))
	}
	if made.Labels[incarnationLabel] != string(rec.ID) {
		return rec, fmt.Errorf("%w: Service %s", ErrForeign, made.Name)
	}
	return r.change(ctx, rec.ID, func(rec *record) (bool, error) {
		rec.Address = made.Spec.ClusterIP
		return true, nil
	})
}

// bringUp makes the pods of the processes that wanted says were never made, and waits until each process runs or has ended.
func (r *Runtime) bringUp(ctx context.Context, rec record, wanted func(process) bool) error {
	for _, p := range rec.Processes {
		if !wanted(p) {
			continue
		}
		made, err := r.api.CoreV1().Pods(r.config.Namespace).Create(ctx, r.pod(rec, p), meta.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("cannot make the pod of %s: %w", p.ProcessID, explain(err))
		}
		if err == nil {
			r.log.DebugContext(ctx, "pod made", "pod", made.Name)
		}
	}
	failed := make(chan error, len(rec.Processes))
	for _, p := range rec.Processes {
		go func() { failed <- r.awaitProcess(ctx, rec.ID, p, rec.Artifacts) }()
	}
	var all []error
	for range rec.Processes {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}

// awaitProcess waits until a process runs or has ended; on the way its keeper gets the artifacts that it misses.
func (r *Runtime) awaitProcess(ctx context.Context, id runtime.IncarnationID, p process, artifacts []runtime.Artifact) error {
	wait := backoff{}
	for {
		rec, pods, err := r.look(ctx, id)
		if err != nil {
			return err
		}
		if rec.Tombstone {
			return runtime.ErrDead
		}
		now, pod := rec.find(p.ProcessID), podOf(id, pods, p)
		if now == nil || now.Exit != nil || now.Life != p.Life {
			return nil
		}
		if pod == nil {
			return fmt.Errorf("the pod of %s is gone", p.ProcessID)
		}
		up, err := r.help(ctx, rec, *now, pod, artifacts)
		if err != nil || up {
			return err
		}
		if why := stuck(pod); why != nil {
			return fmt.Errorf("%s does not start: %w", p.ProcessID, why)
		}
		if !wait.sleep(ctx) {
			return fmt.Errorf("%s does not run yet (pod %s is %s): %w", p.ProcessID, pod.Name, pod.Status.Phase, ctx.Err())
		}
	}
}

// help does what a process needs to start; true if it runs or has ended.
func (r *Runtime) help(ctx context.Context, rec record, p process, pod *core.Pod, artifacts []runtime.Artifact) (bool, error) {
	a, reachable := whereIs(pod)
	if !reachable {
		_, over := exitOf(pod)
		return over, nil
	}
	s, err := r.keepers.ask(ctx, a, p.ProcessID)
	if err != nil { // not up yet, or gone: the next look says which
		return false, nil
	}
	if p.Place == nil {
		if err := r.settleIn(ctx, rec.ID, p, pod); err != nil {
			return false, err
		}
	}
	for _, digest := range s.Missing {
		if err := r.bring(ctx, a, digest, artifacts); err != nil {
			return false, fmt.Errorf("cannot bring an artifact to %s: %w", p.ProcessID, err)
		}
	}
	return s.PID != 0, nil
}

// settleIn writes down where a process runs, before it can be released.
func (r *Runtime) settleIn(ctx context.Context, id runtime.IncarnationID, p process, pod *core.Pod) error {
	where := &place{UID: string(pod.UID), Node: pod.Spec.NodeName}
	m := r.machine(ctx, pod.Spec.NodeName)
	where.NodeUID, where.SystemUUID, where.BootID = m.nodeUID, m.systemUUID, m.bootID
	_, err := r.changeProcess(ctx, id, p, func(p *process) bool {
		if p.Place != nil {
			return false
		}
		p.Place = where
		return true
	})
	return err
}

// machine asks who a node is; nobody, if we may not.
func (r *Runtime) machine(ctx context.Context, node string) machine {
	n, err := r.api.CoreV1().Nodes().Get(ctx, node, meta.GetOptions{})
	if err != nil {
		return machine{}
	}
	return machine{string(n.UID), n.Status.NodeInfo.SystemUUID, n.Status.NodeInfo.BootID}
}

// backoff is a wait that grows.
type backoff struct{ next time.Duration }

// sleep answers false when ctx ends.
func (b *backoff) sleep(ctx context.Context) bool {
	b.next = min(max(2*b.next, 25*time.Millisecond), 200*time.Millisecond)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(b.next):
		return true
	}
}
