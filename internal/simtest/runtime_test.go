package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"drey/internal/runtime"
)

// Runtime is a target in memory whose processes do nothing but take their time. What is seen of them follows from the clock.
type Runtime struct {
	Flink *Flink
	Delay time.Duration // of each step of a process: to come up, to be ready, to read its order, to submit, to be gone

	mu    sync.Mutex
	epoch int64
	all   map[runtime.IncarnationID]*incarnation
}

type incarnation struct {
	runtime.Incarnation
	up        time.Time // when its processes came up
	order     []byte
	job       string // Flink's id, by the order
	released  time.Time
	gone      map[runtime.ProcessID]time.Time // when what was killed will be seen as gone
	tombstone bool
	manager   *JobManager
}

var _ runtime.Runtime = (*Runtime)(nil)

// Identity implements [runtime.Runtime].
func (r *Runtime) Identity(context.Context) (string, error) { return "simulated", nil }

// Claim implements [runtime.Runtime].
func (r *Runtime) Claim(_ context.Context, _ string, epoch int64, _ time.Duration) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch < r.epoch {
		return r.epoch, fmt.Errorf("epoch %d is over: %d was seen", epoch, r.epoch)
	}
	r.epoch = epoch
	return epoch, nil
}

// Layout implements [runtime.Runtime].
func (r *Runtime) Layout(_ context.Context, s runtime.Shape) (runtime.Layout, error) {
	at := "/sim/" + string(s.ID)
	return runtime.Layout{Host: "127.0.0.1", Java: "/sim/java", Distribution: "/sim/flink", Lib: "/sim/flink/lib", Opt: "/sim/flink/opt",
		Conf: at + "/conf", Jars: at + "/jars", Plugins: at + "/plugins", Gate: at + "/gate", Work: at + "/work"}, nil
}

// Prepare implements [runtime.Runtime].
func (r *Runtime) Prepare(_ context.Context, asked runtime.Incarnation) error {
	r.mu.Lock()
	inc := r.at(asked.ID)
	switch {
	case inc.tombstone:
		r.mu.Unlock()
		return runtime.ErrDead
	case inc.manager == nil:
		inc.Incarnation, inc.up = asked, time.Now().Add(r.Delay)
		inc.manager = r.Flink.start(configOf(asked))
	}
	r.mu.Unlock()
	time.Sleep(time.Until(inc.up))
	return nil
}

// at is the incarnation of an id, which need not ever have been here.
func (r *Runtime) at(id runtime.IncarnationID) *incarnation {
	if r.all[id] == nil {
		r.all[id] = &incarnation{gone: map[runtime.ProcessID]time.Time{}}
	}
	return r.all[id]
}

// configOf reads config.yaml: flat keys, everything quoted.
func configOf(inc runtime.Incarnation) map[string]string {
	config := map[string]string{}
	for _, f := range inc.Files {
		for line := range strings.Lines(f.Content.Reveal()) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if key, err := strconv.Unquote(key); err == nil {
				config[key], _ = strconv.Unquote(value)
			}
		}
	}
	return config
}

// Release implements [runtime.Runtime].
func (r *Runtime) Release(_ context.Context, id runtime.IncarnationID, order []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.at(id)
	switch {
	case inc.order != nil && bytes.Equal(inc.order, order):
		return nil
	case inc.order != nil:
		return runtime.ErrReleased
	case inc.tombstone || inc.gate(r.Delay, time.Now()) != runtime.GateReady:
		return runtime.ErrNotHeld
	}
	var said struct{ JobID, RestorePath string }
	if err := json.Unmarshal(order, &said); err != nil {
		return err
	}
	inc.order, inc.job, inc.released = order, said.JobID, time.Now()
	time.AfterFunc(2*r.Delay, func() { inc.manager.submit(said.JobID, said.RestorePath) })
	return nil
}

// Fits implements [runtime.Runtime].
func (r *Runtime) Fits(context.Context, int64) (runtime.Fit, error) {
	return runtime.Fit{Known: true, FreeMB: 1 << 20, Fits: true}, nil
}

// Scale implements [runtime.Runtime].
func (r *Runtime) Scale(context.Context, runtime.IncarnationID, runtime.Role, int, int64) error {
	return errors.ErrUnsupported
}

// Kill implements [runtime.Runtime].
func (r *Runtime) Kill(_ context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	all := len(roles) == 0
	r.mu.Lock()
	inc := r.at(id)
	inc.tombstone = inc.tombstone || all
	for _, p := range inc.Processes {
		if _, killed := inc.gone[p.ProcessID]; !killed && (all || slices.Contains(roles, p.Role)) {
			inc.gone[p.ProcessID] = time.Now().Add(r.Delay)
		}
	}
	if inc.manager != nil {
		inc.manager.kill(all)
	}
	last := inc.last()
	r.mu.Unlock()
	if all {
		time.Sleep(time.Until(last))
	}
	return nil
}

// last is when the last of its processes that were killed is gone.
func (inc *incarnation) last() (t time.Time) {
	for _, gone := range inc.gone {
		if gone.After(t) {
			t = gone
		}
	}
	return t
}

// List implements [runtime.Runtime].
func (r *Runtime) List(context.Context) (all []runtime.Status, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.all {
		all = append(all, r.status(id))
	}
	return all, nil
}

// Watch implements [runtime.Runtime]; it has no hints to give.
func (r *Runtime) Watch(ctx context.Context, _ func(runtime.Event)) error {
	<-ctx.Done()
	return nil
}

// Abandon implements [runtime.Runtime].
func (r *Runtime) Abandon(context.Context, runtime.IncarnationID, string) error {
	return errors.ErrUnsupported
}

// Forget implements [runtime.Runtime].
func (r *Runtime) Forget(_ context.Context, id runtime.IncarnationID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(id).Processes = nil
	return nil
}

// Logs implements [runtime.Runtime].
func (r *Runtime) Logs(context.Context, runtime.IncarnationID, runtime.ProcessID, int64) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader("")), 0, nil
}
