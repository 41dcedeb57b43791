package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"drey/internal/flink"
)

// shipped is the JobManager that the scripts start: the shipped configuration puts its REST interface there.
var shipped = flink.New("http://localhost:8081", nil)

// scripted is the witness job as it is run with what Flink ships: scripts and configuration. What the job itself needs is told by -D.
type scripted struct {
	workload
	home   string
	dir    string   // for checkpoints and savepoints
	config []string // key=value
	starts int
}

// newScripted is a job that keeps its state below dir.
func newScripted(home, dir string, w workload, config []string) *scripted {
	checkpoints := "execution.checkpointing.dir=file://" + filepath.Join(dir, "checkpoints")
	return &scripted{workload: w, home: home, dir: dir, config: append([]string{checkpoints}, config...)}
}

// start starts JobManager and TaskManager, from a savepoint if one is named.
func (j *scripted) start(savepoint string) error {
	j.starts++
	args := []string{"start", "--job-classname", "witness.WitnessJob"}
	for _, pair := range j.config {
		args = append(args, "-D", pair)
	}
	if savepoint != "" {
		args = append(args, "--fromSavepoint", savepoint)
	}
	if err := j.script("standalone-job.sh", append(append(args, "--"), j.args()...)...); err != nil {
		return err
	}
	return j.script("taskmanager.sh", "start")
}

// script runs one to its end, also where a Ctrl-C comes: what it starts is to be in its file of pids.
func (j *scripted) script(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(j.home, "bin", name), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	logs := filepath.Join(j.home, "log")
	cmd.Env = append(os.Environ(), "FLINK_PID_DIR="+logs, "FLINK_IDENT_STRING=bench", fmt.Sprintf("%s=scripts-%d/0", incarnationVariable, j.starts))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// update changes the job as people do it today, and answers the gap in seconds: last record before to first record after.
func (j *scripted) update(ctx context.Context) (float64, error) {
	writer, err := j.grows(ctx, 500)
	if err != nil {
		return 0, err
	}
	next := j.workload
	next.change++
	if err := j.become(ctx, next); err != nil {
		return 0, err
	}
	begin, err := j.next(ctx, writer)
	return begin.First.Sub(begin.Before).Seconds(), err
}

// become stops the job and starts it with another workload.
func (j *scripted) become(ctx context.Context, w workload) error {
	savepoint, err := stop(ctx, shipped, filepath.Join(j.dir, "savepoints"))
	if err != nil {
		return err
	}
	j.workload = w
	_ = j.script("standalone-job.sh", "stop") // says that it failed where the JobManager ended by itself
	_ = j.script("taskmanager.sh", "stop")
	if err := j.awaitEnd(ctx); err != nil {
		return err
	}
	return j.start(savepoint)
}

// end ends what the scripts started, also where ctx ended before.
func (j *scripted) end(ctx context.Context) {
	_ = j.script("taskmanager.sh", "stop")
	_ = j.script("standalone-job.sh", "stop")
	if err := j.awaitEnd(context.WithoutCancel(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, "bench: processes of the shipped scripts live on:", err)
	}
}

// awaitEnd waits until no process of home is left.
func (j *scripted) awaitEnd(ctx context.Context) error {
	return until(ctx, time.Minute, 50*time.Millisecond, func() (bool, error) {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			return false, err
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err == nil && strings.Contains(string(raw), j.home+"/conf") && strings.Contains(string(raw), "java") {
				return false, nil
			}
		}
		return true, nil
	})
}
