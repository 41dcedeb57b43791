// Command bench measures Drey beside its references in one run, and writes docs/benchmarks.md. `make bench` runs it.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const rounds = 7

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "drey-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	server, err := measureServers(dir)
	if err != nil {
		return err
	}
	starts, err := measureStarts(dir)
	if err != nil {
		return err
	}
	return os.WriteFile("docs/benchmarks.md", []byte(report(server, starts)), 0o644)
}

// series are the measured values of one thing.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

func (s series) String() string {
	return fmt.Sprintf("%.2f (%.2f-%.2f)", s.median(), slices.Min(s), slices.Max(s))
}

// servers are start times in seconds and sizes in MiB.
type servers struct{ start, size, emptyStart, emptySize series }

// measureServers starts our server on a new data directory, and an empty one, in turns.
func measureServers(dir string) (m servers, err error) {
	empty := filepath.Join(dir, "empty")
	if out, err := exec.Command("go", "build", "-o", empty, "./bench/empty").CombinedOutput(); err != nil {
		return m, fmt.Errorf("cannot build the empty server: %w: %s", err, out)
	}
	data := filepath.Join(dir, "server")
	for i := range rounds + 1 {
		start, size, err := life(exec.Command(bin(), "serve", "--dev", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "error"))
		if err != nil {
			return m, err
		}
		emptyStart, emptySize, err := life(exec.Command(empty))
		if err != nil {
			return m, err
		}
		if i == 0 {
			continue // the first one makes keys and the database
		}
		m.start, m.size = append(m.start, start), append(m.size, size)
		m.emptyStart, m.emptySize = append(m.emptyStart, emptyStart), append(m.emptySize, emptySize)
	}
	return m, nil
}

// life is how long a server takes until it says that it answers, and its size two seconds later.
func life(cmd *exec.Cmd) (seconds, mib float64, err error) {
	begin := time.Now()
	s, err := start(cmd)
	if err != nil {
		return 0, 0, err
	}
	seconds = time.Since(begin).Seconds()
	time.Sleep(2 * time.Second) // idle is what is measured
	mib, err = size(cmd.Process.Pid)
	s.stop()
	return seconds, mib, err
}

// process is a server that said it answers.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
}

func start(cmd *exec.Cmd) (*process, error) {
	cmd.Stderr = os.Stderr
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

func bin() string { return os.Getenv("DREY_TEST_BIN") }

func report(s servers, c starts) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Benchmarks\n")
	say("Written by `make bench` on %s: %d cores, Flink %s, medians of %d rounds (least-most), each beside its reference in the same run.",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), os.Getenv("DREY_TEST_FLINK"), rounds)
	say("Ratios decide; times are of this machine on this day.\n")
	say("## Create a cluster: request → first record\n")
	say("The witness job at 500 records/s. *By hand*: `java` with the very command lines that Drey rendered, the user's entry class in place of the")
	say("gate, no keeper, JobManager and TaskManager started at the same moment.\n")
	say("| way | s |\n|---|---|")
	say("| `drey cluster create` (jar in storage) | %s |", c.drey)
	say("| by hand | %s |", c.hand)
	say("| by the shipped scripts and configuration (`standalone-job.sh start`, `taskmanager.sh start`) | %s |", c.scripts)
	say("| **Drey / by hand, ratio of medians** (goal ≤ 1.25) | **%.2f** |", c.drey.median()/c.hand.median())
	say("| Drey / by scripts | %.2f |\n", c.drey.median()/c.scripts.median())
	say("## The server\n")
	say("| | drey | empty Go HTTPS server | goal |\n|---|---|---|---|")
	say("| start until it answers, s | %s | %s | 0.3 |", s.start, s.emptyStart)
	say("| idle size, MiB | %s | %s | 60 |", s.size, s.emptySize)
	say("| keeper, MiB | %s | | 12 |\n", c.keeper)
	return b.String()
}
