package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// linger is how long the keeper stays after the process's end for somebody to read the rest of the output.
const linger = time.Minute

// lastOutputBytes is how much of the output is searched for the JVM's last words.
const lastOutputBytes = 64 << 10

// keeper is one life: a process with its output and its port.
type keeper struct {
	folder  string
	in      Input
	key     string // the bearer token that others show
	seed    string // of a container: what its identity is made of
	output  *output
	process *process
	started chan struct{} // closed once process is set
	wanted  *wanted       // of a container; nil elsewhere
	exit    atomic.Pointer[Exit]
	ended   chan struct{} // closed once exit is set; everything the process itself wrote is in the files then
	read    chan struct{} // gets a value when the output was read to its end after that
}

// Run is the keeper's life: it starts the process of a role folder and returns when it and its output are done with.
// Descriptor 3 must be the role's lock, held. An error means that no process of this folder runs.
func Run(folder string) error {
	stayOut()
	lock, err := inheritLock(folder)
	if err != nil {
		return err
	}
	in, err := ReadInput(folder)
	if err != nil {
		return err
	}
	key, err := ReadKey(folder)
	if err != nil {
		return err
	}
	k, err := newKeeper(folder, in, key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	drained, wake, err := k.start(lock, listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return err
	}
	server := k.serve(listener)
	<-k.process.ended
	wake()
	<-drained
	k.stay(k.record(), linger)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(ctx) // it ends with us anyway
	return nil
}

// stayOut makes the keeper small, and deaf to the signals a terminal or a shutdown sends around: it ends when its process
// does. The signals are received and dropped, because ignored ones would stay ignored in the process.
func stayOut() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(24 << 20)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
}

// inheritLock takes descriptor 3 and makes sure that it is the role's lock and that we hold it.
func inheritLock(folder string) (*os.File, error) {
	var have, want syscall.Stat_t
	if err := syscall.Fstat(3, &have); err != nil {
		return nil, fmt.Errorf("descriptor 3 is not the lock: %w", err)
	}
	if err := syscall.Stat(filepath.Join(folder, LockFile), &want); err != nil {
		return nil, fmt.Errorf("cannot see the lock: %w", err)
	}
	if have.Dev != want.Dev || have.Ino != want.Ino {
		return nil, errors.New("descriptor 3 is not the lock of this folder")
	}
	if err := syscall.Flock(3, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("somebody else holds the lock: %w", err)
	}
	syscall.CloseOnExec(3)
	return os.NewFile(3, LockFile), nil
}

// newKeeper refuses a second life of the folder.
func newKeeper(folder string, in Input, key string) (*keeper, error) {
	for _, path := range []string{in.Tombstone, filepath.Join(folder, RunningFile), filepath.Join(folder, ExitFile)} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("refused to start: %s is there", filepath.Base(path))
		}
	}
	if err := clearGate(in.Gate); err != nil {
		return nil, fmt.Errorf("refused to start: %w", err)
	}
	out, err := newOutput(filepath.Join(folder, LogFolder))
	if err != nil {
		return nil, err
	}
	return &keeper{folder: folder, in: in, key: key, output: out, started: make(chan struct{}),
		ended: make(chan struct{}), read: make(chan struct{}, 1)}, nil
}

// ReadKey reads the bearer key in a role folder.
func ReadKey(folder string) (string, error) {
	key, err := os.ReadFile(filepath.Join(folder, KeyFile))
	if err != nil {
		return "", fmt.Errorf("cannot read the key: %w", err)
	}
	text := strings.TrimSpace(string(key))
	if len(text) < 32 {
		return "", errors.New("the key is too short")
	}
	return text, nil
}

// start execs the process, lets go of the lock, and says so in running.json. wake is to be called at the process's end;
// drained closes when all it wrote is kept.
func (k *keeper) start(lock *os.File, port int) (drained <-chan struct{}, wake func(), err error) {
	reader, writer, err := pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	k.process, err = start(k.in, writer, lock) // a container has no lock: the descriptor is closed there
	writer.Close()
	if lock != nil { // a container needs none
		lock.Close()
	}
	if err != nil {
		return nil, nil, err
	}
	done := make(chan struct{})
	go k.output.capture(reader, done)
	running := Running{PID: k.process.handle.Pid, StartTime: k.process.ticks, Port: port, LogStart: k.output.start}
	if err := WriteJSON(filepath.Join(k.folder, RunningFile), 0o600, running); err != nil { // nobody could find it: it is held still, so its end loses nothing
		_ = k.process.kill()
		<-k.process.ended
		return nil, nil, fmt.Errorf("cannot say that the process runs: %w", err)
	}
	close(k.started)
	return done, func() { _ = reader.SetReadDeadline(time.Now()) }, nil
}

// pipe makes a pipe whose reading end alone does not block: the other one becomes the process's standard output.
func pipe() (reader, writer *os.File, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "output"), os.NewFile(uintptr(fds[1]), "output"), nil
}

// record writes exit.json, then tells of the end; false if it could not write.
func (k *keeper) record() bool {
	e := k.process.exit(k.output.tail(lastOutputBytes), time.Now())
	err := k.writeExit(e)
	k.exit.Store(&e)
	close(k.ended)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return err == nil
}

func (k *keeper) writeExit(e Exit) error {
	if err := WriteJSON(filepath.Join(k.folder, ExitFile), 0o600, e); err != nil {
		return fmt.Errorf("cannot record the end of the process: %w", err)
	}
	return k.tellKubelet(e)
}

// stay waits until the output was read, at most so long. Meanwhile it tries again to write what a full disk refused.
func (k *keeper) stay(written bool, most time.Duration) {
	limit := time.NewTimer(most)
	defer limit.Stop()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for read := false; !read || !written; {
		select {
		case <-k.read:
			read = true
		case <-limit.C:
			return
		case <-again.C:
			written = written || k.writeExit(*k.exit.Load()) == nil
			if written {
				again.Stop()
			}
		}
	}
}

// serve answers on listener until the server is shut down.
func (k *keeper) serve(listener net.Listener) *http.Server {
	server := &http.Server{
		Handler:           k.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    8 << 10,
	}
	go func() { _ = server.Serve(listener) }()
	return server
}
