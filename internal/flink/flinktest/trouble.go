package flinktest

import (
	"drey/internal/flink"
	"drey/internal/flink/fake"
)

// throws is a main() that throws: the JobManager lives on, without a job.
func throws(p *Player) {
	m := p.Hold("job", Cluster{Trouble: fake.ThrowsInMain})
	m.Release()
	m.Failed()
	m.JobsOverview(p.Context())
	m.JobStatus(p.Context(), m.Job)
	m.Overview(p.Context())
}

// loops is a job whose tasks fail soon after each start.
func loops(p *Player) {
	m := p.Hold("job", Cluster{TaskManagers: 1, Trouble: fake.Loops})
	m.Release()
	p.Title("it has failed twice")
	m.fails(2)
	p.Title("between two attempts")
	m.Is(flink.Restarting)
	p.Title("another attempt")
	m.Is(flink.Running)
	p.Title("cancelled between two attempts")
	m.Is(flink.Restarting)
	m.Cancel(p.Context(), m.Job)
	m.Is(flink.Canceled)
	m.Exceptions(p.Context(), m.Job)
}

// noCheckpoint is a job whose checkpoints come to nothing.
func noCheckpoint(p *Player) {
	m := p.Start("job", Cluster{TaskManagers: 1, Trouble: fake.NoCheckpoint, Config: map[string]string{
		"execution.checkpointing.timeout": "1 s", "execution.checkpointing.tolerable-failed-checkpoints": "100",
	}})
	m.counts(func(c flink.Checkpoints) bool { return c.LatestFailed != nil })
	p.Title("a checkpoint")
	id := p.ID("checkpoint")
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.checkpoint(m.Job, id)
	m.counts(func(c flink.Checkpoints) bool { return c.LatestFailed != nil && c.LatestFailed.ID == 2 })
	m.JobStatus(p.Context(), m.Job)
	m.Exceptions(p.Context(), m.Job)
}

// lost is a TaskManager that is killed, and replaced.
func lost(p *Player) {
	m := p.Start("job", Cluster{TaskManagers: 1})
	p.Title("before")
	m.registers(1)
	m.counts(atLeast(1))
	p.Title("it is lost")
	m.LoseTaskManager()
	m.registers(0)
	m.fails(1)
	p.Title("the job waits for slots")
	p.Until("its tasks wait", func() bool {
		d, err := m.JobDetails(p.Context(), m.Job)
		return err == nil && len(d.Vertices) > 0 && d.Vertices[0].Tasks["SCHEDULED"] == 1
	})
	m.JobStatus(p.Context(), m.Job)
	m.Overview(p.Context())
	p.Title("another came in its place")
	m.ReplaceTaskManager()
	m.registers(1)
	m.Runs()
	m.counts(func(c flink.Checkpoints) bool { return c.LatestRestored != nil })
	m.times()
	m.Exceptions(p.Context(), m.Job)
}
