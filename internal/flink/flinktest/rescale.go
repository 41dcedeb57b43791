package flinktest

// rescaled is a job of the adaptive scheduler whose parallelism changes.
func rescaled(p *Player) {
	m := p.Start("job", Cluster{TaskManagers: 1, Config: map[string]string{
		"jobmanager.scheduler": "adaptive", "taskmanager.numberOfTaskSlots": "2", "parallelism.default": "1",
		"jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "0 s", // by default it rescales 30 s after it began at the earliest
	}})
	m.counts(atLeast(1))
	p.Title("as it began")
	d, err := m.JobDetails(p.Context(), m.Job)
	if err != nil {
		p.Fatal(err)
	}
	all := func(n int) map[string]int {
		to := map[string]int{}
		for _, v := range d.Vertices {
			to[v.ID] = n
		}
		return to
	}
	m.RescaleTo(p.Context(), m.Job, map[string]int{})
	p.Title("a parallelism above the maximum")
	m.RescaleTo(p.Context(), m.Job, all(4096))
	p.Title("two: asked for, and with the next checkpoint")
	m.RescaleTo(p.Context(), m.Job, all(2))
	m.RescaleTo(p.Context(), m.Job, map[string]int{})
	m.JobDetails(p.Context(), m.Job)
	id := p.ID("checkpoint")
	m.TriggerCheckpoint(p.Context(), m.Job, id)
	m.checkpoint(m.Job, id)
	m.wide(2)
	p.Title("afterwards")
	m.counts(atLeast(3))
	m.times()
	m.ask(m.Job)
}
