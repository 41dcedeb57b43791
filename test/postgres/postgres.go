// Package postgres starts a real PostgreSQL for tests: on a unix socket in a temporary folder, reached by no network, and gone when the
// tests are. It needs the Debian package postgresql (15 or newer), or initdb on the path.
package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// initdb refuses to run as root; this user comes with the package.
const unprivileged = "postgres"

// Server is a PostgreSQL that runs. Its one user is postgres, a superuser without a password.
type Server struct {
	dir       string
	bin       string
	as        *syscall.SysProcAttr
	cmd       *exec.Cmd
	ended     chan error
	databases atomic.Int64
}

// Start makes a server and starts it. Words are compared by ICU's rules for English, not by their bytes: what relies on an order of bytes
// must say so. Nothing is forced to disk.
func Start() (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "drey-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	if s.as, err = owned(dir); err == nil {
		err = s.init()
	}
	if err == nil {
		err = s.Run()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start PostgreSQL: %w", err), os.RemoveAll(dir))
	}
	return s, nil
}

// programs finds the folder of the newest PostgreSQL.
func programs() (string, error) {
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // where Debian's package has them
	version := func(file string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(file))))
		return n
	}
	if len(all) > 0 {
		return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) })), nil
	}
	file, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("there is no PostgreSQL; Debian: apt-get install postgresql")
	}
	return filepath.Dir(file), nil
}

// owned gives dir to whom the server runs as: us, or a user without rights if we are root. It ends when we do.
func owned(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup(unprivileged)
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

func (s *Server) init() error {
	cmd := exec.Command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale=C", "--locale-provider=icu", "--icu-locale=en")
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Run starts a server that was stopped, and waits until it accepts connections.
func (s *Server) Run() error {
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "deadlock_timeout=100ms", "-c", "max_prepared_transactions=2")
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, s.as
	out, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	started, ready := make(chan error, 1), make(chan bool, 1)
	s.ended = make(chan error, 1)
	go func(cmd *exec.Cmd, ended chan error) {
		runtime.LockOSThread() // the death signal is bound to the thread that started it
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		var log strings.Builder
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if fmt.Fprintln(&log, lines.Text()); strings.Contains(lines.Text(), "ready to accept connections") {
				ready <- true
			}
		}
		close(ready)
		if err := cmd.Wait(); err != nil {
			ended <- fmt.Errorf("%w\n%s", err, &log)
		}
		close(ended)
	}(s.cmd, s.ended)
	if err := <-started; err != nil {
		return err
	}
	if !<-ready {
		return fmt.Errorf("it ended: %w", <-s.ended)
	}
	return nil
}

// Kill ends the server as a crash would: connections are cut, transactions lost.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

// Stop ends the server and removes all of it.
func (s *Server) Stop() error {
	return errors.Join(s.end(syscall.SIGINT), os.RemoveAll(s.dir))
}

func (s *Server) end(signal syscall.Signal) error {
	if err := s.cmd.Process.Signal(signal); err != nil {
		return err
	}
	err := <-s.ended
	if exit := (*exec.ExitError)(nil); signal == syscall.SIGQUIT && errors.As(err, &exit) {
		return nil // it says that it did not end in order
	}
	return err
}

// Dir is the folder with the server's unix socket: what clients take as the host.
func (s *Server) Dir() string { return s.dir }

// Socket is the path of the server's unix socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// Database makes an empty database and answers its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprint("test", s.databases.Add(1))
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		t.Fatalf("cannot reach PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("cannot make a database: %v", err)
	}
	return s.url(name)
}

func (s *Server) url(database string) string {
	return "postgres://postgres@/" + database + "?host=" + url.QueryEscape(s.dir)
}
