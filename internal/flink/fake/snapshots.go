package fake

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
)

// trigger is a snapshot that was asked for.
type trigger struct {
	done     bool
	location string // of a savepoint
	id       int64  // of a checkpoint
	failure  string // a stack
}

// checkpoints makes checkpoints at the configured interval, the first one at once; but not where the default scheduler restarted the job.
func (m *JobManager) checkpoints() {
	interval := m.interval()
	switch {
	case interval == 0:
	case m.attempt == 0 || m.adaptive():
		m.after(0, m.nextCheckpoint)
	default:
		m.after(interval, m.nextCheckpoint)
	}
}

func (m *JobManager) nextCheckpoint() {
	if m.state != flink.Running || m.stopping {
		return
	}
	m.checkpoint(func(*taken) {})
	m.after(m.interval(), m.nextCheckpoint)
}

// checkpoint begins one; then learns what came of it.
func (m *JobManager) checkpoint(then func(*taken)) {
	where := func(id int64) string {
		return fmt.Sprintf("%s/%s/chk-%d", m.Config["execution.checkpointing.dir"], m.job, id)
	}
	m.snapshot(where, aCheckpoint, func(t *taken) {
		then(t)
		if t.failure != "" {
			return
		}
		m.retain(t)
		if m.Behaviour.Trouble == LoopsLate {
			m.after(m.Behaviour.Run, func() { m.fail(userFailure) })
		}
		m.rescale()
	})
}

// savepoint begins one below a directory of its own, which is no more of the JobManager's afterwards.
func (m *JobManager) savepoint(id, directory, kind string, then func(*taken)) {
	m.snapshot(func(int64) string { return directory + "/savepoint-" + m.job[:6] + "-" + id[:12] }, kind, then)
}

// snapshot begins the next snapshot of a job that runs; what it holds is how far the job is now, or for a stop, where its sources end.
func (m *JobManager) snapshot(where func(id int64) string, kind string, then func(*taken)) {
	t := m.snapshots.begin(kind)
	s := snapshot{Checkpoint: t.id, Count: m.run.Count(), Operators: m.operators()}
	t.uri = where(t.id)
	m.after(m.Behaviour.Snapshot, func() {
		if kind == aStop {
			m.halt()
			s.Count = m.run.Count()
		}
		m.snapshots.finish(t, m.write(t, s))
		then(t)
	})
}

// write answers why there is no snapshot; "" if there is one.
func (m *JobManager) write(t *taken, s snapshot) (failure string) {
	switch {
	case m.Behaviour.Trouble == NoCheckpoint && t.kind == aCheckpoint, m.Behaviour.Trouble == NoSavepoint && t.kind != aCheckpoint:
		return "Checkpoint expired before completing."
	case m.Behaviour.Trouble == Lies && t.kind != aCheckpoint:
		return ""
	}
	if err := m.files(t, s).put(context.Background(), m.Storage, t.uri); err != nil {
		return err.Error()
	}
	return ""
}

// files are those of a snapshot as they come to lie in the storage.
func (m *JobManager) files(t *taken, s snapshot) files {
	f := filesOf(s, classes[t.kind])
	switch {
	case t.kind == aCheckpoint:
	case m.Behaviour.Trouble == Tears:
		f.metadata = f.metadata[:len(f.metadata)/2]
	case m.Behaviour.Trouble == Empties:
		f.state = nil
	}
	return f
}

// retain removes the checkpoints that are more than wanted.
func (m *JobManager) retain(t *taken) {
	most, err := strconv.Atoi(m.Config["execution.checkpointing.num-retained"])
	if err != nil {
		most = 1
	}
	m.snapshots.retained = append(m.snapshots.retained, t)
	m.discard(len(m.snapshots.retained) - most)
}

// discard removes the n oldest checkpoints.
func (m *JobManager) discard(n int) {
	for range max(n, 0) {
		oldest := m.snapshots.retained[0]
		oldest.discarded = true
		m.remove(oldest.uri)
		m.snapshots.retained = m.snapshots.retained[1:]
	}
}

func (m *JobManager) remove(uri string) {
	at, err := cluster.ParseURI(uri, cluster.StorageURI{})
	if err == nil {
		err = m.Storage.RemoveAll(context.Background(), at)
	}
	if err != nil {
		m.Print("WARN cannot discard checkpoint " + uri + ": " + err.Error())
	}
}

// stop takes a savepoint, after which the job is FINISHED: the savepoint lies there well before, and no checkpoint is left.
func (m *JobManager) stop(id, directory string, t *trigger) {
	m.stopping = true
	m.savepoint(id, directory, aStop, func(s *taken) {
		if s.failure != "" {
			t.done, t.failure, m.stopping = true, checkpointException+s.failure, false
			m.goOn()
			return
		}
		if m.Behaviour.Trouble == HangsClosing {
			return
		}
		end := func() {
			m.Stopped(m.job, s.uri)
			m.end(flink.Finished, "")
			t.done, t.location = true, s.uri
			m.discard(len(m.snapshots.retained))
		}
		if m.Behaviour.EndsUnseen {
			m.unseen = end
			return
		}
		m.after(m.Behaviour.Finish, end)
	})
}

// goOn is what a job does whose stop failed: it counts on where it was halted.
func (m *JobManager) goOn() {
	m.count(m.run.Count())
	m.checkpoints()
}

const checkpointException = "org.apache.flink.runtime.checkpoint.CheckpointException: "

// failTriggers ends what was asked for and is not there yet.
func (m *JobManager) failTriggers(stack string) {
	for _, t := range m.snapshots.underWay() {
		m.snapshots.finish(t, "The job has failed.")
	}
	for _, t := range m.triggers {
		if !t.done {
			t.done, t.failure = true, checkpointException+"The job has failed.\nCaused by: "+stack
		}
	}
}

// interval between checkpoints; 0: there are none.
func (m *JobManager) interval() time.Duration {
	d, err := time.ParseDuration(strings.ReplaceAll(m.Config["execution.checkpointing.interval"], " ", ""))
	if err != nil {
		return 0
	}
	return d
}
