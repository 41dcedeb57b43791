// Package docs runs what a document tells its reader to type.
package docs

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds each command, and each wait for a server.
const patience = 10 * time.Minute

// Run runs the `sh` blocks of a document, in order, by bash in the folder dir, with the program DREY_TEST_BIN on the path and dir as home.
//
// A block that begins with "$ " or "^C" is what a terminal shows: commands, and beneath each what it prints, which is compared ("…" stands for
// what differs each time); a command may fail if the last line that is shown is what it says then. Any other sh block is one script, which must not fail.
// `drey serve` keeps its terminal: the next step follows when it answers, at a port of its own, and a line "^C" ends the newest server. One whose
// output is shown is one that cannot start.
// Blocks of other languages are not run; one without a language is an error. instead are pairs of words of the document and what they are here.
// What was started below dir is ended with the test.
func Run(t *testing.T, file, dir string, instead ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Steps(strings.NewReplacer(instead...).Replace(string(text)))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(all) == 0 {
		t.Fatalf("%s has nothing to run", file)
	}
	r := &reader{dir: dir, bin: os.Getenv("DREY_TEST_BIN")}
	if r.bin == "" {
		t.Fatal("DREY_TEST_BIN is not set; run these tests by `make real`")
	}
	t.Cleanup(func() { r.leave(t) })
	for _, s := range all {
		t.Logf("%s:%d: %s", filepath.Base(file), s.Line, s.Command)
		if err := r.does(s); err != nil {
			t.Fatalf("%s:%d: %v", file, s.Line, err)
		}
	}
}

// reader is who follows a document.
type reader struct {
	dir, bin string
	servers  []*server // the newest is the last
}

// server is a `drey serve` in a terminal of its own.
type server struct {
	cmd  *exec.Cmd
	gone chan error
}

func (r *reader) command(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(r.bin)+":"+os.Getenv("PATH"), "HOME="+r.dir, "XDG_CONFIG_HOME=")
	return cmd
}

func (r *reader) does(s Step) error {
	if s.Command == interrupt {
		return r.interrupts()
	}
	if flags, is := strings.CutPrefix(s.Command, "drey serve"); is {
		s.Command = "exec drey serve --listen 127.0.0.1:0" + flags
		if s.shows == nil {
			return r.serves(s.Command)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := r.command(ctx, s.Command).CombinedOutput()
	if err != nil && (s.shows == nil || s.shows[len(s.shows)-1] == "…") {
		return &unexpected{"it fails: " + err.Error(), string(out), nil}
	}
	if s.shows != nil && !printed(string(out), s.shows) {
		return &unexpected{"it prints something else", string(out), s.shows}
	}
	return nil
}

// unexpected is a command that did not do what the document says.
type unexpected struct {
	what, out string
	shows     []string
}

func (u *unexpected) Error() string {
	text := u.what + "\n" + u.out
	if u.shows != nil {
		text += "\nThe document shows\n" + strings.Join(u.shows, "\n")
	}
	return text
}

// serves starts a server and waits until it says that it answers.
func (r *reader) serves(script string) error {
	cmd := r.command(context.Background(), script)
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), "answers at") {
			continue
		}
		s := &server{cmd, make(chan error, 1)}
		r.servers = append(r.servers, s)
		go func() {
			for lines.Scan() { // keeps the pipe empty
			}
			s.gone <- cmd.Wait()
		}()
		return nil
	}
	return &unexpected{"the server does not start: " + errors.Join(lines.Err(), cmd.Wait()).Error(), log.String(), nil}
}

// interrupts ends the newest server, if it is not gone already.
func (r *reader) interrupts() error {
	if len(r.servers) == 0 {
		return errors.New("no server runs that could be interrupted")
	}
	s := r.servers[len(r.servers)-1]
	r.servers = r.servers[:len(r.servers)-1]
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-s.gone:
		return err
	case <-time.After(patience):
		return errors.New("the server lives on")
	}
}

// leave ends the servers, and what they started.
func (r *reader) leave(t *testing.T) {
	for len(r.servers) > 0 {
		if err := r.interrupts(); err != nil {
			t.Error(err)
		}
	}
	err := filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "secret.json" {
			return err
		}
		out, err := exec.Command(r.bin, "down", "--data", filepath.Dir(path)).CombinedOutput()
		if err != nil {
			t.Errorf("down: %v\n%s", err, out)
		}
		return fs.SkipDir
	})
	if err != nil {
		t.Error(err)
	}
}
