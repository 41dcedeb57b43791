// Package runtimetest is what every runtime must do, as tests: Run is called from the tests of each one.
package runtimetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"drey/internal/runtime"
)

// Fixture is one target, empty at first, for one test.
type Fixture struct {
	Runtime      runtime.Runtime
	Distribution string // a version that is installed there
	// Program makes the process that acts out a script there.
	Program func(p runtime.ProcessID, script Script) runtime.Process
	// Restart ends the server's side and answers a new one over the same target.
	Restart func(t *testing.T) runtime.Runtime
	// KillKeeper ends a process, and who could have seen its end; nothing else.
	KillKeeper func(t *testing.T, id runtime.IncarnationID, p runtime.ProcessID)
}

// Run runs the tests of every runtime, each with a Fixture of its own.
func Run(t *testing.T, make func(t *testing.T) Fixture) { run(t, all, make) }

// RunProcesses runs those that only make sense where processes are an operating system's.
func RunProcesses(t *testing.T, make func(t *testing.T) Fixture) { run(t, ofProcesses, make) }

func run(t *testing.T, tests map[string]func(r *rig), make func(t *testing.T) Fixture) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			t.Cleanup(cancel)
			f := make(t)
			test(&rig{T: t, Fixture: f, ctx: ctx})
		})
	}
}

// all is the suite: a sentence for each promise.
var all = map[string]func(r *rig){
	"a start is held until it is released":                   heldThenReleased,
	"the same order again is fine, another one is refused":   releasedOnce,
	"what does not hold cannot be released":                  notHeld,
	"what main() throws is told":                             mainThrows,
	"prepare may be repeated, and starts nothing twice":      preparedAgain,
	"many prepare calls at once start one process":           preparedAtOnce,
	"what was killed can never be prepared again":            killedForEver,
	"a kill before prepare counts":                           killedBefore,
	"a held start can be killed":                             heldKilled,
	"a kill of one role leaves the others and no tombstone":  roleKilled,
	"what a gate found out is there when it holds":           reported,
	"a report that is too long is an error":                  reportTooLong,
	"what ended is replaced under its own index":             replaced,
	"a scale may be repeated, an older one is refused":       scaledAgain,
	"many scale calls at once start one process":             scaledAtOnce,
	"a scale is for what was prepared and released, no gate": notScaled,
	"one that replaced another dies with the rest":           replacedKilled,
	"an unknown id has no processes and is not dead":         unknown,
	"exit codes and signals are kept":                        exits,
	"output is there from the first byte, and after death":   logs,
	"a cursor leads to the bytes behind it":                  cursors,
	"a process whose end nobody saw has ended":               keeperKilled,
	"a new server finds everything as it is":                 adopted,
	"what is forgotten leaves its tombstone, logs and exits": forgotten,
	"what is not dead is not forgotten":                      notForgotten,
	"a person's word leaves a tombstone, and proves nothing": abandoned,
	"epochs only grow, also over a restart":                  epochs,
	"who the target is stays the same over a restart":        identity,
	"a list shows all of which anything is left":             listed,
	"a watch tells of readiness and of ends":                 watchedFor,
}

var ofProcesses = map[string]func(r *rig){
	"files and artifacts are there before the process is":       filesAndArtifacts,
	"an artifact with another digest starts nothing":            wrongDigest,
	"a process gets its own environment and no input":           environment,
	"memory fits, does not, or nobody knows":                    fits,
	"the JVM's last words are kept":                             lastWords,
	"a descendant that survives is no death until it is killed": descendants,
}

// patience is how long anything that must happen may take before a test gives up. It says nothing about how long it takes.
const patience = 90 * time.Second

// The processes of most tests.
var (
	jobManager  = runtime.ProcessID{Role: runtime.JobManager}
	taskManager = runtime.ProcessID{Role: runtime.TaskManager}
)

// rig is one test with its fixture.
type rig struct {
	*testing.T
	Fixture
	ctx context.Context
}

// newID makes an incarnation id, and has everything of it killed after the test.
func (r *rig) newID() runtime.IncarnationID {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	id := runtime.IncarnationID(hex.EncodeToString(b))
	r.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Runtime.Kill(ctx, id); err != nil {
			r.Errorf("cannot clean up: %v", err)
		}
	})
	return id
}

