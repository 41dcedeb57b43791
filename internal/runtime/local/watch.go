package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// watchEvery is how often the folders are looked at. The end of a process is heard at once, from the kernel.
const watchEvery = 250 * time.Millisecond

// Watch implements [runtime.Runtime]. It begins with one event for each incarnation of which anything is left.
func (r *Runtime) Watch(ctx context.Context, fn func(runtime.Event)) error {
	w := watcher{r: r, fn: fn, seen: map[runtime.IncarnationID]string{}, ends: make(chan watched), watching: map[watched]bool{}}
	defer w.waits.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("cannot watch the incarnations: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case ended := <-w.ends:
			fn(runtime.Event{ID: ended.id})
		}
	}
}

// watched is one running process.
type watched struct {
	id      runtime.IncarnationID
	running keeper.Running
}

type watcher struct {
	r        *Runtime
	fn       func(runtime.Event)
	seen     map[runtime.IncarnationID]string // what was there at the last look
	watching map[watched]bool                 // never taken out: one that ended may be there, unreaped, for long
	ends     chan watched
	waits    sync.WaitGroup
}

// look tells of the incarnations whose files are other ones than at the last look.
func (w *watcher) look(ctx context.Context) error {
	folders, err := w.r.folders()
	if err != nil {
		return err
	}
	for _, f := range folders {
		now, err := w.files(ctx, f)
		if err != nil {
			return err
		}
		if now != w.seen[f.id] {
			w.seen[f.id] = now
			w.fn(runtime.Event{ID: f.id})
		}
	}
	return nil
}

// files names the files that make a difference, and begins to wait for the end of processes that are new.
func (w *watcher) files(ctx context.Context, f incarnation) (string, error) {
	roles, err := f.roles()
	if err != nil {
		return "", err
	}
	paths := []string{f.path(tombstoneFile)}
	for _, name := range []string{keeper.ReadyFile, keeper.OrderFile, keeper.OpenedFile, keeper.DoneFile, keeper.FailedFile} {
		paths = append(paths, filepath.Join(f.path(gateFolder), name))
	}
	for _, p := range roles {
		running, exit := filepath.Join(f.role(p), keeper.RunningFile), filepath.Join(f.role(p), keeper.ExitFile)
		paths = append(paths, running, exit)
		if ended, err := exists(exit); err == nil && !ended {
			w.waitForEnd(ctx, f, p)
		}
	}
	var there []string
	for _, path := range paths {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		there = append(there, fmt.Sprint(path, info.ModTime().UnixNano())) // running.json may be the next process's
	}
	return strings.Join(there, "\n"), nil
}

// waitForEnd tells of the end of a process, once.
func (w *watcher) waitForEnd(ctx context.Context, f incarnation, p runtime.ProcessID) {
	running, err := keeper.ReadRunning(f.role(p))
	process := watched{f.id, running}
	if err != nil || w.watching[process] {
		return
	}
	end, err := openEnd(running)
	if err != nil {
		return // gone already: its files, or Observe, say so
	}
	w.watching[process] = true
	w.waits.Go(func() {
		defer end.Close()
		stop := context.AfterFunc(ctx, func() { end.SetReadDeadline(time.Now()) })
		defer stop()
		if awaitEnd(end) != nil {
			return
		}
		select {
		case w.ends <- process:
		case <-ctx.Done():
		}
	})
}

// openEnd opens a descriptor that becomes readable when the process ends; an error if it has.
func openEnd(running keeper.Running) (*os.File, error) {
	fd, err := unix.PidfdOpen(running.PID, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "process")
	if started, err := keeper.StartTime(running.PID); err != nil || started != running.StartTime {
		f.Close()
		return nil, errors.New("the PID is another process's now")
	}
	return f, nil
}

// awaitEnd waits until the process ends, without a thread of its own.
func awaitEnd(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return err == nil && n > 0
	})
}
