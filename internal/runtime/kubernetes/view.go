package kubernetes

import (
	"context"
	"fmt"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drey/internal/runtime"
)

// view is an incarnation as it was last read from the API. While every keeper in it answers for a process that lives, nothing
// else needs to be asked: the API is for what has ended.
type view struct {
	rec  record
	pods map[runtime.ProcessID]at
	read time.Time
}

// viewAge is how old a view may be before it is read again, if the API answers.
const viewAge = time.Second

func (r *Runtime) viewOf(id runtime.IncarnationID) (view, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.views[id]
	return v, ok
}

// remember keeps what was written.
func (r *Runtime) remember(rec record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.views[rec.ID]
	v.rec = rec
	r.views[rec.ID] = v
}

func (r *Runtime) forgetView(id runtime.IncarnationID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.views[id].pods {
		r.keepers.forget(a.uid)
	}
	delete(r.views, id)
}

// pods lists the pods of an incarnation live; of all, if id is "".
func (r *Runtime) pods(ctx context.Context, id runtime.IncarnationID) ([]core.Pod, error) {
	selects := managedLabel + "=" + managedBy + "," + incarnationLabel
	if id != "" {
		selects = selector(id)
	}
	list, err := r.api.CoreV1().Pods(r.config.Namespace).List(ctx, meta.ListOptions{LabelSelector: selects})
	if err != nil {
		return nil, explain(err)
	}
	return list.Items, nil
}

// look reads an incarnation live: record and pods, in this order. A pod made between the two belongs to a record that was there.
func (r *Runtime) look(ctx context.Context, id runtime.IncarnationID) (record, []core.Pod, error) {
	rec, _, _, err := r.read(ctx, id)
	if err != nil {
		return rec, nil, err
	}
	pods, err := r.pods(ctx, id)
	if err != nil {
		return rec, nil, err
	}
	r.keep(rec, pods)
	return rec, pods, nil
}

// keep makes a view of what was read.
func (r *Runtime) keep(rec record, pods []core.Pod) {
	v := view{rec: rec, pods: map[runtime.ProcessID]at{}, read: time.Now()}
	for _, p := range rec.Processes {
		if pod := podOf(rec.ID, pods, p); pod != nil {
			if a, ok := whereIs(pod); ok {
				v.pods[p.ProcessID] = a
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.views[rec.ID].pods {
		if now, there := v.pods[processOf(r.views[rec.ID].pods, a.uid)]; there && now.uid != a.uid {
			r.keepers.forget(a.uid)
		}
	}
	if len(rec.Processes) == 0 && !rec.Tombstone {
		delete(r.views, rec.ID)
		return
	}
	r.views[rec.ID] = v
}

func processOf(pods map[runtime.ProcessID]at, uid types.UID) runtime.ProcessID {
	for id, a := range pods {
		if a.uid == uid {
			return id
		}
	}
	return runtime.ProcessID{}
}

// podOf is the pod of a process's present life; nil if it is not there.
func podOf(id runtime.IncarnationID, pods []core.Pod, p process) *core.Pod {
	name := podName(id, p)
	for i := range pods {
		if pods[i].Name == name {
			return &pods[i]
		}
	}
	return nil
}

// gated is where the process with the gate is, and the record that says so.
func (r *Runtime) gated(ctx context.Context, id runtime.IncarnationID) (at, record, error) {
	v, known := r.viewOf(id)
	if !known || len(v.pods) == 0 {
		if _, _, err := r.look(ctx, id); err != nil {
			return at{}, record{}, err
		}
		v, _ = r.viewOf(id)
	}
	for _, p := range v.rec.Processes {
		if a, there := v.pods[p.ProcessID]; p.Gate && there {
			return a, v.rec, nil
		}
	}
	return at{}, record{}, fmt.Errorf("no pod of it with a gate has an address: %w", runtime.ErrNotFound)
}
