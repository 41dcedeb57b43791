package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// startKeeper starts the keeper of a process that has not run. ended closes when a keeper started here is gone; it is nil
// where one was started before.
func (r *Runtime) startKeeper(f incarnation, p runtime.ProcessID) (ended <-chan struct{}, err error) {
	r.starts.Lock()
	defer r.starts.Unlock()
	if err := alive(f); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(f.role(p), keeper.LockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock: %w", err)
	}
	if taken, err := tryLock(lock); err != nil || !taken {
		lock.Close()
		return nil, err
	}
	if ran, err := ranBefore(f.role(p)); ran || err != nil {
		return nil, errors.Join(err, unlock(lock))
	}
	ended, err = r.fork(f.role(p), lock)
	if err != nil {
		return nil, errors.Join(err, unlock(lock))
	}
	lock.Close() // and not unlocked: the keeper holds it now
	return ended, nil
}

// ranBefore answers whether the process of a role folder was started; one that was replaced does not count.
func ranBefore(role string) (bool, error) {
	for _, name := range []string{keeper.RunningFile, keeper.ExitFile} {
		if there, err := exists(filepath.Join(role, name)); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

// fork starts a keeper in a session of its own, so that our end, or a terminal's, is none of its business.
func (r *Runtime) fork(role string, lock *os.File) (<-chan struct{}, error) {
	stderr, err := os.OpenFile(filepath.Join(role, keeper.ErrorFile), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	cmd := &exec.Cmd{
		Path:        r.config.KeeperPath,
		Args:        []string{r.config.KeeperPath, "run", role},
		Env:         []string{"GOMAXPROCS=1"}, // ours has secrets, and could have a marker
		Dir:         "/",
		Stderr:      stderr,
		ExtraFiles:  []*os.File{lock},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() { // reaps it, however long it lives; its exit status says nothing that its files do not
		defer close(ended)
		_ = cmd.Wait()
	}()
	return ended, nil
}

// awaitKeeper waits until the process is known to run or to have ended.
func (r *Runtime) awaitKeeper(ctx context.Context, f incarnation, p runtime.ProcessID, ended <-chan struct{}) error {
	wait := backoff{}
	for {
		gone, err := r.keeperGone(f.role(p), ended) // before the look at its files: what it wrote last counts
		if err != nil {
			return fmt.Errorf("cannot see the keeper of %s: %w", p, err)
		}
		ran, err := ranBefore(f.role(p))
		switch {
		case err != nil:
			return fmt.Errorf("cannot see whether %s runs: %w", p, err)
		case ran:
			return nil
		case gone:
			if err := alive(f); err != nil {
				return err
			}
			return fmt.Errorf("the keeper of %s ended before its process ran: %s", p, keeperSaid(f.role(p)))
		}
		if !wait.sleep(ctx) {
			return fmt.Errorf("%s is not up yet: %w", p, ctx.Err())
		}
	}
}

// keeperGone answers whether no keeper is about to start a process in a role folder.
func (r *Runtime) keeperGone(role string, ended <-chan struct{}) (bool, error) {
	if ended == nil {
		held, err := r.held(role)
		return !held, err
	}
	select {
	case <-ended:
		return true, nil
	default:
		return false, nil
	}
}

// keeperSaid is the keeper's own word on why it ended.
func keeperSaid(role string) string {
	text, err := os.ReadFile(filepath.Join(role, keeper.ErrorFile))
	if err != nil || len(text) == 0 {
		return "it said nothing"
	}
	return strings.TrimSpace(string(text[max(0, len(text)-2000):]))
}

// held answers whether the lock of a role folder is held by anybody. A lock that is not there is not held.
func (r *Runtime) held(role string) (bool, error) {
	r.starts.Lock()
	defer r.starts.Unlock()
	f, err := os.OpenFile(filepath.Join(role, keeper.LockFile), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot open the lock: %w", err)
	}
	taken, err := tryLock(f)
	if taken {
		err = unlock(f)
	} else {
		f.Close()
	}
	if err != nil {
		return false, fmt.Errorf("cannot try the lock: %w", err)
	}
	return !taken, nil
}

// backoff waits between looks, a little longer each time.
type backoff struct{ last time.Duration }

// sleep answers false if ctx ended first.
func (b *backoff) sleep(ctx context.Context) bool {
	b.last = min(b.last*3/2+time.Millisecond, 20*time.Millisecond)
	timer := time.NewTimer(b.last)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
