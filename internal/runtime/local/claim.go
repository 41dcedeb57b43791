package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"drey/internal/keeper"
)

// ErrOwned says that another server has the data directory.
var ErrOwned = errors.New("the data directory belongs to another server")

// own takes the data directory for the life of the answered file, and writes our PID there for whoever is refused.
func own(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "run", "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the data directory's lock: %w", err)
	}
	if taken, err := tryLock(f); err != nil || !taken {
		defer f.Close()
		return nil, refusedBy(f, err)
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot sign the data directory's lock: %w", err)
	}
	return f, nil
}

func refusedBy(f *os.File, err error) error {
	if err != nil {
		return fmt.Errorf("cannot lock the data directory: %w", err)
	}
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n]))); err == nil {
		return fmt.Errorf("%w (process %d)", ErrOwned, pid)
	}
	return ErrOwned
}

// tryLock takes the flock of f's open file without waiting.
func tryLock(f *os.File) (taken bool, err error) {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}

// unlock frees the flock of f also where a process that is just being forked has a copy of the descriptor, and closes f.
func unlock(f *os.File) error {
	return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
}

// directoryID is who the data directory is; it is made once.
func directoryID(dir string) (string, error) { return onceID(filepath.Join(dir, "id")) }

// Identity implements [runtime.Runtime]: the machine and the data directory, both read anew.
func (r *Runtime) Identity(context.Context) (string, error) {
	machine, err := r.machineID()
	if err != nil {
		return "", err
	}
	id, err := readID(filepath.Join(r.config.Dir, "id"))
	if err != nil {
		return "", fmt.Errorf("cannot read the data directory's id: %w", err)
	}
	return machine + "/" + id, nil
}

// machineID is the operating system's; where it has none we make one.
func (r *Runtime) machineID() (string, error) {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := readID(path); err == nil {
			return id, nil
		}
	}
	return onceID(filepath.Join(r.config.Dir, "machine-id"))
}

func readID(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(text))
	if !isID(id) {
		return "", errors.New("the file holds no id")
	}
	return id, nil
}

// onceID reads an id, or makes it if the file is not there. One that cannot be understood is never replaced.
func onceID(path string) (string, error) {
	id, err := readID(path)
	if err == nil {
		return id, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot read an id: %w", err)
	}
	id = randomHex(16)
	if err := keeper.WriteFile(path, 0o600, []byte(id+"\n")); err != nil {
		return "", fmt.Errorf("cannot write an id: %w", err)
	}
	return id, nil
}

// randomHex is n random bytes in hex.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Claim implements [runtime.Runtime]. The lock itself is held as long as the Runtime is, so ttl is not needed.
func (r *Runtime) Claim(_ context.Context, holder string, epoch int64, _ time.Duration) (int64, error) {
	r.claiming.Lock()
	defer r.claiming.Unlock()
	path := filepath.Join(r.config.Dir, "run", "epoch")
	highest, err := readNumber(path)
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot read the target's epoch: %w", err)
	case epoch < highest:
		return highest, fmt.Errorf("epoch %d of %s is below %d, the highest ever here", epoch, holder, highest)
	case epoch == highest:
		return highest, nil
	}
	if err := writeNumber(path, epoch); err != nil {
		return highest, fmt.Errorf("cannot write the target's epoch: %w", err)
	}
	return epoch, nil
}

// readNumber reads a number that only grows; 0 if the file is not there.
func readNumber(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

func writeNumber(path string, n int64) error {
	return keeper.WriteFile(path, 0o600, []byte(strconv.FormatInt(n, 10)+"\n"))
}
