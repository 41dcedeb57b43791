package flink

// Effective is the configuration that p's processes get, but for what is one incarnation's own: addresses, folders, names.
func (p Plan) Effective() (map[string]string, error) {
	memory, err := NewMemory(p.Config, p.JobManager, p.TaskManager, p.Program.class())
	if err != nil {
		return nil, err
	}
	config, err := p.config(memory)
	if err != nil {
		return nil, err
	}
	for key := range p.own() {
		delete(config, key)
	}
	return config, nil
}
