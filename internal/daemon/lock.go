package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lockFile is held by the one server of a data directory, or by whoever must be sure that there is none.
const lockFile = "server.lock"

// Owner is who holds a data directory's lock. A pid alone may be another process's by the time it is read: with the start
// time it names one process for ever.
type Owner struct {
	PID       int    `json:"pid"`
	StartTime string `json:"startTime"` // clock ticks since boot, as /proc/PID/stat has it
}

// LockedError says that a data directory is in use.
type LockedError struct {
	Dir   string
	Owner Owner // PID 0 if it could not be read
}

// Error implements error.
func (e *LockedError) Error() string {
	who := "another server"
	if e.Owner.PID != 0 {
		who = fmt.Sprintf("another server (pid %d)", e.Owner.PID)
	}
	return fmt.Sprintf("%s is running on %s: end it with `drey down --data %s`, or choose another --data", who, e.Dir, e.Dir)
}

// Lock is a held lock on a data directory.
type Lock struct{ file *os.File }

// TakeLock takes the lock of data directory dir without waiting; a *LockedError if somebody has it. The lock ends with its
// holder, however that ends.
func TakeLock(dir string) (*Lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock of the data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("cannot lock the data directory: %w", err)
		}
		return nil, &LockedError{Dir: dir, Owner: readOwner(f)}
	}
	l := &Lock{file: f}
	if err := l.write(); err != nil {
		l.Release()
		return nil, fmt.Errorf("cannot write down who has the data directory: %w", err)
	}
	return l, nil
}

// ownerSize is the length of what the lock's file holds, in bytes. It is written over in place, never cut off, so that it
// needs no new block of a disk that has become full.
const ownerSize = 128

// write puts down who we are, for those who come and find the lock taken.
func (l *Lock) write() error {
	start, err := startTime(os.Getpid())
	if err != nil {
		return err
	}
	text, err := json.Marshal(Owner{PID: os.Getpid(), StartTime: start})
	if err != nil {
		return err
	}
	return l.overwrite(append(text, '\n'))
}

// overwrite fills the file with text. On a full disk the lock is held all the same, by somebody whom nobody can name:
// `drey down` is how space is made.
func (l *Lock) overwrite(text []byte) error {
	filled := bytes.Repeat([]byte{' '}, ownerSize)
	copy(filled, text)
	if _, err := l.file.WriteAt(filled, 0); !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT) {
		return err
	}
	return nil
}

// Release gives the lock back. The file stays: removing a lock file would let two hold "the" lock.
func (l *Lock) Release() error {
	err := l.overwrite(nil)
	return errors.Join(err, l.file.Close())
}

// readOwner reads who holds the lock; zero if it says nobody, or somebody who is no more (its holder is about to write).
func readOwner(f *os.File) Owner {
	var buf [256]byte
	n, _ := f.ReadAt(buf[:], 0)
	var o Owner
	if json.Unmarshal(bytes.TrimSpace(buf[:n]), &o) != nil || !o.lives() {
		return Owner{}
	}
	return o
}

func (o Owner) lives() bool {
	start, err := startTime(o.PID)
	return err == nil && start == o.StartTime
}

// Terminate asks the owner to end (SIGTERM).
func (o Owner) Terminate() error { return o.signal(unix.SIGTERM) }

// Kill ends an owner that does not do as it is asked: one that is stopped, or hangs.
func (o Owner) Kill() error { return o.signal(unix.SIGKILL) }

// signal goes to that process or to none.
func (o Owner) signal(s unix.Signal) error {
	fd, err := unix.PidfdOpen(o.PID, 0)
	if err != nil {
		return fmt.Errorf("cannot reach the server, pid %d: %w", o.PID, err)
	}
	defer unix.Close(fd)
	if !o.lives() { // looked at after the process was held by its descriptor
		return fmt.Errorf("the server, pid %d, is gone", o.PID)
	}
	if err := unix.PidfdSendSignal(fd, s, nil, 0); err != nil {
		return fmt.Errorf("cannot end the server, pid %d: %w", o.PID, err)
	}
	return nil
}

// startTime reads when a process started: field 22 of its stat, counted after the name, which may hold anything.
func startTime(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	rest := string(text[bytes.LastIndexByte(text, ')')+1:])
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "", fmt.Errorf("cannot understand /proc/%d/stat", pid)
	}
	return fields[19], nil
}
