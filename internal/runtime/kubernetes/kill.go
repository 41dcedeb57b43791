package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drey/internal/runtime"
)

// Kill implements [runtime.Runtime]. Where ctx ends before the death of all is proved, everything was told to end nevertheless.
func (r *Runtime) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	err := checkID(id)
	switch {
	case err != nil:
		return err
	case len(roles) > 0:
		err = r.killRoles(ctx, id, roles)
	default:
		err = r.killAll(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("cannot kill incarnation %s: %w", id, err)
	}
	return nil
}

// killRoles sends the signals. In the gap of an update it needs the keepers only.
func (r *Runtime) killRoles(ctx context.Context, id runtime.IncarnationID, roles []runtime.Role) error {
	v, known := r.viewOf(id)
	if !known {
		if _, _, err := r.look(ctx, id); err != nil {
			return err
		}
		v, _ = r.viewOf(id)
	}
	var all []process
	for _, p := range v.rec.Processes {
		if slices.Contains(roles, p.Role) && p.Exit == nil {
			all = append(all, p)
		}
	}
	failed := make(chan error, len(all))
	for _, p := range all {
		go func() { failed <- r.signal(ctx, v, p) }()
	}
	var errs []error
	for range all {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// signal ends one process: its keeper does, or where that does not answer, the kubelet.
func (r *Runtime) signal(ctx context.Context, v view, p process) error {
	if a, there := v.pods[p.ProcessID]; there {
		limited, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if r.keepers.of(a).Kill(limited) == nil {
			return nil
		}
	}
	return r.remove(ctx, podName(v.rec.ID, p), nil)
}

// remove asks for a pod to be deleted without grace. Its status stays, as long as our finalizer does.
func (r *Runtime) remove(ctx context.Context, name string, uid *types.UID) error {
	now := int64(0)
	options := meta.DeleteOptions{GracePeriodSeconds: &now}
	if uid != nil {
		options.Preconditions = &meta.Preconditions{UID: uid}
	}
	err := r.api.CoreV1().Pods(r.config.Namespace).Delete(ctx, name, options)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return explain(err)
}

// wordPatience is how long the kubelet may take to say what a person has said already.
const wordPatience = 10 * time.Second

// killAll ends an incarnation for ever.
func (r *Runtime) killAll(ctx context.Context, id runtime.IncarnationID) error {
	rec, err := r.change(ctx, id, func(rec *record) (bool, error) {
		write := !rec.Tombstone
		rec.Tombstone = true
		return write, nil
	})
	if err != nil {
		return fmt.Errorf("cannot write its tombstone: %w", err)
	}
	if len(rec.Processes) > 0 {
		// The pods that run have it; one that comes late cannot start without.
		err := r.api.CoreV1().Secrets(r.config.Namespace).Delete(ctx, nameOf(id), meta.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot remove its secret: %w", explain(err))
		}
	}
	wait, began := backoff{}, time.Now()
	for {
		rec, pods, err := r.look(ctx, id)
		if err != nil {
			return err
		}
		left, err := r.bury(ctx, rec, pods, rec.Abandoned != nil && time.Since(began) > wordPatience)
		if err == nil && len(left) == 0 {
			r.log.InfoContext(ctx, "incarnation killed", "incarnation", id, "processes", len(rec.Processes))
			return nil
		}
		if !wait.sleep(ctx) {
			return errors.Join(err, fmt.Errorf("the death of %s is not proved yet: %w", strings.Join(left, " and of "), ctx.Err()))
		}
	}
}

// bury does with each pod what brings it nearer to its end, JobManagers first: the clean-up of one that outlives its
// TaskManagers could destroy state. It answers what is left. byWord takes a person's word where the kubelet has none.
func (r *Runtime) bury(ctx context.Context, rec record, pods []core.Pod, byWord bool) (left []string, err error) {
	isFirst := func(p core.Pod) bool { return p.Labels[roleLabel] == string(runtime.JobManager) }
	var mu sync.Mutex
	var failed []error
	for _, first := range []bool{true, false} {
		var burials sync.WaitGroup
		for i := range pods {
			if isFirst(pods[i]) != first {
				continue
			}
			burials.Go(func() {
				why, err := r.buryPod(ctx, rec, &pods[i], byWord)
				mu.Lock()
				defer mu.Unlock()
				if why != "" {
					left = append(left, why)
				}
				failed = append(failed, err)
			})
		}
		burials.Wait()
	}
	for _, p := range rec.Processes { // gone without our word: nobody can say what became of it
		if !p.Dead && p.Place != nil && rec.Abandoned == nil && podOf(rec.ID, pods, p) == nil {
			if now, _, _, err := r.read(ctx, rec.ID); err != nil || now.find(p.ProcessID) == nil || !now.find(p.ProcessID).Dead {
				left = append(left, p.ProcessID.String()+", whose pod somebody took away: drey needs a person's word")
			}
		}
	}
	return left, errors.Join(failed...)
}

// buryPod answers why a pod is still to be waited for; "" if nothing is left of it.
func (r *Runtime) buryPod(ctx context.Context, rec record, pod *core.Pod, byWord bool) (string, error) {
	name := pod.Labels[processLabel]
	p := present(rec, pod)
	switch {
	case !slices.Contains(pod.Finalizers, proofFinalizer):
		return name, r.remove(ctx, pod.Name, &pod.UID)
	case !rec.mayBeReleased():
		return name, errors.Join(r.remove(ctx, pod.Name, &pod.UID), r.letPodGo(ctx, pod))
	case p == nil: // of a life before, whose end was proved before the next one began; or of nobody we know
		return name, errors.Join(r.remove(ctx, pod.Name, &pod.UID), r.letPodGo(ctx, pod))
	case r.proved(ctx, *p, pod):
		return name, r.finalize(ctx, rec, *p, pod)
	}
	if err := r.finish(ctx, rec, *p, pod); err == nil {
		return name, r.remove(ctx, pod.Name, &pod.UID)
	}
	if byWord { // and nobody there contradicts
		return name, errors.Join(r.remove(ctx, pod.Name, &pod.UID), r.letPodGo(ctx, pod))
	}
	return name + " on node " + pod.Spec.NodeName, r.remove(ctx, pod.Name, &pod.UID)
}

// present is the process whose present life a pod is; nil if it is none's.
func present(rec record, pod *core.Pod) *process {
	for i, p := range rec.Processes {
		if podName(rec.ID, p) == pod.Name {
			return &rec.Processes[i]
		}
	}
	return nil
}

// finish kills a process through its keeper, keeps its end and its output, and lets the keeper go. An error if that could not
// be done.
func (r *Runtime) finish(ctx context.Context, rec record, p process, pod *core.Pod) error {
	a, ok := whereIs(pod)
	if !ok {
		return errors.New("its keeper has no address")
	}
	client := r.keepers.of(a)
	limited, cancel := context.WithTimeout(ctx, 3*askTimeout)
	defer cancel()
	if err := client.Kill(limited); err != nil {
		return err
	}
	s, err := client.Status(limited)
	for err == nil && s.PID != 0 && s.Exit == nil {
		s, err = client.Change(limited, s.Mark(), askTimeout)
	}
	if err != nil || s.PID == 0 {
		return err
	}
	if s.OrderDigest != "" {
		if err := r.keepOrder(ctx, rec.ID, s.OrderDigest); err != nil {
			return err
		}
	}
	if _, err := r.keepEnd(ctx, rec.ID, p, told(*s.Exit), &s); err != nil {
		return err
	}
	if err := r.pull(ctx, a, rec.ID, p.ProcessID); err != nil {
		r.log.WarnContext(ctx, "the end of an output is lost", "incarnation", rec.ID, "process", p.String(), "error", err)
	}
	return client.Dismiss(limited)
}
