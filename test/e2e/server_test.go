// Package e2e runs the real program with real Flink: what a person would do, judged by the witness.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drey/test/flink/witness"
	"drey/test/kube"
	"drey/test/postgres"
)

// patience bounds every wait for an event; generous, because it is spent only where a test fails, or on a machine that has much else to do.
const patience = 5 * time.Minute

// env reads a variable that the Makefile sets.
func env(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set; run these tests by `make real`", name)
	}
	return v
}

func jar(t testing.TB, name string) string { return filepath.Join(env(t, "DREY_TEST_JARS"), name) }

// server is one data directory with, most of the time, a server on it.
type server struct {
	t      testing.TB
	bin    string
	dir    string
	config string
	ports  string // the part of the configuration that stays
	// target is where its clusters run, namespace is its name; nil and "" are this machine.
	target    *kube.Target
	namespace string
	pooled    bool
	cmd       *exec.Cmd
	gone      chan error
	stderr    *os.File
}

var portBlocks atomic.Int32

// newServer makes a data directory with ports of its own, and starts a server there.
func newServer(t testing.TB) *server {
	t.Helper()
	s := prepareServer(t, env(t, "DREY_TEST_BIN"))
	s.start()
	return s
}

func prepareServer(t testing.TB, bin string) *server {
	t.Helper()
	s := &server{t: t, bin: bin}
	target := s.place()
	low := 20000 + 200*int(portBlocks.Add(1))
	s.config = filepath.Join(filepath.Dir(s.dir), "config.yaml")
	s.ports = fmt.Sprintf("listen: 127.0.0.1:0\nlimits:\n  portLow: %d\n  portHigh: %d\nlog:\n  format: text\n  level: debug\narchives: false\n", low, low+199) + target + postgres.Configured(t)
	s.write("gate:\n  minimumSeconds: 0\n  maximumSeconds: 8\nrecovery:\n  budget: 3\n  backoffSeconds: 1\n")
	var err error
	if s.stderr, err = os.Create(filepath.Join(filepath.Dir(s.dir), "server.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.down)
	return s
}

// write makes the server's configuration.
func (s *server) write(more string) {
	s.t.Helper()
	if err := os.WriteFile(s.config, []byte(s.ports+more), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure starts the server anew with another configuration.
func (s *server) configure(more string) {
	s.t.Helper()
	s.kill()
	s.write(more)
	s.start()
}

// start starts a server and waits until it says that it answers.
func (s *server) start(environment ...string) {
	s.t.Helper()
	if out, err := s.tryStart(environment...); err != nil {
		s.t.Fatalf("the server did not start: %v\n%s\n%s", err, out, s.log())
	}
	s.pool()
}

func (s *server) tryStart(environment ...string) (string, error) {
	s.cmd = s.program(context.Background(), "serve", "--dev", "--data", s.dir, "--config", s.config)
	s.cmd.Env = append(s.cmd.Environ(), environment...)
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := s.cmd.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(out)
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "answers at") {
			s.gone = make(chan error, 1)
			go func(cmd *exec.Cmd, gone chan error) {
				for lines.Scan() { // keeps the pipe empty
				}
				gone <- cmd.Wait()
			}(s.cmd, s.gone)
			return said, nil
		}
	}
	err = s.cmd.Wait()
	s.cmd = nil
	return said, fmt.Errorf("ended before it answered: %w", err)
}

// kill is kill -9 of the server.
func (s *server) kill() {
	s.t.Helper()
	_ = s.cmd.Process.Kill()
	s.ended()
}

// ended waits for the server's end.
func (s *server) ended() {
	s.t.Helper()
	select {
	case <-s.gone:
		s.cmd = nil
	case <-time.After(patience):
		s.t.Fatalf("the server lives on\n%s", s.log())
	}
}

// down ends everything of the data directory.
func (s *server) down() {
	out, err := s.program(context.Background(), "down", "--data", s.dir).CombinedOutput()
	if err != nil {
		s.t.Errorf("down: %v\n%s", err, out)
	}
	if s.cmd != nil {
		s.ended()
	}
	if s.t.Failed() {
		s.t.Logf("the server's log:\n%s", s.log())
	}
	_ = s.stderr.Close()
}

// log is the end of the server's log.
func (s *server) log() string {
	raw, err := os.ReadFile(s.stderr.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(raw), "\n")
	kept := lines[:0]
	for _, l := range lines {
		if !strings.Contains(l, "msg=request") || strings.Contains(l, "error=") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept[max(0, len(kept)-60):], "\n")
}

// result is what a command said.
type result struct {
	out, err string
	code     int
}

// cli runs a command of the CLI against the server.
func (s *server) cli(args ...string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := s.program(ctx, append([]string{"--connection", filepath.Join(s.dir, "connection.json"), "--timeout", patience.String()}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("drey %s: %v", strings.Join(args, " "), err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// must runs a command that has to succeed.
func (s *server) must(args ...string) string {
	s.t.Helper()
	r := s.cli(args...)
	if r.code != 0 {
		s.t.Fatalf("drey %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r.out
}

// read runs a command with -o json and decodes what it says.
func read[T any](s *server, args ...string) T {
	s.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(s.must(append(args, "-o", "json")...)), &v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// until polls a condition until it holds: the one way these tests wait for what has no command to wait for it.
func (s *server) until(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	s.t.Fatalf("not within %v: %s\n%s", patience, what, s.log())
}

// witnessed is a cluster that runs the witness job.
type witnessed struct {
	*server
	name   string
	ledger string
	sink   string // folder behind the sink's URI, or ""
	fresh  map[string]int64
	again  map[string]int64 // incarnations that may repeat, from which number on
}

// witness makes a cluster that runs the witness job, without waiting if args say so.
func (s *server) witness(name string, withSink bool, extra ...string) (*witnessed, result) {
	s.t.Helper()
	w := &witnessed{server: s, name: name, ledger: s.shared("ledger-" + name), fresh: map[string]int64{}, again: map[string]int64{}}
	args := []string{"cluster", "create", name, "--jar", jar(s.t, "witness.jar"), "--conf", "execution.checkpointing.interval=1s",
		"--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500"}
	if withSink {
		w.sink = filepath.Join(s.dir, "storage", "local", "out", name)
		args = append(args, "--arg", "--out", "--arg", "abfs://out@local.dfs.core.windows.net/"+name)
	}
	return w, s.cli(append(args, extra...)...)
}

// grows waits until the ledger has n more records.
func (w *witnessed) grows(n int64) {
	w.t.Helper()
	begin := w.last()
	w.until("the ledger grows", func() bool { return w.last() >= begin+n })
}

func (w *witnessed) last() int64 {
	last, _, err := witness.Last(w.ledger)
	if err != nil {
		w.t.Fatal(err)
	}
	return last
}

// clean judges the ledger and, for a stopped job, the sink.
func (w *witnessed) clean(when string, stopped bool) witness.Report {
	w.t.Helper()
	r, err := witness.Check(witness.Input{Ledger: w.ledger, Sink: w.sink, Fresh: w.fresh, Repeats: w.again})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range r.Violations {
		w.t.Errorf("%s: %s", when, v)
	}
	if stopped && w.sink != "" && int64(r.Committed) != r.Last {
		w.t.Errorf("%s: the ledger ends at %d, but %d records are committed", when, r.Last, r.Committed)
	}
	return r
}

// processes are the JVMs of this server's clusters: name by pid, by the marker in their environment. Those in pods are seen as well.
func (s *server) processes() map[int]string {
	s.t.Helper()
	found := map[int]string{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		var pid int
		if n, err := fmt.Sscanf(e.Name(), "%d", &pid); n != 1 || err != nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !strings.Contains(string(raw), "DREY_INCARNATION=") || !s.owns(pid, string(raw)) {
			continue
		}
		for v := range strings.SplitSeq(string(raw), "\x00") {
			if m, ok := strings.CutPrefix(v, "DREY_INCARNATION="); ok {
				found[pid] = m
			}
		}
	}
	return found
}
