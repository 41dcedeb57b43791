package local

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drey/internal/runtime"
)

// The marker: what a process of an incarnation and all its descendants have in their environment. Both must match before
// a process is ours.
const (
	markerProcess = "DREY_INCARNATION" // <incarnation>/<role>-<n>
	markerData    = "DREY_DATA"        // the data directory's id
)

func (r *Runtime) markedEnv(p runtime.Process, f incarnation) map[string]string {
	env := maps.Clone(p.Env)
	if env == nil {
		env = map[string]string{}
	}
	env[markerProcess], env[markerData] = f.marker(p.ProcessID), r.id
	return env
}

// marked is a running process that carries the marker of this data directory.
type marked struct {
	pid         int
	incarnation runtime.IncarnationID
	process     runtime.ProcessID
}

// scan finds all running processes that carry the marker of this data directory. One of another user that may not be read
// is not ours. Zombies carry nothing.
func (r *Runtime) scan() ([]marked, error) {
	var out []marked
	var failed []error
	err := eachProcess(func(pid int) {
		m, ok, err := r.readMarker(pid)
		if ok {
			out = append(out, m)
		}
		failed = append(failed, err)
	})
	return out, errors.Join(append(failed, err)...)
}

// scanTwice is scan for a proof: a process whose parent ends while we look can be missed once.
func (r *Runtime) scanTwice() ([]marked, error) {
	first, err := r.scan()
	if err != nil {
		return nil, err
	}
	second, err := r.scan()
	return append(first, second...), err
}

// eachProcess calls fn for the PID of each process but us.
func eachProcess(fn func(pid int)) error {
	proc, err := os.Open("/proc")
	if err != nil {
		return fmt.Errorf("cannot list processes: %w", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("cannot list processes: %w", err)
	}
	self := os.Getpid()
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid != self {
			fn(pid)
		}
	}
	return nil
}

// readMarker reads the marker of a process; false if it has none, or one of another data directory. An error means that it
// cannot be told.
func (r *Runtime) readMarker(pid int) (marked, bool, error) {
	text, err := environ(pid)
	if err != nil || !bytes.Contains(text, []byte(markerProcess+"=")) {
		return marked{}, false, err
	}
	m, data := marked{pid: pid}, ""
	for variable := range bytes.SplitSeq(text, []byte{0}) {
		switch name, value, _ := strings.Cut(string(variable), "="); name {
		case markerData:
			data = value
		case markerProcess:
			id, process, _ := strings.Cut(value, "/")
			m.incarnation = runtime.IncarnationID(id)
			m.process, _ = parseProcess(process)
		}
	}
	return m, data == r.id && checkID(m.incarnation) == nil && m.process.Role != "", nil
}

// signal sends SIGKILL to a process if it still carries this marker.
func (r *Runtime) signal(m marked) (sent bool, err error) {
	var unread error
	sent, err = signalIf(m.pid, func() bool {
		now, ok, err := r.readMarker(m.pid)
		unread = err
		return ok && now == m
	})
	return sent, errors.Join(err, unread)
}

// signalIf sends SIGKILL to a process if it still is what still says: the descriptor holds on to the process, so what is
// read after it was opened belongs to this process, or it is gone and the signal reaches nobody.
func signalIf(pid int, still func() bool) (sent bool, err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot open process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if !still() {
		return false, nil
	}
	err = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot kill process %d: %w", pid, err)
	}
	return true, nil
}

// isKeeper answers whether a process is the keeper of a role folder: its command line is exactly "… run <role folder>".
func isKeeper(pid int, role string) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return false
	}
	args := strings.Split(string(text), "\x00") // each argument ends with a zero
	return len(args) == 4 && args[1] == "run" && args[2] == role && args[3] == ""
}
