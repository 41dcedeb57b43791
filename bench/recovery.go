package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"drey/internal/arm/v20261101"
)

// recoveries are the seconds from a SIGKILL to the first record of the new life, ours and by hand.
type recoveries struct {
	killed     string
	drey, hand series
}

// measureRecovery kills, n times in turns, the JobManager of a job of ours and of the same job run by hand, and then their TaskManagers.
func measureRecovery(ctx context.Context, dir string, n int) (string, error) {
	s, err := newServer(ctx, dir)
	if err != nil {
		return "", err
	}
	defer s.down()
	before := load()
	w := workload{ledger: filepath.Join(dir, "ledger"), rate: 500}
	ours := s.job("recovery", w)
	if err := s.create(ctx, ours.name, w, "--conf", "execution.checkpointing.interval=1s"); err != nil {
		return "", err
	}
	theirs, err := newByHand(ctx, s, ours.name, filepath.Join(dir, "hand"), w.beside("hand"))
	if err != nil {
		return "", err
	}
	defer theirs.end()
	if err := theirs.start(""); err != nil {
		return "", err
	}
	jm, tm := recoveries{killed: "JobManager"}, recoveries{killed: "TaskManager"}
	repeats := map[string]int64{}
	for i := range n {
		if err := jm.round(ctx, ours, theirs, "jobmanager-0", theirs.recoverJob, repeats); err != nil {
			return "", err
		}
		if err := tm.round(ctx, ours, theirs, "taskmanager-0", theirs.recoverTaskManager, repeats); err != nil {
			return "", err
		}
		fmt.Printf("round %d: JobManager killed: drey %.2f s, by hand %.2f s; TaskManager killed: drey %.2f s, by hand %.2f s\n",
			i+1, jm.drey[i], jm.hand[i], tm.drey[i], tm.hand[i])
	}
	a, err := ours.judge("Drey", nil, ours.repeats)
	if err != nil {
		return "", err
	}
	b, err := theirs.judge("by hand", nil, repeats)
	if err != nil {
		return "", err
	}
	return reportRecovery([]recoveries{jm, tm}, []verdict{a, b}, before), nil
}

// round measures one kill of each.
func (r *recoveries) round(ctx context.Context, ours *job, theirs *byHand, process string, recover func() (time.Time, error), repeats map[string]int64) error {
	took, err := ours.recovery(ctx, ours.repeats, func() (time.Time, error) { return ours.shoot(ctx, process) })
	if err != nil {
		return fmt.Errorf("%s of ours killed: %w", r.killed, err)
	}
	r.drey = append(r.drey, took)
	if took, err = theirs.recovery(ctx, repeats, recover); err != nil {
		return fmt.Errorf("%s by hand killed: %w", r.killed, err)
	}
	r.hand = append(r.hand, took)
	return ours.quiet(ctx)
}

// recovery is how long after a kill the first record of a new process is written.
func (w workload) recovery(ctx context.Context, repeats map[string]int64, kill func() (time.Time, error)) (float64, error) {
	writer, err := w.grows(ctx, 1000) // two seconds: there is a checkpoint
	if err != nil {
		return 0, err
	}
	at, err := kill()
	if err != nil {
		return 0, err
	}
	begin, err := w.next(ctx, writer)
	if err != nil {
		return 0, err
	}
	return begin.First.Sub(at).Seconds(), w.mayRepeat(begin, repeats)
}

// shoot kills a process of the newest incarnation, and does nothing more.
func (j *job) shoot(ctx context.Context, process string) (time.Time, error) {
	i, err := j.newest(ctx, j.name)
	if err != nil {
		return time.Time{}, err
	}
	return killMarked(i.ID + "/" + process)
}

// killMarked kills the JVM that bears a marker, on this machine or in a pod, and tells when.
func killMarked(marker string) (time.Time, error) {
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return time.Time{}, err
	}
	for _, file := range found {
		raw, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(raw), "\x00"), incarnationVariable+"="+marker) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err != nil {
			return time.Time{}, err
		}
		return time.Now(), syscall.Kill(pid, syscall.SIGKILL)
	}
	return time.Time{}, fmt.Errorf("no process is %s", marker)
}

