// Package simulated is a target in memory: incarnations whose processes are objects that take their time. It keeps every promise of
// [runtime.Runtime], held to them by the same suite as the real ones, so that ten thousand clusters need no process of their own.
//
// What its processes do is a [Program]'s to say; [Flink] makes those that are JobManagers and TaskManagers. A [Runtime] lives inside one
// process: in tests the test's, in the product that of `drey simulate` ([Serve]), which the server reaches by [Dial].
package simulated

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"drey/internal/runtime"
)

// Program is what runs in the processes of one incarnation. Its methods must not wait.
type Program interface {
	// Up tells that a process has come up: also one that replaces another.
	Up(p *Process)
	// Order gives a gated process its order.
	Order(p *Process, order []byte)
	// Down tells that a process was killed, or ended.
	Down(p *Process)
}

// Config says how a Runtime behaves.
type Config struct {
	// Programs makes what runs in an incarnation.
	Programs func(runtime.Incarnation) (Program, error)
	Boot     time.Duration // from the start of a process until it is up
	Gone     time.Duration // from a kill until nothing is left of a process
	Open     time.Duration // until a gate has read its order
	Identity string        // of the target; "" is "simulated"
	FreeMB   int64         // what may still be taken; 0: whatever is asked for
	Journal  *Journal      // what survives the process; nil: nothing does
}

// Runtime is the target.
type Runtime struct {
	Config

	mu       sync.Mutex
	epoch    int64
	all      map[runtime.IncarnationID]*incarnation
	pids     int
	watchers map[chan runtime.IncarnationID]bool
}

type incarnation struct {
	id         runtime.IncarnationID
	program    Program
	processes  []*Process
	order      []byte
	digest     string
	tombstone  bool
	generation int64
	report     []byte
	http       http.Handler // of its JobManager's REST interface
}

var _ runtime.Runtime = (*Runtime)(nil)

// New makes an empty target, or one with what a journal says of it: tombstones, orders, and processes that ended with their host.
func New(c Config) *Runtime {
	if c.Identity == "" {
		c.Identity = "simulated"
	}
	r := &Runtime{Config: c, all: map[runtime.IncarnationID]*incarnation{}, watchers: map[chan runtime.IncarnationID]bool{}}
	c.Journal.replay(r)
	return r
}

// Identity implements [runtime.Runtime].
func (r *Runtime) Identity(context.Context) (string, error) { return r.Config.Identity, nil }

// Claim implements [runtime.Runtime].
func (r *Runtime) Claim(_ context.Context, _ string, epoch int64, _ time.Duration) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch < r.epoch {
		return r.epoch, fmt.Errorf("epoch %d is over: %d was seen", epoch, r.epoch)
	}
	if epoch > r.epoch {
		r.epoch = epoch
		r.Journal.note(entry{Epoch: epoch})
	}
	return epoch, nil
}

// Layout implements [runtime.Runtime].
func (r *Runtime) Layout(_ context.Context, s runtime.Shape) (runtime.Layout, error) {
	at := "/simulated/" + string(s.ID)
	return runtime.Layout{
		Host: "127.0.0.1", Java: "/simulated/java", Distribution: "/simulated/flink/" + s.Distribution,
		Lib: "/simulated/flink/lib", Opt: "/simulated/flink/opt",
		Conf: at + "/conf", Jars: at + "/jars", Plugins: at + "/plugins", Gate: at + "/gate", Work: at + "/work",
	}, nil
}

