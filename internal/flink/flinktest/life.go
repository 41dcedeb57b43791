package flinktest

import "drey/internal/flink"

// life is a job that starts empty, is asked for everything, and is stopped.
func life(p *Player) {
	m := p.Hold("job", Cluster{TaskManagers: 1})
	p.Title("the gate holds")
	m.registers(1)
	m.Config(p.Context())
	m.frees(1)
	m.JobsOverview(p.Context())
	m.ask(m.Job)
	m.Release()
	p.Title("it runs")
	m.Runs()
	m.Is(flink.Running)
	m.frees(0)
	m.JobsOverview(p.Context())
	m.times()
	m.counts(atLeast(1)) // Flink makes one as soon as the tasks run
	m.ask(m.Job)
	p.Title("a scheduler that does not rescale")
	m.Raw("PUT", "/jobs/"+m.Job+"/resource-requirements", "{}")
	savepoints(p, m)
	checkpoints(p, m)
	malformed(p, m)
	p.Title("of a job that is not known")
	stranger := p.ID("stranger")
	m.ask(stranger)
	m.Cancel(p.Context(), stranger)
	m.tryAll(stranger, "of a stranger")
	stopped(p, m)
}

// ask asks everything that can be asked of a job without an effect.
func (m *JobManager) ask(job string) {
	ctx := m.p.Context()
	m.JobStatus(ctx, job)
	m.JobDetails(ctx, job)
	m.Exceptions(ctx, job)
	m.Checkpoints(ctx, job)
	m.CheckpointConfig(ctx, job)
	m.Timing(ctx, job)
	m.SavepointStatus(ctx, job, m.p.ID("never sent"))
	m.CheckpointStatus(ctx, job, m.p.ID("never sent"))
	m.RescaleTo(ctx, job, map[string]int{})
}

func savepoints(p *Player, m *JobManager) {
	p.Title("a savepoint, asked for twice, and then with another directory")
	first := flink.SavepointRequest{TriggerID: p.ID("first savepoint"), Directory: account + "/first"}
	m.TriggerSavepoint(p.Context(), m.Job, first)
	m.TriggerSavepoint(p.Context(), m.Job, first)
	m.savepoint(m.Job, first.TriggerID)
	other := first
	other.Directory = account + "/other"
	m.TriggerSavepoint(p.Context(), m.Job, other)
	m.savepoint(m.Job, first.TriggerID)
	p.Title("a savepoint's trigger is none of a checkpoint")
	m.CheckpointStatus(p.Context(), m.Job, first.TriggerID)
	p.Title("a canonical savepoint")
	second := flink.SavepointRequest{TriggerID: p.ID("canonical savepoint"), Directory: account + "/first", Format: flink.Canonical}
	m.TriggerSavepoint(p.Context(), m.Job, second)
	m.savepoint(m.Job, second.TriggerID)
	m.counts(atLeast(3))
}

func checkpoints(p *Player, m *JobManager) {
	p.Title("a checkpoint, asked for twice, and after its end")
	id := p.ID("checkpoint")
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.checkpoint(m.Job, id)
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.checkpoint(m.Job, id)
	m.counts(atLeast(4))
}

func malformed(p *Player, m *JobManager) {
	p.Title("requests that Flink refuses")
	at, to := "/jobs/"+m.Job, account+"/first"
	m.TriggerCheckpoint(p.Context(), m.Job, "short")
	m.TriggerCheckpoint(p.Context(), m.Job, "00112233-4455-6677-8899-aabbccddeeff")
	m.TriggerSavepoint(p.Context(), m.Job, flink.SavepointRequest{TriggerID: "short", Directory: to})
	m.TriggerSavepoint(p.Context(), m.Job, flink.SavepointRequest{TriggerID: p.ID("odd format"), Directory: to, Format: "ODD"})
	m.Stop(p.Context(), m.Job, flink.SavepointRequest{TriggerID: "short", Directory: to})
	m.Raw("POST", at+"/savepoints", "no JSON")
	m.SavepointStatus(p.Context(), m.Job, "short")
	m.CheckpointStatus(p.Context(), m.Job, "short")
	m.JobStatus(p.Context(), "short")
	m.Raw("GET", at+"/nothing", "")
	m.Raw("POST", "/jars/upload", "")
	m.Raw("POST", "/jobs", "")
}
