package flinktest

import (
	"drey/internal/flink"
	"drey/internal/flink/fake"
)

// stopped is a stop of the job of life, and what is seen afterwards.
func stopped(p *Player, m *JobManager) {
	p.Title("a stop, asked for twice")
	stop := flink.SavepointRequest{TriggerID: p.ID("stop"), Directory: account + "/stop"}
	m.Stop(p.Context(), m.Job, stop)
	m.Stop(p.Context(), m.Job, stop)
	m.savepoint(m.Job, stop.TriggerID)
	m.Is(flink.Finished)
	m.counts(func(c flink.Checkpoints) bool { return c.Completed == 5 && c.LatestCompleted.Discarded })
	m.seen(flink.Finished)
	p.Title("the same stop after the end")
	m.Stop(p.Context(), m.Job, stop)
	m.savepoint(m.Job, stop.TriggerID)
	m.tryAll(m.Job, "after the end")
	p.Title("a cancel after the end")
	m.Cancel(p.Context(), m.Job)
	p.Title("after the end")
	m.frees(1)
	m.JobsOverview(p.Context())
	m.TaskManagers(p.Context())
	m.ask(m.Job)
}

// tryAll asks for what can not come to anything.
func (m *JobManager) tryAll(job, when string) {
	p := m.p
	p.Title("a stop, a savepoint, a checkpoint " + when)
	r := flink.SavepointRequest{TriggerID: p.ID("stop " + when), Directory: account + "/late"}
	m.Stop(p.Context(), job, r)
	m.savepoint(job, r.TriggerID)
	r.TriggerID = p.ID("savepoint " + when)
	m.TriggerSavepoint(p.Context(), job, r)
	m.savepoint(job, r.TriggerID)
	id := p.ID("checkpoint " + when)
	m.TriggerCheckpoint(p.Context(), job, id)
	m.checkpoint(job, id)
}

// hangs is a stop whose savepoint is complete, while the tasks do not end; then a cancel.
func hangs(p *Player) {
	m := p.Start("job", Cluster{TaskManagers: 1, Trouble: fake.HangsClosing})
	m.counts(atLeast(1))
	p.Title("a stop")
	stop := flink.SavepointRequest{TriggerID: p.ID("stop"), Directory: account + "/hangs"}
	m.Stop(p.Context(), m.Job, stop)
	m.counts(atLeast(2))
	m.SavepointStatus(p.Context(), m.Job, stop.TriggerID)
	m.JobStatus(p.Context(), m.Job)
	p.Title("a checkpoint while it stops")
	id := p.ID("checkpoint")
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.checkpoint(m.Job, id)
	p.Title("a cancel while it stops")
	m.Cancel(p.Context(), m.Job)
	m.JobStatus(p.Context(), m.Job)
	m.SavepointStatus(p.Context(), m.Job, stop.TriggerID)
}

// cancelled is a job that is cancelled, twice, and asked for more.
func cancelled(p *Player) {
	m := p.Start("job", Cluster{TaskManagers: 1})
	m.counts(atLeast(1))
	p.Title("a cancel")
	m.Cancel(p.Context(), m.Job)
	m.Is(flink.Canceled)
	p.Title("a cancel again")
	m.Cancel(p.Context(), m.Job)
	p.Title("afterwards")
	m.seen(flink.Canceled)
	m.Checkpoints(p.Context(), m.Job)
	m.tryAll(m.Job, "after a cancel")
	m.Exceptions(p.Context(), m.Job)
	m.frees(1)
}
