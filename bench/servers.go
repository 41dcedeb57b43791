package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// servers are start times in seconds and sizes in MiB.
type servers struct{ start, size, emptyStart, emptySize series }

// measureServersAndStarts measures the server by itself, and how it creates clusters.
func measureServersAndStarts(ctx context.Context, dir string, n int) (string, error) {
	s, err := measureServers(dir, n)
	if err != nil {
		return "", err
	}
	c, err := measureStarts(ctx, dir, n)
	if err != nil {
		return "", err
	}
	return reportStarts(s, c, n), nil
}

// measureServers starts our server on a new data directory, and an empty one, in turns.
func measureServers(dir string, n int) (m servers, err error) {
	empty := filepath.Join(dir, "empty")
	if out, err := exec.Command("go", "build", "-o", empty, "./bench/empty").CombinedOutput(); err != nil {
		return m, fmt.Errorf("cannot build the empty server: %w: %s", err, out)
	}
	data := filepath.Join(dir, "alone")
	for i := range n + 1 {
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

func reportStarts(s servers, c starts, n int) string {
	var t text
	t.say("%s, medians of %d rounds (least-most).\n", setting("make bench"), n)
	t.say("## Create a cluster: request → first record\n")
	t.say("The witness job at 500 records/s, class-data archives ready. *By hand*: `java` with the very command lines that Drey rendered, the user's")
	t.say("entry class in place of the gate, no keeper, JobManager and TaskManager started at the same moment.\n")
	t.say("| way | s |\n|---|---|")
	t.say("| `drey cluster create` (jar in storage) | %s |", c.drey)
	t.say("| by hand | %s |", c.hand)
	t.say("| by the shipped scripts and configuration (`standalone-job.sh start`, `taskmanager.sh start`) | %s |", c.scripts)
	t.say("| **Drey / by hand, ratio of medians** (goal ≤ 1.25) | **%.2f** |", c.drey.median()/c.hand.median())
	t.say("| Drey / by scripts | %.2f |\n", c.drey.median()/c.scripts.median())
	t.say("## The server\n")
	t.say("| | drey | empty Go HTTPS server | goal |\n|---|---|---|---|")
	t.say("| start until it answers, s | %s | %s | 0.3 |", s.start, s.emptyStart)
	t.say("| idle size, MiB | %s | %s | 60 |", s.size, s.emptySize)
	t.say("| keeper, MiB | %s | | 12 |", c.keeper)
	return t.String()
}
