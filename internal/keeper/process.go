package keeper

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is the child, running or ended.
type process struct {
	handle  *os.Process
	started time.Time
	ticks   uint64           // its start time as the kernel counts it
	ended   chan struct{}    // closed when it was reaped
	state   *os.ProcessState // set before ended closes
	waitErr error
}

// start execs the process with the lock at descriptor 3 and output at 1 and 2. The kernel kills it when the thread that
// forked it ends, so that thread is kept for the process's whole life: it waits for its end.
func start(in Input, output, lock *os.File) (*process, error) {
	args, err := ExpandArgs(in.Args)
	if err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	p := &process{ended: make(chan struct{})}
	forked := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine, after the process
		handle, err := os.StartProcess(args[0], args, &os.ProcAttr{
			Dir:   in.Folder,
			Env:   environment(in.Env),
			Files: []*os.File{null, output, output, lock},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
		})
		if err != nil {
			forked <- err
			return
		}
		p.handle, p.started = handle, time.Now()
		p.ticks, err = StartTime(handle.Pid) // before it can be reaped
		forked <- err
		p.state, p.waitErr = handle.Wait()
		close(p.ended)
	}()
	if err := <-forked; err != nil {
		if p.handle != nil {
			_ = p.kill()
			<-p.ended
		}
		return nil, fmt.Errorf("cannot start the process: %w", err)
	}
	return p, nil
}

func environment(env map[string]string) []string {
	out := make([]string, 0, len(env)) // not nil: nil would mean the keeper's own
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// kill ends the process; that it has ended already is fine.
func (p *process) kill() error {
	if err := p.handle.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot kill the process: %w", err)
	}
	return nil
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// exit says how the process ended, given its last output.
func (p *process) exit(lastOutput []byte, at time.Time) Exit {
	e := Exit{Code: -1, At: at.UTC()}
	status, ok := p.sysStatus()
	switch {
	case ok && status.Signaled():
		e.Signal = int(status.Signal())
	case ok:
		e.Code = status.ExitStatus()
	}
	e.OOM = ok && outOfMemory(e, lastOutput)
	return e
}

func (p *process) sysStatus() (syscall.WaitStatus, bool) {
	if p.waitErr != nil || p.state == nil {
		return 0, false
	}
	status, ok := p.state.Sys().(syscall.WaitStatus)
	return status, ok
}

// outOfMemory is true only on the JVM's own word that this is why it ends. Exit code 3 alone is no proof, a job may use it
// too; neither is a stack trace in the output, the job may have survived it and have been killed for another reason.
func outOfMemory(e Exit, lastOutput []byte) bool {
	said := func(words string) bool { // at the beginning of a line
		return bytes.HasPrefix(lastOutput, []byte(words)) || bytes.Contains(lastOutput, []byte("\n"+words))
	}
	switch {
	case e.Code == 0:
		return false
	case e.Code == 3 && said("Terminating due to java.lang.OutOfMemoryError"): // -XX:+ExitOnOutOfMemoryError
		return true
	case said("Aborting due to java.lang.OutOfMemoryError"): // -XX:+CrashOnOutOfMemoryError: SIGABRT, or 1 without a core
		return true
	}
	return e.Signal != 0 && said("# java.lang.OutOfMemoryError") // -XX:OnOutOfMemoryError="kill -9 %p"
}

// StartTime reads when a process started, in clock ticks since boot: field 22 of its stat file.
func StartTime(pid int) (uint64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ") // a name may hold blanks and brackets
	fields := strings.Fields(after)
	if !found || len(fields) < 20 {
		return 0, fmt.Errorf("cannot understand the stat file of process %d", pid)
	}
	return strconv.ParseUint(fields[19], 10, 64) // after has field 3 first
}
