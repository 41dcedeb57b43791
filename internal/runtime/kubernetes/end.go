package kubernetes

import (
	"context"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// exitOf reads from a pod's status how its process ended; false if it has not, or the kubelet does not say.
func exitOf(p *core.Pod) (runtime.Exit, bool) {
	for _, c := range p.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil {
			return exitOfContainer(t), true
		}
	}
	if refusedByKubelet(p) || brokenBefore(p) {
		return runtime.Exit{Code: -1}, true
	}
	return runtime.Exit{}, false
}

// exitOfContainer takes the keeper's word, which the kubelet kept. Without it nobody saw the process itself end.
func exitOfContainer(t *core.ContainerStateTerminated) runtime.Exit {
	const outOfMemory = "OOMKilled"
	if e, ok := keeper.ReadMessage(t.Message); ok {
		exit := told(e)
		exit.OOM = exit.OOM || t.Reason == outOfMemory && exit.Signal == int(syscall.SIGKILL)
		return exit
	}
	exit := runtime.Exit{Code: -1, OOM: t.Reason == outOfMemory, At: t.FinishedAt.UTC()}
	if exit.At.Equal(time.Unix(0, 0)) || exit.At.IsZero() {
		exit.At = time.Time{}
	}
	if t.ExitCode > 128 && t.Reason != "ContainerStatusUnknown" {
		exit.Signal = int(t.ExitCode) - 128
	}
	return exit
}

// keepEnd writes down how a process ended, once, and answers it as it is then.
func (r *Runtime) keepEnd(ctx context.Context, id runtime.IncarnationID, p process, exit runtime.Exit, said *keeper.Status) (process, error) {
	rec, err := r.changeProcess(ctx, id, p, func(p *process) bool {
		if p.Exit != nil {
			return false
		}
		p.Exit = &exit
		if said != nil {
			gate := gateOf(*said)
			p.Said, p.PID = &gate, said.PID
		}
		return true
	})
	if now := rec.find(p.ProcessID); err == nil && now != nil && now.Life == p.Life {
		return *now, nil
	}
	return p, err
}

// keepOrder writes down what an incarnation was released with.
func (r *Runtime) keepOrder(ctx context.Context, id runtime.IncarnationID, digest string) error {
	_, err := r.change(ctx, id, func(rec *record) (bool, error) {
		if rec.Order != "" || digest == "" {
			return false, nil
		}
		rec.Order = digest
		return true, nil
	})
	return err
}
