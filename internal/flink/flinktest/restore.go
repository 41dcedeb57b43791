package flinktest

import "drey/internal/flink"

// restores is each way to begin with a snapshot, and each way that it cannot be.
func restores(p *Player) {
	origin := p.Start("origin", Cluster{TaskManagers: 1})
	origin.counts(atLeast(1))
	p.Title("where it comes from")
	r := flink.SavepointRequest{TriggerID: p.ID("savepoint"), Directory: account + "/origin"}
	origin.TriggerSavepoint(p.Context(), origin.Job, r)
	savepoint := origin.savepoint(origin.Job, r.TriggerID)
	id := p.ID("checkpoint")
	origin.TriggerCheckpoint(p.Context(), origin.Job, id)
	origin.checkpoint(origin.Job, id)
	checkpoint := origin.counts(atLeast(3)).LatestCompleted.Path
	origin.Kill()

	begins(p, "from a savepoint", Cluster{TaskManagers: 1, Restore: savepoint})
	begins(p, "from a checkpoint", Cluster{TaskManagers: 1, Restore: checkpoint})
	begins(p, "without an operator's state", Cluster{TaskManagers: 1, Restore: savepoint, Operator: "other", Lenient: true})
	cannotBegin(p, "an operator is gone", Cluster{Restore: savepoint, Operator: "other"})
	cannotBegin(p, "nothing is there", Cluster{Restore: account + "/nothing/savepoint-0123456789ab"})
}

// begins is a job that begins with a snapshot, and makes the next.
func begins(p *Player, how string, c Cluster) {
	p.Title(how)
	m := p.Start(how, c)
	m.counts(atLeast(1))
	id := p.ID("next checkpoint " + how)
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.checkpoint(m.Job, id)
	m.counts(atLeast(2))
	m.Exceptions(p.Context(), m.Job)
	m.Kill()
}

// cannotBegin is a job that is FAILED before it runs.
func cannotBegin(p *Player, why string, c Cluster) {
	p.Title(why)
	m := p.Hold(why, c)
	m.Release()
	m.Is(flink.Failed)
	m.fails(1)
	m.ask(m.Job)
	m.Cancel(p.Context(), m.Job)
	m.Overview(p.Context())
	m.tryAll(m.Job, "where "+why)
	m.Kill()
}
