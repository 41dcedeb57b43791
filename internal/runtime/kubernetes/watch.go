package kubernetes

import (
	"context"
	"fmt"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// changeWait is how long one question to a keeper waits for a change.
const changeWait = 20 * time.Second

// Watch implements [runtime.Runtime]: the API tells of pods, each keeper of its process, a second or more earlier. What a process
// writes is pulled meanwhile.
func (r *Runtime) Watch(ctx context.Context, fn func(runtime.Event)) error {
	w := &watcher{r: r, events: make(chan runtime.IncarnationID), following: map[types.UID]context.CancelFunc{}}
	defer w.followers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	informer := cache.NewSharedIndexInformer(r.ourPods(), &core.Pod{}, 0, nil)
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { w.see(ctx, o) },
		UpdateFunc: func(_, o any) { w.see(ctx, o) },
		DeleteFunc: func(o any) { w.lose(ctx, o) },
	})
	if err != nil {
		return fmt.Errorf("cannot watch the pods: %w", err)
	}
	w.followers.Go(func() { informer.RunWithContext(ctx) })
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case id := <-w.events:
			fn(runtime.Event{ID: id})
		}
	}
}

// ourPods lists and watches what is ours in the namespace. A watch that is cut off without a word ends by its own limit.
func (r *Runtime) ourPods() cache.ListerWatcher {
	pods := r.watching.CoreV1().Pods(r.config.Namespace)
	seconds := int64(60)
	ours := func(o *meta.ListOptions) {
		o.LabelSelector, o.TimeoutSeconds = managedLabel+"="+managedBy+","+incarnationLabel, &seconds
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o meta.ListOptions) (k8sruntime.Object, error) {
			ours(&o)
			return pods.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o meta.ListOptions) (watch.Interface, error) {
			ours(&o)
			return pods.Watch(ctx, o)
		},
	}
}

type watcher struct {
	r         *Runtime
	events    chan runtime.IncarnationID
	followers sync.WaitGroup
	mu        sync.Mutex
	following map[types.UID]context.CancelFunc
}

func (w *watcher) tell(ctx context.Context, id runtime.IncarnationID) {
	select {
	case w.events <- id:
	case <-ctx.Done():
	}
}

// see tells of a pod, and begins to follow its keeper.
func (w *watcher) see(ctx context.Context, o any) {
	pod, ok := o.(*core.Pod)
	if !ok {
		return
	}
	w.tell(ctx, runtime.IncarnationID(pod.Labels[incarnationLabel]))
	a, reachable := whereIs(pod)
	w.mu.Lock()
	defer w.mu.Unlock()
	stop, following := w.following[pod.UID]
	switch {
	case following && !reachable:
		stop()
		delete(w.following, pod.UID)
	case reachable && !following && ctx.Err() == nil:
		ctx, cancel := context.WithCancel(ctx)
		w.following[pod.UID] = cancel
		process := pod.Labels[processLabel]
		w.followers.Go(func() { w.follow(ctx, a) })
		w.followers.Go(func() { w.collect(ctx, a, process) })
	}
}

func (w *watcher) lose(ctx context.Context, o any) {
	if last, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = last.Obj
	}
	pod, ok := o.(*core.Pod)
	if !ok {
		return
	}
	w.mu.Lock()
	if stop := w.following[pod.UID]; stop != nil {
		stop()
	}
	delete(w.following, pod.UID)
	w.mu.Unlock()
	w.r.keepers.forget(pod.UID)
	w.tell(ctx, runtime.IncarnationID(pod.Labels[incarnationLabel]))
}

// follow tells of each change that a keeper tells of, and of its silence.
func (w *watcher) follow(ctx context.Context, a at) {
	client, seen, wait := w.r.keepers.of(a), "", backoff{}
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, changeWait+askTimeout)
		s, err := client.Change(limited, seen, changeWait)
		cancel()
		if err != nil {
			if seen != "" {
				w.tell(ctx, a.id)
			}
			seen = ""
			wait.sleep(ctx)
			continue
		}
		if wait = (backoff{}); s.Mark() != seen {
			seen = s.Mark()
			w.tell(ctx, a.id)
		}
	}
}

// collect pulls what a process writes, as it writes it: what is only in its pod dies with the pod.
func (w *watcher) collect(ctx context.Context, a at, name string) {
	client, wait := w.r.keepers.of(a), backoff{}
	p, err := parseProcess(name)
	if err != nil {
		return
	}
	for ctx.Err() == nil {
		here, err := keeper.LogEnd(w.r.logFolder(a.id, p))
		if err == nil {
			var logs interface{ Close() error }
			if logs, _, err = client.Logs(ctx, here, changeWait); err == nil { // only waits: pull reads, alone
				logs.Close()
				err = w.r.pull(ctx, a, a.id, p)
			}
		}
		if err == nil {
			wait = backoff{}
		}
		wait.sleep(ctx) // gathers a little, and spares a keeper whose process has ended
	}
}
