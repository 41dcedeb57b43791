package local

import (
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Child is a process for the server's own ends: of no incarnation that a book knows, without a keeper, and killed by the kernel
// when the server ends. It carries the marker of the data directory, so that KillAll finds it and what it leaves behind.
type Child struct {
	process *os.Process
	ended   chan struct{}
}

// leastNice is the lowest priority: a child has what nobody else wants.
const leastNice = 19

// StartChild starts p in folder dir, with its output in a file. id is a name that no incarnation has.
func (r *Runtime) StartChild(id runtime.IncarnationID, p runtime.Process, dir string, output *os.File) (*Child, error) {
	args, err := keeper.ExpandArgs(p.Args)
	if err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	attr := &os.ProcAttr{
		Dir: dir, Files: []*os.File{null, output, output},
		Sys: &unix.SysProcAttr{Pdeathsig: unix.SIGKILL, Setsid: true},
	}
	for name, value := range r.markedEnv(p, r.folder(id)) {
		attr.Env = append(attr.Env, name+"="+value)
	}
	c, started := &Child{ended: make(chan struct{})}, make(chan error)
	go c.live(args, attr, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", p.ProcessID, err)
	}
	return c, nil
}

// live is a thread of its own, from before the start to after the end: its priority becomes the child's, and the child dies
// with it.
func (c *Child) live(args []string, attr *os.ProcAttr, started chan<- error) {
	goruntime.LockOSThread() // and never unlocked: the thread ends with this goroutine
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, leastNice)
	var err error
	if c.process, err = os.StartProcess(args[0], args, attr); err != nil {
		started <- err
		return
	}
	// Where the kernel groups processes by session, niceness counts within the group only; the group has one of its own.
	_ = os.WriteFile("/proc/"+strconv.Itoa(c.process.Pid)+"/autogroup", []byte(strconv.Itoa(leastNice)), 0)
	started <- nil
	_, _ = c.process.Wait()
	close(c.ended)
}

// Ended is closed when the process has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// Terminate asks the process to end; that it has ended already is fine.
func (c *Child) Terminate() error {
	if err := c.process.Signal(unix.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot ask process %d to end: %w", c.process.Pid, err)
	}
	return nil
}

// Kill ends the process with all that it started, and returns when it is gone.
func (c *Child) Kill() {
	select {
	case <-c.ended: // its number may be another's already
	default:
		_ = unix.Kill(-c.process.Pid, unix.SIGKILL)
		<-c.ended
	}
}
