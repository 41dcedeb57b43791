// Package simulated runs the real program with simulated clusters, and kills it: no Flink and no Java are needed.
package simulated

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/internal/runtime/simulated"
	"drey/test/postgres"
)

// patience bounds every wait for an event.
const patience = time.Minute

// server is one data directory with, most of the time, a server on it.
type server struct {
	t      testing.TB
	dir    string
	cmd    *exec.Cmd
	gone   chan error
	stderr *os.File
	target *simulated.Remote // the simulated target, asked by its own interface
	*client
}

// java stands for one: a server asks for its version when it starts, and nothing here ever runs it.
const java = `#!/bin/sh
echo 'openjdk version "17.0.1"' >&2
`

const configuration = `listen: 127.0.0.1:0
archives: false
java:
  home: %s
gate:
  minimumSeconds: 0
  maximumSeconds: 3
recovery:
  budget: %d
  backoffSeconds: 0
  backoffMostSeconds: 0
  registerSeconds: 1
log:
  format: text
  level: debug
`

// newServer makes a data directory, and starts a server there with a pool and a jar. budget is how often a job is recovered; database is a
// line of configuration that names one, absent: what all these tests run on.
func newServer(t testing.TB, budget int, database ...string) *server {
	t.Helper()
	if len(database) == 0 {
		database = []string{postgres.Configured(t)}
	}
	dir := t.TempDir()
	s := &server{t: t, dir: filepath.Join(dir, "data")}
	s.write("config.yaml", fmt.Sprintf(configuration, dir, budget)+strings.Join(database, ""), 0o600)
	s.write("bin/java", java, 0o700)
	var err error
	if s.stderr, err = os.Create(s.beside("server.log")); err != nil {
		t.Fatal(err)
	}
	s.target = simulated.Dial(filepath.Join(s.dir, "simulated"), "", func(context.Context) error { return errors.New("it does not run") })
	t.Cleanup(s.down)
	s.start()
	s.must("PUT", s.pool, pool)
	s.stands(s.pool, "provisioningState", succeeded)
	s.must("PUT", s.pool+"/storage?uri="+jars+"/"+jarName, jar(t))
	return s
}

func (s *server) beside(name string) string { return filepath.Join(filepath.Dir(s.dir), name) }

func (s *server) write(name, text string, mode os.FileMode) {
	s.t.Helper()
	err := os.MkdirAll(filepath.Dir(s.beside(name)), 0o700)
	if err == nil {
		err = os.WriteFile(s.beside(name), []byte(text), mode)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// binary is the program with failpoints inside.
func binary(t testing.TB) string {
	t.Helper()
	bin := os.Getenv("DREY_TEST_FAILPOINTS")
	if bin == "" {
		t.Fatal("DREY_TEST_FAILPOINTS is not set; run these tests by `make failpoints`")
	}
	return bin
}

// start starts a server and waits until it says that it answers.
func (s *server) start(environment ...string) {
	s.t.Helper()
	s.cmd = exec.Command(binary(s.t), "serve", "--dev", "--data", s.dir, "--config", s.beside("config.yaml"))
	s.cmd.Env = append([]string{"DREY_DISTRIBUTIONS=" + s.beside("none")}, environment...)
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "answers at") {
	}
	s.gone = make(chan error, 1)
	go func(cmd *exec.Cmd, gone chan error) {
		for lines.Scan() { // keeps the pipe empty
		}
		gone <- cmd.Wait()
	}(s.cmd, s.gone)
	if s.client, err = connect(s.dir); err != nil {
		s.t.Fatalf("the server did not start: %v\n%s", err, s.log())
	}
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
	case <-time.After(patience):
		s.t.Fatalf("the server lives on\n%s", s.log())
	}
}

// down ends everything of the data directory.
func (s *server) down() {
	cmd := exec.Command(binary(s.t), "down", "--data", s.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("down: %v\n%s", err, out)
	}
	s.ended()
	s.target.Close()
	if s.t.Failed() {
		s.t.Logf("the server's log:\n%s", s.log())
	}
	_ = s.stderr.Close()
}

// log is the end of the servers' log.
func (s *server) log() string {
	raw, err := os.ReadFile(s.stderr.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(raw), "\n")
	kept := lines[:0]
	for _, l := range lines {
		if !strings.Contains(l, "msg=request") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept[max(0, len(kept)-40):], "\n")
}

// until polls until nothing is missing: the one way these tests wait for what tells nobody.
func (s *server) until(what string, missing func() string) {
	s.t.Helper()
	var last string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if last = missing(); last == "" {
			return
		}
	}
	s.t.Fatalf("not within %v: %s: %s\n%s", patience, what, last, s.log())
}
