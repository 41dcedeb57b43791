package main

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
	"syscall"
	"time"

	"drey/test/kube"
)

// process is a server that said it answers.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
}

// start starts a server in a process group of its own: a Ctrl-C is ours to act on.
func start(cmd *exec.Cmd) (*process, error) {
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "answers at") {
			p := &process{cmd, make(chan struct{})}
			go func() {
				for lines.Scan() { // keeps the pipe empty
				}
				_ = cmd.Wait()
				close(p.gone)
			}()
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s ended before it answered: %w", cmd.Path, cmd.Wait())
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	<-p.gone
}

// size is a process's resident memory in MiB.
func size(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kib); n == 1 {
			return kib / 1024, nil
		}
	}
	return 0, fmt.Errorf("process %d does not tell its size", pid)
}

// portLow is the first of the ports that benchmarks use; the server has 200, then come those of processes started by hand.
const portLow = 27000

// serverConfig is the default but for what lets changes and recoveries follow each other quickly.
var serverConfig = fmt.Sprintf(`listen: 127.0.0.1:0
limits: {portLow: %d, portHigh: %d}
gate: {minimumSeconds: 0}
recovery: {budget: 100000, windowMinutes: 1, backoffSeconds: 0, backoffMostSeconds: 0}
log: {level: warn}
`, portLow, portLow+199)

// server is `drey serve` with a data directory of its own.
type server struct {
	*process
	data   string
	target *kube.Target // where its clusters run; nil: on this machine
}

// newServer starts a server, and waits until its class-data archives are there.
func newServer(ctx context.Context, dir string) (*server, error) {
	s := &server{data: filepath.Join(dir, "data")}
	if err := s.serve(serverConfig); err != nil {
		return nil, err
	}
	fmt.Println("waiting for the class-data archives")
	err := until(ctx, 5*time.Minute, time.Second, func() (bool, error) {
		made, err := filepath.Glob(filepath.Join(s.data, "archives", "*", "jobmanager.*"))
		return len(made) > 0, err
	})
	if err != nil {
		s.down()
		return nil, fmt.Errorf("no class-data archives: %w", err)
	}
	if err := s.store(ctx); err != nil {
		s.down()
		return nil, err
	}
	return s, nil
}

// serve starts the server, with a configuration that it lays beside the data directory.
func (s *server) serve(config string) (err error) {
	file := filepath.Join(filepath.Dir(s.data), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	s.process, err = start(s.command(context.Background(), "serve", "--dev", "--data", s.data, "--config", file))
	return err
}

// command is a run of drey, where its clusters are.
func (s *server) command(ctx context.Context, args ...string) *exec.Cmd {
	if s.target == nil {
		return exec.CommandContext(ctx, bin(), args...)
	}
	cmd := s.target.Command(ctx, bin(), args...)
	cmd.Env = append(os.Environ(), "DREY_POOL="+kubePool)
	return cmd
}

// down ends the server, and everything it started.
func (s *server) down() {
	s.stop()
	if out, err := s.command(context.Background(), "down", "--data", s.data).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "bench: drey down: %v: %s\n", err, out)
	}
}

// cli runs a command of the CLI against the server, and answers what it printed.
func (s *server) cli(ctx context.Context, args ...string) ([]byte, error) {
	cmd := s.command(ctx, append([]string{"--connection", filepath.Join(s.data, "connection.json")}, args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, errors.Join(fmt.Errorf("drey %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), said.String()), ctx.Err())
	}
	return out.Bytes(), nil
}

// list reads a collection of the API; path is below the pool.
func list[T any](ctx context.Context, s *server, path string) ([]T, error) {
	raw, err := s.cli(ctx, "rest", "GET", "{pool}/"+path)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Value []T `json:"value"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return answer.Value, nil
}

// until polls a condition until it holds, for so long at most.
func until(ctx context.Context, most, every time.Duration, holds func() (bool, error)) error {
	for end := time.Now().Add(most); time.Now().Before(end); {
		if held, err := holds(); held || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
	return fmt.Errorf("not within %v", most)
}
