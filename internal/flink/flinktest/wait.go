package flinktest

import (
	"maps"
	"slices"
	"time"

	"drey/internal/flink"
)

const (
	patience = 60 * time.Second // bounds every wait for an event
	interval = 10 * time.Millisecond
)

// Until asks until it is so. Only what was asked last is noted.
func (p *Player) Until(what string, isSo func() bool) {
	p.Helper()
	end := time.Now().Add(patience)
	for noted := len(p.trace); !isSo(); p.trace = p.trace[:noted] {
		if time.Now().After(end) {
			p.Fatalf("%s: not within %v; asked last:\n%s", what, patience, p.trace[noted:].json())
		}
		<-time.After(interval)
	}
}

// Runs waits until all tasks run.
func (m *JobManager) Runs() {
	m.p.Helper()
	m.p.Until("all tasks run", func() bool {
		d, err := m.JobDetails(m.p.Context(), m.Job)
		return err == nil && d.AllRunning()
	})
}

// Is waits until the job is in a state.
func (m *JobManager) Is(state flink.JobState) {
	m.p.Helper()
	m.p.Until("the job is "+string(state), func() bool {
		got, err := m.JobStatus(m.p.Context(), m.Job)
		return err == nil && got == state
	})
}

// seen waits until the job's details, which lag behind its status, show a state.
func (m *JobManager) seen(state flink.JobState) {
	m.p.Helper()
	m.p.Until("the job is seen "+string(state), func() bool {
		d, err := m.JobDetails(m.p.Context(), m.Job)
		return err == nil && d.State == state
	})
}

// fails waits until so many failures are seen.
func (m *JobManager) fails(times int) {
	m.p.Helper()
	m.p.Until("failures are seen", func() bool {
		list, err := m.Exceptions(m.p.Context(), m.Job)
		return err == nil && len(list) >= times
	})
}

// registers waits until so many TaskManagers are registered.
func (m *JobManager) registers(n int) {
	m.p.Helper()
	m.p.Until("TaskManagers are registered", func() bool {
		all, err := m.TaskManagers(m.p.Context())
		return err == nil && len(all) == n
	})
}

// frees waits until so many slots are free.
func (m *JobManager) frees(slots int) {
	m.p.Helper()
	m.p.Until("slots are free", func() bool {
		o, err := m.Overview(m.p.Context())
		return err == nil && o.SlotsAvailable == slots
	})
}

// savepoint waits until the trigger of a savepoint has come to something.
func (m *JobManager) savepoint(job, trigger string) (location string) {
	m.p.Helper()
	m.p.Until("the savepoint's outcome is there", func() bool {
		s, err := m.SavepointStatus(m.p.Context(), job, trigger)
		location = s.Location
		return err != nil || !s.InProgress
	})
	return location
}

// checkpoint waits until the trigger of a checkpoint has come to something.
func (m *JobManager) checkpoint(job, trigger string) {
	m.p.Helper()
	m.p.Until("the checkpoint's outcome is there", func() bool {
		s, err := m.CheckpointStatus(m.p.Context(), job, trigger)
		return err != nil || !s.InProgress
	})
}

// counts waits until what is known of the snapshots is as it should be.
func (m *JobManager) counts(so func(flink.Checkpoints) bool) flink.Checkpoints {
	m.p.Helper()
	var c flink.Checkpoints
	m.p.Until("the snapshots are counted", func() (is bool) {
		var err error
		c, err = m.Checkpoints(m.p.Context(), m.Job)
		return err == nil && so(c)
	})
	return c
}

func atLeast(n int) func(flink.Checkpoints) bool {
	return func(c flink.Checkpoints) bool { return c.Completed >= n && c.InProgress == 0 }
}

// times waits until it is known when all tasks began to run.
func (m *JobManager) times() {
	m.p.Helper()
	m.p.Until("its times are known", func() bool {
		t, err := m.Timing(m.p.Context(), m.Job)
		return err == nil && !t.AllRunningAt.IsZero()
	})
}

// wide waits until every vertex runs with a parallelism.
func (m *JobManager) wide(n int) {
	m.p.Helper()
	m.p.Until("the job runs with its new parallelism", func() bool {
		d, err := m.JobDetails(m.p.Context(), m.Job)
		widths := map[int]bool{}
		for _, v := range d.Vertices {
			widths[v.Parallelism] = true
		}
		return err == nil && d.AllRunning() && slices.Equal(slices.Collect(maps.Keys(widths)), []int{n})
	})
}
