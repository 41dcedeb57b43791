package simulated

import (
	"net/http"
	"strconv"
	"syscall"
	"time"

	"drey/internal/runtime"
)

// maxOutput is how much of a process's output is kept: its end.
const maxOutput = 2 << 20

// Process is one process. Its methods are for the [Program] that runs in it; of one that has ended they do nothing.
type Process struct {
	ID runtime.ProcessID

	r     *Runtime
	inc   *incarnation
	gated bool

	// What follows is of the life that it lives now; a process that is replaced lives again.
	life     int
	up       chan struct{} // closed when it is up, or will never be
	isUp     bool
	pid      int
	gate     runtime.GateInfo
	dying    bool
	gone     chan struct{} // closed when nothing of it is left
	exit     *runtime.Exit
	replaced *runtime.Exit
	logStart int64
	output   []byte
	cut      int64 // bytes of its output that are gone
}

// start brings a process up; the Runtime is locked.
func (r *Runtime) start(inc *incarnation, p runtime.Process) *Process {
	made := &Process{ID: p.ProcessID, r: r, inc: inc, gated: p.Gate}
	made.begin()
	return made
}

func (p *Process) begin() {
	p.life++
	p.r.pids++
	p.pid, p.up, p.gone, p.isUp, p.dying, p.exit, p.gate = p.r.pids, make(chan struct{}), make(chan struct{}), false, false, nil, runtime.GateInfo{}
	p.logStart = p.cut + int64(len(p.output))
	life := p.life
	time.AfterFunc(p.r.Boot, func() {
		p.r.mu.Lock()
		void := p.life != life || p.isUp || p.dying
		if !void {
			p.isUp = true
			close(p.up)
		}
		program := p.inc.program
		p.r.mu.Unlock()
		if !void {
			program.Up(p)
		}
	})
}

// replace lets it live again, under the same index; the Runtime is locked.
func (p *Process) replace() {
	exit := *p.exit
	p.begin()
	p.replaced = &exit
}

// act does something that a process does itself, unless it has ended.
func (p *Process) act(do func()) bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.dying || p.exit != nil {
		return false
	}
	do()
	return true
}

// Print writes to its output.
func (p *Process) Print(text string) {
	p.act(func() {
		p.output = append(p.output, text...)
		if more := len(p.output) - maxOutput; more > 0 {
			p.output, p.cut = append([]byte(nil), p.output[more:]...), p.cut+int64(more)
		}
	})
}

// Report leaves what the gate found out.
func (p *Process) Report(report []byte) { p.act(func() { p.inc.report = report }) }

// Serve answers HTTP at the incarnation's endpoint, as long as the process lives.
func (p *Process) Serve(h http.Handler) { p.act(func() { p.inc.http = h }) }

// Ready says that the gate holds.
func (p *Process) Ready() { p.say(runtime.GateInfo{Gate: runtime.GateReady}) }

// Done says that main() returned, and what it submitted.
func (p *Process) Done(jobs ...string) { p.say(runtime.GateInfo{Gate: runtime.GateDone, Jobs: jobs}) }

// Failed says what main() threw.
func (p *Process) Failed(stack string) {
	p.say(runtime.GateInfo{Gate: runtime.GateFailed, Failure: stack})
}

func (p *Process) say(g runtime.GateInfo) {
	p.act(func() {
		g.At, g.OpenedAt = time.Now(), p.gate.OpenedAt
		p.gate = g
	})
	p.r.tell(p.inc.id)
}

// open lets the gate read its order.
func (p *Process) open() {
	opened := p.act(func() {
		now := time.Now()
		p.gate = runtime.GateInfo{Gate: runtime.GateOpened, At: now, OpenedAt: now}
	})
	if opened {
		p.r.tell(p.inc.id)
		p.inc.program.Order(p, p.inc.order)
	}
}

// Exit ends the process by itself.
func (p *Process) Exit(e runtime.Exit) {
	if !p.act(func() { p.dying = true }) {
		return
	}
	p.finish(e)
}

// kill ends it from outside; the answer is closed when nothing of it is left.
func (p *Process) kill() <-chan struct{} {
	p.r.mu.Lock()
	gone, again := p.gone, p.dying || p.exit != nil
	p.dying = true
	program := p.inc.program
	p.r.mu.Unlock()
	if again {
		return gone
	}
	if program != nil {
		program.Down(p)
	}
	killed := runtime.Exit{Code: -1, Signal: int(syscall.SIGKILL)}
	time.AfterFunc(p.r.Gone, func() { p.end(killed) })
	return gone
}

// finish lets what runs in it end before it is seen to have ended.
func (p *Process) finish(e runtime.Exit) {
	if program := p.inc.program; program != nil {
		program.Down(p)
	}
	p.end(e)
}

// end is when nothing of it is left.
func (p *Process) end(e runtime.Exit) {
	p.r.mu.Lock()
	e.At = time.Now()
	p.exit = &e
	if !p.isUp {
		p.isUp = true
		close(p.up)
	}
	close(p.gone)
	p.r.mu.Unlock()
	p.r.tell(p.inc.id)
}

// state is what is seen of it; the Runtime is locked.
func (p *Process) state() runtime.State {
	switch {
	case p.exit != nil:
		return runtime.Exited
	case p.gated && p.gate.Gate == runtime.GateReady && p.inc.digest == "":
		return runtime.Held
	}
	return runtime.Alive
}

func (p *Process) status() runtime.ProcessStatus {
	s := runtime.ProcessStatus{ProcessID: p.ID, State: p.state(), PID: p.pid, Life: strconv.Itoa(p.pid), LogStart: p.logStart, Replaced: p.replaced, Gate: p.gate}
	if p.exit != nil {
		s.Exit = *p.exit
	}
	return s
}
