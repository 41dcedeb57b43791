package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drey/internal/runtime"
)

// finalize lets a pod go whose end is proved, after the proof is written down.
func (r *Runtime) finalize(ctx context.Context, rec record, p process, pod *core.Pod) error {
	if err := r.keepProof(ctx, rec.ID, p, pod); err != nil {
		return err
	}
	return errors.Join(r.letPodGo(ctx, pod), r.remove(ctx, pod.Name, &pod.UID))
}

func (r *Runtime) keepProof(ctx context.Context, id runtime.IncarnationID, p process, pod *core.Pod) error {
	exit, over := exitOf(pod)
	_, err := r.changeProcess(ctx, id, p, func(p *process) bool {
		if p.Exit == nil && over {
			p.Exit = &exit
		}
		write := !p.Dead
		p.Dead = true
		return write
	})
	return err
}

// letPodGo takes our finalizer away, on condition that the pod is as we saw it.
func (r *Runtime) letPodGo(ctx context.Context, pod *core.Pod) error {
	kept := slices.DeleteFunc(slices.Clone(pod.Finalizers), func(f string) bool { return f == proofFinalizer })
	text := fmt.Sprintf(`{"metadata":{"uid":%q,"resourceVersion":%q,"finalizers":%s}}`, pod.UID, pod.ResourceVersion, quoted(kept))
	_, err := r.api.CoreV1().Pods(r.config.Namespace).Patch(ctx, pod.Name, types.MergePatchType, []byte(text), meta.PatchOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // gone, or newer than we know: the next look sees it
	}
	return explain(err)
}

func quoted(all []string) string {
	var out []string
	for _, s := range all {
		out = append(out, fmt.Sprintf("%q", s))
	}
	return "[" + strings.Join(out, ",") + "]"
}
