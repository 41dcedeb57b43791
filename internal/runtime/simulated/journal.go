package simulated

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"drey/internal/runtime"
)

// Journal is what of a target survives its process: who may act, what was released, and what never starts again. A nil one keeps nothing.
type Journal struct {
	file *os.File
	log  *slog.Logger
	old  []entry
}

// entry is one line. Those of an incarnation add up.
type entry struct {
	Epoch     int64                 `json:"epoch,omitempty"`
	ID        runtime.IncarnationID `json:"id,omitempty"`
	Processes []string              `json:"processes,omitempty"`
	Order     string                `json:"order,omitempty"` // its digest
	Tombstone bool                  `json:"tombstone,omitempty"`
}

// JournalFile is the name of a target's journal in its folder.
const JournalFile = "journal"

// claimIn claims a target whose process is not there.
func claimIn(folder string, epoch int64) (int64, error) {
	j, err := OpenJournal(filepath.Join(folder, JournalFile), slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer j.Close()
	return New(Config{Journal: j}).Claim(context.Background(), "", epoch, 0)
}

// OpenJournal reads a journal, or begins one. A last line that was not written whole does not count.
func OpenJournal(path string, log *slog.Logger) (*Journal, error) {
	j := &Journal{log: log}
	raw, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("cannot open the journal of the simulated target: %w", err)
	default:
		lines := bufio.NewScanner(raw)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var e entry
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				j.old = append(j.old, e)
			}
		}
		err = errors.Join(lines.Err(), raw.Close())
		if err != nil {
			return nil, fmt.Errorf("cannot read the journal of the simulated target: %w", err)
		}
	}
	if j.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("cannot write the journal of the simulated target: %w", err)
	}
	return j, nil
}

// Close ends it.
func (j *Journal) Close() error { return j.file.Close() }

// note adds a line.
func (j *Journal) note(e entry) {
	if j == nil {
		return
	}
	raw, err := json.Marshal(e)
	if err == nil {
		_, err = j.file.Write(append(raw, '\n'))
	}
	if err != nil {
		j.log.Error("cannot write the journal of the simulated target", "error", err)
	}
}

// replay fills a Runtime with what was: of processes, that they ended with their host.
func (j *Journal) replay(r *Runtime) {
	if j == nil {
		return
	}
	for _, e := range j.old {
		r.epoch = max(r.epoch, e.Epoch)
		if e.ID == "" {
			continue
		}
		inc := r.at(e.ID)
		inc.tombstone = inc.tombstone || e.Tombstone
		if e.Order != "" {
			inc.digest = e.Order
		}
		for _, name := range e.Processes {
			inc.processes = append(inc.processes, ended(r, inc, name))
		}
	}
	j.old = nil
}

func ended(r *Runtime, inc *incarnation, name string) *Process {
	p := &Process{r: r, inc: inc, up: make(chan struct{}), gone: make(chan struct{}), isUp: true, exit: &runtime.Exit{Code: -1, Signal: int(syscall.SIGKILL)}}
	p.ID = processID(name)
	p.gated = p.ID.Role == runtime.JobManager
	close(p.up)
	close(p.gone)
	return p
}

func processID(name string) (id runtime.ProcessID) {
	for _, role := range []runtime.Role{runtime.JobManager, runtime.TaskManager} {
		if n, err := fmt.Sscanf(name, string(role)+"-%d", &id.Index); err == nil && n == 1 {
			id.Role = role
		}
	}
	return id
}
