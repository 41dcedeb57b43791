package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
	"drey/internal/runtime/simulated"
	"drey/internal/storage"
)

// The simulated target is a process of its own, `drey simulate`, so that what it simulates survives the server as real clusters do. It is
// started when a pool's cluster needs it, and ended by Down.

const (
	simulatedTarget = "simulated"
	simulatedFolder = "simulated"           // in the data directory
	simulateTime    = 10 * time.Second      // until it answers
	simulatedMB     = int64(1) << 40        // what may be reserved there
	processDelay    = 20 * time.Millisecond // of each step of a simulated process
)

// simulatedVersions are what is installed there: one of each line whose behaviour differs.
var simulatedVersions = []string{"1.20.3", "2.2.0", "2.3.0"}

// simulatedAt is the target of a data directory.
func simulatedAt(data, storageRoot string, minMemoryMB int64) (lifecycle.Target, *simulated.Remote, error) {
	folder := filepath.Join(data, simulatedFolder)
	if err := makeDir(folder); err != nil {
		return lifecycle.Target{}, nil, err
	}
	home, err := homeOf(folder)
	if err != nil {
		return lifecycle.Target{}, nil, err
	}
	remote := simulated.Dial(folder, "simulated in "+home, func(ctx context.Context) error { return startSimulated(ctx, data, storageRoot, folder) })
	facts := flink.FactsOf(simulatedVersions, minMemoryMB)
	facts.NoBuckets = true
	facts.ClassifyKey = classifySimulated(facts.ClassifyKey)
	return lifecycle.Target{
		Runtime: remote, Kind: lifecycle.KindSimulated, MemoryMB: simulatedMB, Facts: func() cluster.FlinkFacts { return facts },
	}, remote, nil
}

// homeOf is the data directory that the target is in: where several servers share one, the others have a link to its folder.
func homeOf(folder string) (string, error) {
	if at, err := os.Lstat(folder); err != nil || at.Mode()&os.ModeSymlink == 0 {
		return filepath.Dir(folder), err
	}
	real, err := filepath.EvalSymlinks(folder)
	return filepath.Dir(real), err
}

// classifySimulated lets through how a simulation shall behave, if it can be read.
func classifySimulated(others func(key, value string) (cluster.KeyClass, string)) func(key, value string) (cluster.KeyClass, string) {
	return func(key, value string) (cluster.KeyClass, string) {
		if key != fake.Key {
			return others(key, value)
		}
		if _, err := fake.ParseBehaviour(fake.Behaviour{}, value); err != nil {
			return cluster.KeyRefused, err.Error() + "."
		}
		return cluster.KeyHonoured, ""
	}
}

// startSimulated starts the process, in a session of its own, and waits until it answers.
func startSimulated(ctx context.Context, data, storageRoot, folder string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(folder, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(self, "simulate", "--data", data, "--storage", storageRoot)
	cmd.Env, cmd.Stdout, cmd.Stderr = []string{"PATH=" + os.Getenv("PATH")}, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, simulateTime)
	defer cancel()
	return simulated.Answers(ctx, folder)
}

// Simulate is the life of a data directory's simulated target over the storage accounts in a folder, until ctx ends.
func Simulate(ctx context.Context, data, storageRoot string, log *slog.Logger) (err error) {
	folder := filepath.Join(data, simulatedFolder)
	if err := makeDir(folder); err != nil {
		return err
	}
	lock, err := TakeLock(folder)
	if taken := (*LockedError)(nil); errors.As(err, &taken) {
		return nil // another one was started at the same time, and answers
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	mounts, err := storage.New(storageRoot)
	if err != nil {
		return err
	}
	journal, err := simulated.OpenJournal(filepath.Join(folder, simulated.JournalFile), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	behaviour, err := fake.ParseBehaviour(fake.Quick, os.Getenv(behaviourVariable))
	if err != nil {
		return err
	}
	programs := simulated.Flink{Storage: mounts, Behaviour: behaviour}.Programs
	r := simulated.New(simulated.Config{Programs: programs, Boot: processDelay, Gone: processDelay, Open: processDelay / 10, Journal: journal})
	return simulated.Serve(ctx, r, folder)
}

// behaviourVariable says how Flink behaves where a job's configuration does not.
const behaviourVariable = "DREY_SIMULATED"

// endSimulated ends the process of a data directory's simulated target, if one runs.
func endSimulated(ctx context.Context, data string, say func(string)) error {
	folder := filepath.Join(data, simulatedFolder)
	if _, err := os.Stat(folder); err != nil {
		return nil
	}
	lock, err := takeOver(ctx, folder, func(line string) { say(strings.Replace(line, "server", "simulated target", 1)) })
	if err != nil {
		return fmt.Errorf("cannot end the simulated target: %w", err)
	}
	return lock.Release()
}
