package simulated

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

const step = 2 * time.Millisecond

// scripts are programs that act out the scripts of the suite.
type scripts struct {
	all  map[runtime.ProcessID]runtimetest.Script
	mu   sync.Mutex
	left map[*Process]runtimetest.Script
}

func newScripts(inc runtime.Incarnation) (Program, error) {
	s := &scripts{all: map[runtime.ProcessID]runtimetest.Script{}, left: map[*Process]runtimetest.Script{}}
	for _, p := range inc.Processes {
		s.all[p.ProcessID] = p.Args[1:] // behind "--", which is what travels
	}
	return s, nil
}

// Up implements [Program].
func (s *scripts) Up(p *Process) { s.act(p, s.all[p.ID]) }

// Order implements [Program].
func (s *scripts) Order(p *Process, order []byte) {
	p.Print("order " + string(order) + "\n")
	s.mu.Lock()
	left := s.left[p]
	s.mu.Unlock()
	s.act(p, left)
}

// Down implements [Program].
func (s *scripts) Down(*Process) {}

// act does steps until one that waits.
func (s *scripts) act(p *Process, script runtimetest.Script) {
	for i, now := range script {
		verb, text, _ := strings.Cut(now, "=")
		switch verb {
		case runtimetest.Wait:
			return
		case "gate":
			s.mu.Lock()
			s.left[p] = script[i+1:]
			s.mu.Unlock()
			p.Ready()
			return
		default:
			do(p, verb, text)
		}
	}
	p.Exit(runtime.Exit{})
}

func do(p *Process, verb, text string) {
	number, _ := strconv.Atoi(text)
	_, word, _ := strings.Cut(text, "=") // behind a folder
	switch verb {
	case "print":
		p.Print(text + "\n")
	case "fill":
		p.Print(string(runtimetest.Pattern(number)))
	case "report":
		number, _ = strconv.Atoi(word)
		p.Report(runtimetest.Pattern(number))
	case "done":
		p.Done(word)
	case "fail":
		p.Failed(word)
	case "exit":
		p.Exit(runtime.Exit{Code: number})
	case "signal":
		p.Exit(runtime.Exit{Code: -1, Signal: number})
	case runtimetest.List:
		p.Print("the folder holds []\n") // there is none
	case runtimetest.Env, "touch":
	default:
		panic(fmt.Sprintf("no such step: %s", verb))
	}
}

// lose ends a process as its keeper's death does: nobody saw how.
func lose(t *testing.T, r *Runtime, id runtime.IncarnationID, p runtime.ProcessID) {
	if err := r.Exit(id, p, runtime.Exit{Code: -1}); err != nil {
		t.Fatal(err)
	}
}

func program(p runtime.ProcessID, script runtimetest.Script) runtime.Process {
	return runtime.Process{ProcessID: p, Args: append([]string{"--"}, script...), Env: map[string]string{}}
}

func newTarget() *Runtime {
	return New(Config{Programs: newScripts, Boot: step, Gone: step, Open: step})
}

func TestConformance(t *testing.T) {
	runtimetest.Run(t, func(*testing.T) runtimetest.Fixture {
		r := newTarget()
		return runtimetest.Fixture{
			Runtime: r, Distribution: "2.3.0", Program: program,
			Restart: func(*testing.T) runtime.Runtime { return r },
			KillKeeper: func(t *testing.T, id runtime.IncarnationID, p runtime.ProcessID) {
				lose(t, r, id, p)
			},
		}
	})
}

// TestConformanceOverASocket is the same through the socket, as the server sees it.
func TestConformanceOverASocket(t *testing.T) {
	runtimetest.Run(t, func(t *testing.T) runtimetest.Fixture {
		r, folder := newTarget(), t.TempDir()
		dial := func(t *testing.T) runtime.Runtime {
			remote := Dial(folder, "simulated", func(ctx context.Context) error { return await(ctx, t, folder, r) })
			t.Cleanup(remote.Close)
			return remote
		}
		return runtimetest.Fixture{
			Runtime: dial(t), Distribution: "2.3.0", Program: program, Restart: dial,
			KillKeeper: func(t *testing.T, id runtime.IncarnationID, p runtime.ProcessID) { lose(t, r, id, p) },
		}
	})
}

// await serves a target, and comes back when it answers.
func await(ctx context.Context, t *testing.T, folder string, r *Runtime) error {
	serving, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(serving, r, folder) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return Answers(ctx, folder)
}

func TestWhatAJournalSaysSurvivesTheProcess(t *testing.T) {
	path := t.TempDir() + "/journal"
	open := func() *Runtime {
		j, err := OpenJournal(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		return New(Config{Programs: newScripts, Journal: j})
	}
	r := open()
	inc := func(id string) runtime.Incarnation {
		return runtime.Incarnation{Shape: runtime.Shape{ID: runtime.IncarnationID(id)}, Processes: []runtime.Process{{
			ProcessID: runtime.ProcessID{Role: runtime.JobManager}, Gate: true, Args: []string{"--", runtimetest.Gate("g"), runtimetest.Wait},
		}}}
	}
	ctx := t.Context()
	for _, id := range []string{"killed", "released"} {
		if err := r.Prepare(ctx, inc(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Kill(ctx, "killed"); err != nil {
		t.Fatal(err)
	}
	for seen, _ := r.Observe(ctx, "released"); seen.Process(runtime.ProcessID{Role: runtime.JobManager}).State != runtime.Held; {
		time.Sleep(step)
		seen, _ = r.Observe(ctx, "released")
	}
	if err := r.Release(ctx, "released", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Claim(ctx, "one", 7, time.Second); err != nil {
		t.Fatal(err)
	}
	r = open()
	if err := r.Prepare(ctx, inc("killed")); err == nil {
		t.Error("what was killed was prepared again")
	}
	if _, err := r.Claim(ctx, "other", 6, time.Second); err == nil {
		t.Error("an older epoch was taken")
	}
	seen, _ := r.Observe(ctx, "released")
	jm := seen.Process(runtime.ProcessID{Role: runtime.JobManager})
	if seen.OrderDigest == "" || seen.Dead || jm.State != runtime.Exited || jm.Exit.Signal != int(syscall.SIGKILL) {
		t.Errorf("what was released is seen as %+v", seen)
	}
	if err := r.Kill(ctx, "released"); err != nil {
		t.Fatal(err)
	}
	if seen, _ = r.Observe(ctx, "released"); !seen.Dead {
		t.Error("after its kill it is not dead")
	}
}
