package fake

import (
	"encoding/json"
	"net/http"
)

// requirements of a job's vertices; only the adaptive scheduler has them.
type requirements map[string]struct {
	Parallelism struct {
		Lower int `json:"lowerBound"`
		Upper int `json:"upperBound"`
	} `json:"parallelism"`
}

func (m *JobManager) adaptive() bool { return m.Config["jobmanager.scheduler"] == "adaptive" }

func (m *JobManager) requirements(r *http.Request) answer {
	switch {
	case !m.knows(r) || m.state.Terminal():
		return broken(noJob(r.PathValue("job")))
	case !m.adaptive():
		return broken("java.lang.UnsupportedOperationException: The DefaultScheduler does not support changing the parallelism without a job restart." +
			" This feature is currently only expected to work with the AdaptiveScheduler.")
	}
	return ok(object{m.operators()[0]: object{"parallelism": object{"lowerBound": 1, "upperBound": m.upper}}})
}

// declare notes the parallelism that is wanted.
func (m *JobManager) declare(r *http.Request) answer {
	var asked requirements
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked) == 0 {
		return badRequest
	}
	if a := m.requirements(r); a.status != http.StatusOK {
		return a
	}
	n := asked[m.operators()[0]].Parallelism.Upper
	if n < 1 || n > maxParallelism {
		return badRequest
	}
	m.upper = n
	return ok(object{})
}

// rescale restarts the tasks in place with the parallelism that was declared. Flink does so when a checkpoint is complete, from that.
func (m *JobManager) rescale() {
	n := min(m.upper, m.slots())
	if !m.adaptive() || n == m.wanted || n == 0 || m.stopping {
		return
	}
	m.halt()
	m.attempt++
	m.wanted, m.run = n, nil
	m.failTriggers("org.apache.flink.util.FlinkException: The job is restarted with another parallelism.")
	m.schedule()
}