func (r *rig) layout(id runtime.IncarnationID) runtime.Layout {
	r.Helper()
	l, err := r.Runtime.Layout(r.ctx, runtime.Shape{ID: id, Distribution: r.Distribution, TaskManagers: 1})
	if err != nil {
		r.Fatal(err)
	}
	return l
}

// incarnation is a gated JobManager, and a TaskManager if its script is not nil.
func (r *rig) incarnation(id runtime.IncarnationID, jm, tm Script) runtime.Incarnation {
	p := r.Program(jobManager, jm)
	p.Gate = true
	inc := runtime.Incarnation{
		Shape:     runtime.Shape{ID: id, Distribution: r.Distribution},
		Processes: []runtime.Process{p},
	}
	if tm != nil {
		inc.TaskManagers = 1
		inc.Processes = append(inc.Processes, r.Program(taskManager, tm))
	}
	return inc
}

func (r *rig) prepare(inc runtime.Incarnation) {
	r.Helper()
	if err := r.Runtime.Prepare(r.ctx, inc); err != nil {
		r.Fatal(err)
	}
}

// prepareHeld brings up a JobManager that holds, and a TaskManager, and waits until they do.
func (r *rig) prepareHeld() runtime.Incarnation {
	r.Helper()
	id := r.newID()
	gate := r.layout(id).Gate
	inc := r.incarnation(id, Script{Print("up"), Gate(gate), Print("open"), Wait}, Script{Print("up"), Wait})
	r.prepare(inc)
	r.await(id, jobManager, runtime.Held)
	r.await(id, taskManager, runtime.Alive)
	return inc
}

func (r *rig) release(id runtime.IncarnationID, order string) {
	r.Helper()
	if err := r.Runtime.Release(r.ctx, id, []byte(order)); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) kill(id runtime.IncarnationID, roles ...runtime.Role) {
	r.Helper()
	if err := r.Runtime.Kill(r.ctx, id, roles...); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) observe(id runtime.IncarnationID) runtime.Status {
	r.Helper()
	s, err := r.Runtime.Observe(r.ctx, id)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// await waits until a process is in a state.
func (r *rig) await(id runtime.IncarnationID, p runtime.ProcessID, want runtime.State) runtime.ProcessStatus {
	r.Helper()
	s := r.until(id, p.String()+" is "+string(want), func(s runtime.Status) bool { return s.Process(p).State == want })
	return s.Process(p)
}

// until waits until what Observe answers is as wanted.
func (r *rig) until(id runtime.IncarnationID, what string, ok func(runtime.Status) bool) runtime.Status {
	r.Helper()
	for {
		s, err := r.Runtime.Observe(r.ctx, id)
		if err == nil && ok(s) {
			return s
		}
		if !r.pause() {
			r.Fatalf("waited in vain until %s: last seen %+v, error %v", what, s, err)
		}
	}
}

// pause answers false when patience is over.
func (r *rig) pause() bool {
	select {
	case <-r.ctx.Done():
		return false
	case <-time.After(5 * time.Millisecond):
		return true
	}
}

// output reads what a process has written so far.
func (r *rig) output(id runtime.IncarnationID, p runtime.ProcessID, cursor int64) (string, int64) {
	r.Helper()
	logs, begin, err := r.Runtime.Logs(r.ctx, id, p, cursor)
	if err != nil {
		r.Fatal(err)
	}
	defer logs.Close()
	text, err := io.ReadAll(logs)
	if err != nil {
		r.Fatal(err)
	}
	return string(text), begin
}

// awaitOutput waits until a process has written text.
func (r *rig) awaitOutput(id runtime.IncarnationID, p runtime.ProcessID, text string) string {
	r.Helper()
	for {
		all, _ := r.output(id, p, 0)
		if strings.Contains(all, text) {
			return all
		}
		if !r.pause() {
			r.Fatalf("waited in vain for %q in the output of %s, which is %q", text, p, all)
		}
	}
}

func (r *rig) wantError(err, want error) {
	r.Helper()
	if !errors.Is(err, want) {
		r.Errorf("got error %v, want %v", err, want)
	}
}
