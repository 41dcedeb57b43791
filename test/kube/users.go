package kube

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// user is one of those who use something that the last of them ends. The kernel forgets one that crashed.
type user struct{ file *os.File }

// enter makes one more user, when nobody is ending it.
func enter(path string) (user, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return user{}, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_SH); err != nil {
		return user{}, fmt.Errorf("cannot lock %s: %w", path, errors.Join(err, file.Close()))
	}
	return user{file}, nil
}

// leave runs end if this is the last user; who enters meanwhile waits for it. Of two that leave at the same moment one is the last: Linux takes the
// shared lock away before it looks whether the other one can be had.
func (u user) leave(end func() error) error {
	defer func() { _ = u.file.Close() }()
	err := unix.Flock(int(u.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot lock %s: %w", u.file.Name(), err)
	}
	return end()
}