// Prepare implements [runtime.Runtime].
func (r *Runtime) Prepare(ctx context.Context, asked runtime.Incarnation) error {
	r.mu.Lock()
	inc := r.at(asked.ID)
	if inc.tombstone {
		r.mu.Unlock()
		return fmt.Errorf("cannot prepare incarnation %s: %w", asked.ID, runtime.ErrDead)
	}
	if inc.processes == nil {
		program, err := r.Programs(asked)
		if err != nil {
			r.mu.Unlock()
			return fmt.Errorf("cannot prepare incarnation %s: %w", asked.ID, err)
		}
		inc.program = program
		names := make([]string, 0, len(asked.Processes))
		for _, p := range asked.Processes {
			inc.processes = append(inc.processes, r.start(inc, p))
			names = append(names, p.String())
		}
		r.Journal.note(entry{ID: asked.ID, Processes: names})
	}
	up := inc.processes
	r.mu.Unlock()
	for _, p := range up {
		select {
		case <-p.up:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// at is the incarnation of an id, which need not ever have been here.
func (r *Runtime) at(id runtime.IncarnationID) *incarnation {
	if r.all[id] == nil {
		r.all[id] = &incarnation{id: id}
	}
	return r.all[id]
}

// Release implements [runtime.Runtime].
func (r *Runtime) Release(_ context.Context, id runtime.IncarnationID, order []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.all[id]
	switch {
	case inc == nil:
		return fmt.Errorf("incarnation %s: %w", id, runtime.ErrNotHeld)
	case inc.order != nil && bytes.Equal(inc.order, order):
		return nil
	case inc.digest != "":
		return fmt.Errorf("incarnation %s: %w", id, runtime.ErrReleased)
	}
	gated := slices.IndexFunc(inc.processes, func(p *Process) bool { return p.gated })
	if inc.tombstone || gated < 0 || inc.processes[gated].state() != runtime.Held {
		return fmt.Errorf("incarnation %s: %w", id, runtime.ErrNotHeld)
	}
	sum := sha256.Sum256(order)
	inc.order, inc.digest = slices.Clone(order), hex.EncodeToString(sum[:])
	r.Journal.note(entry{ID: id, Order: inc.digest})
	p := inc.processes[gated]
	time.AfterFunc(r.Open, p.open)
	return nil
}

// Report implements [runtime.Runtime].
func (r *Runtime) Report(_ context.Context, id runtime.IncarnationID) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.all[id]
	if inc == nil {
		return nil, nil
	}
	if len(inc.report) > runtime.MaxReportBytes {
		return nil, fmt.Errorf("the report of incarnation %s is longer than %d bytes", id, runtime.MaxReportBytes)
	}
	return inc.report, nil
}

// Fits implements [runtime.Runtime].
func (r *Runtime) Fits(_ context.Context, needMB int64) (runtime.Fit, error) {
	if r.FreeMB == 0 {
		return runtime.Fit{Known: true, FreeMB: 1 << 40, Fits: true}, nil
	}
	return runtime.Fit{Known: true, FreeMB: r.FreeMB, Fits: needMB <= r.FreeMB}, nil
}

// Scale implements [runtime.Runtime].
func (r *Runtime) Scale(_ context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.all[id]
	if inc == nil || inc.processes == nil {
		return fmt.Errorf("incarnation %s: %w", id, runtime.ErrNotFound)
	}
	prepared := 0
	for _, p := range inc.processes {
		if p.ID.Role == role {
			prepared++
			if p.gated {
				return fmt.Errorf("the role %s has a gate, and never starts twice", role)
			}
		}
	}
	switch {
	case inc.tombstone:
		return fmt.Errorf("incarnation %s: %w", id, runtime.ErrDead)
	case inc.digest == "":
		return fmt.Errorf("incarnation %s: %w", id, runtime.ErrNotReleased)
	case prepared != n:
		return fmt.Errorf("%d of %s are asked for, %d were prepared", n, role, prepared)
	case generation < inc.generation:
		return fmt.Errorf("generation %d of incarnation %s: %w", generation, id, runtime.ErrStale)
	}
	inc.generation = generation
	for _, p := range inc.processes {
		if p.ID.Role == role && p.state() == runtime.Exited {
			p.replace()
		}
	}
	return nil
}

// Kill implements [runtime.Runtime].
func (r *Runtime) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	r.mu.Lock()
	all := len(roles) == 0
	if !all && r.all[id] == nil {
		r.mu.Unlock()
		return nil
	}
	inc := r.at(id)
	if all && !inc.tombstone {
		inc.tombstone = true
		r.Journal.note(entry{ID: id, Tombstone: true})
	}
	var killed []*Process
	for _, p := range inc.processes {
		if all || slices.Contains(roles, p.ID.Role) {
			killed = append(killed, p)
		}
	}
	r.mu.Unlock()
	var gone []<-chan struct{}
	for _, p := range killed {
		gone = append(gone, p.kill())
	}
	if !all {
		return nil
	}
	for _, g := range gone {
		select {
		case <-g:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Abandon implements [runtime.Runtime].
func (r *Runtime) Abandon(_ context.Context, id runtime.IncarnationID, _ string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(id).tombstone = true
	r.Journal.note(entry{ID: id, Tombstone: true})
	return nil
}

// Forget implements [runtime.Runtime].
func (r *Runtime) Forget(_ context.Context, id runtime.IncarnationID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.all[id]
	if inc == nil {
		return nil
	}
	if !inc.dead() {
		return fmt.Errorf("cannot forget incarnation %s: it is not dead", id)
	}
	inc.program, inc.order, inc.report, inc.http = nil, nil, nil, nil
	return nil
}
