package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// shippedREST is where the shipped configuration puts the REST interface.
const shippedREST = "http://localhost:8081"

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
	cmd.Env = append(os.Environ(), "FLINK_PID_DIR="+logs, "FLINK_IDENT_STRING=bench", fmt.Sprintf("DREY_INCARNATION=scripts-%d/0", j.starts))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// update changes the job as people do it today, and answers the gap in seconds: last record before to first record after.
func (j *scripted) update(ctx context.Context) (float64, error) {
	pid, err := j.grows(ctx, 500)
	if err != nil {
		return 0, err
	}
	next := j.workload
	next.change++
	if err := j.become(ctx, next); err != nil {
		return 0, err
	}
	begin, err := j.next(ctx, pid)
	return begin.First.Sub(begin.Before).Seconds(), err
}

// become stops the job and starts it with another workload.
func (j *scripted) become(ctx context.Context, w workload) error {
	savepoint, err := j.stop(ctx)
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

// stop stops the job with a savepoint by REST, asking twice a second, and answers its path.
func (j *scripted) stop(ctx context.Context) (string, error) {
	var all struct{ Jobs []struct{ ID string } }
	if err := rest(ctx, http.MethodGet, "/jobs", nil, &all); err != nil {
		return "", err
	}
	if len(all.Jobs) != 1 {
		return "", fmt.Errorf("the JobManager has %d jobs instead of one", len(all.Jobs))
	}
	var accepted struct {
		RequestID string `json:"request-id"`
	}
	at := "/jobs/" + all.Jobs[0].ID
	body := map[string]any{"targetDirectory": "file://" + filepath.Join(j.dir, "savepoints"), "drain": false}
	if err := rest(ctx, http.MethodPost, at+"/stop", body, &accepted); err != nil {
		return "", err
	}
	var state struct {
		Status    struct{ ID string }
		Operation struct{ Location string }
	}
	err := until(ctx, patience, 500*time.Millisecond, func() (bool, error) {
		err := rest(ctx, http.MethodGet, at+"/savepoints/"+accepted.RequestID, nil, &state)
		return state.Status.ID == "COMPLETED", err
	})
	if err == nil && state.Operation.Location == "" {
		err = errors.New("the savepoint failed")
	}
	return state.Operation.Location, err
}

// rest sends a request to the JobManager that the scripts started; a body of nil is none.
func rest(ctx context.Context, method, path string, body, answer any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, shippedREST+path, &sent)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = got.Body.Close() }()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, got.Status, raw)
	}
	return json.Unmarshal(raw, answer)
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