// incarnationVariable is where a JVM's environment says which process of which start it is; the ledger has it from there.
const incarnationVariable = "DREY_INCARNATION"

// quiet waits until the server has nothing to do.
func (s *server) quiet(ctx context.Context) error {
	return until(ctx, patience, 500*time.Millisecond, func() (bool, error) {
		open, err := list[v20261101.Operation](ctx, s, "operations?state=Active")
		return len(open) == 0, err
	})
}

// recoverJob kills the JobManager, and at once does what there is to do: end the TaskManager, and start both anew from the newest checkpoint.
func (h *byHand) recoverJob() (time.Time, error) {
	at := time.Now()
	h.jm.kill()
	h.tm.kill()
	checkpoint, err := h.newestCheckpoint()
	if err != nil {
		return at, err
	}
	return at, h.start(checkpoint)
}

// recoverTaskManager kills the TaskManager, and starts it again at once under its own name.
func (h *byHand) recoverTaskManager() (time.Time, error) {
	at := time.Now()
	h.tm.kill()
	return at, h.startTaskManager()
}

// newestCheckpoint is the URI of the newest complete checkpoint of the job that is run by hand.
func (h *byHand) newestCheckpoint() (string, error) {
	if h.checkpoints == "" {
		if err := h.findCheckpoints(); err != nil {
			return "", err
		}
	}
	found, err := filepath.Glob(filepath.Join(h.checkpoints, "chk-*", "_metadata"))
	if err != nil {
		return "", err
	}
	newest := 0
	for _, file := range found {
		var id int
		if _, err := fmt.Sscanf(filepath.Base(filepath.Dir(file)), "chk-%d", &id); err != nil {
			return "", err
		}
		newest = max(newest, id)
	}
	if newest == 0 {
		return "", fmt.Errorf("there is no complete checkpoint in %s", h.checkpoints)
	}
	return fmt.Sprintf("%s/%s/chk-%d", h.checkpointsURI, handJob, newest), nil
}

// findCheckpoints finds the folder that the configured URI stands for.
func (h *byHand) findCheckpoints() error {
	raw, err := os.ReadFile(filepath.Join(h.to, "conf", "config.yaml"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(raw)) {
		var key, value string
		if n, _ := fmt.Sscanf(line, "%q: %q", &key, &value); n == 2 && key == "execution.checkpointing.dir" {
			h.checkpointsURI = strings.TrimSuffix(value, "/")
		}
	}
	return filepath.WalkDir(filepath.Join(h.server.data, "storage"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == handJob {
			h.checkpoints = path
			return fs.SkipAll
		}
		return err
	})
}

func reportRecovery(all []recoveries, verdicts []verdict, before string) string {
	var t text
	t.say("%s, load average %s → %s.\n", setting("make bench-recovery"), before, load())
	t.say("## Recovery: SIGKILL → first new record\n")
	t.say("The witness job at 500 records/s, a checkpoint each second, no backoff, class-data archives ready. *By hand*: the same command lines without")
	t.say("keeper and gate, by a program that kills and at the same moment begins to start anew: for the JobManager it ends the TaskManager and starts both")
	t.say("from the newest checkpoint, for the TaskManager it starts that one again. In turns; both jobs run on the same cores all the time. Seconds.\n")
	t.say("| killed | way | n | p50 | p95 | least | most |\n|---|---|---|---|---|---|---|")
	for _, r := range all {
		t.say("| %s | Drey | %s |", r.killed, r.drey.row())
		t.say("| %s | by hand | %s |", r.killed, r.hand.row())
	}
	t.say("\n| killed | **ratio of medians** (goal ≤ 1.1) |\n|---|---|")
	for _, r := range all {
		t.say("| %s | **%.2f** |", r.killed, r.drey.median()/r.hand.median())
	}
	t.verdicts(verdicts)
	return t.String()
}
