package fake

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"drey/internal/flink"
)

// status is the job's state. Asking may be what its end waits for.
func (m *JobManager) status(r *http.Request) answer {
	if !m.knows(r) {
		return broken(noJob(r.PathValue("job")))
	}
	if m.unseen != nil {
		m.after(m.Behaviour.Latency/2, m.unseen)
		m.unseen = nil
	}
	return ok(object{"status": m.state})
}

func (m *JobManager) overview() object {
	counts := object{"flink-version": m.Version, "taskmanagers": len(m.taskManagers), "slots-total": m.slots(), "slots-available": m.slots() - m.taken(),
		"jobs-running": 0, "jobs-finished": 0, "jobs-cancelled": 0, "jobs-failed": 0}
	switch m.state {
	case "":
	case flink.Finished:
		counts["jobs-finished"] = 1
	case flink.Canceled:
		counts["jobs-cancelled"] = 1
	case flink.Failed:
		counts["jobs-failed"] = 1
	default:
		counts["jobs-running"] = 1
	}
	return counts
}

// taken are the slots that tasks are in.
func (m *JobManager) taken() int {
	if m.job == "" || m.state.Terminal() || m.deployed.IsZero() {
		return 0
	}
	return min(m.wanted, m.slots())
}

func (m *JobManager) webConfig() object {
	refresh, err := strconv.Atoi(m.Config["web.refresh-interval"])
	if err != nil {
		refresh = 3000
	}
	return object{"flink-version": m.Version, "refresh-interval": refresh,
		"features": object{"web-submit": false, "web-cancel": true, "web-rescale": false, "web-history": false}}
}

func (m *JobManager) listTaskManagers() object {
	all := []object{}
	for id, path := range m.taskManagers {
		all = append(all, object{"id": id, "path": path})
	}
	return object{"taskmanagers": all}
}

func (m *JobManager) jobsOverview() object {
	if m.job == "" {
		return object{"jobs": []object{}}
	}
	return object{"jobs": []object{{"jid": m.job, "name": m.name(), "state": m.state, "start-time": millis(m.created), "end-time": millis(m.ended),
		"tasks": object{"total": m.wanted, strings.ToLower(m.taskState()): m.wanted}}}}
}

func (m *JobManager) name() string { return m.Config["pipeline.name"] }

func (m *JobManager) details() object {
	vertices := []object{}
	if m.hasGraph {
		vertices = append(vertices, object{
			"id": m.operators()[0], "name": m.uids()[0], "parallelism": m.wanted, "maxParallelism": maxParallelism, "status": m.vertexState(),
			"tasks": object{m.taskState(): m.wanted},
		})
	}
	return object{"jid": m.job, "name": m.name(), "state": m.state, "start-time": millis(m.created), "end-time": millis(m.ended), "vertices": vertices}
}

const maxParallelism = 128

// vertexState is the state of all tasks as one; for Flink that of a vertex whose tasks wait is CREATED.
func (m *JobManager) vertexState() string {
	if state := m.taskState(); state != "SCHEDULED" {
		return state
	}
	return "CREATED"
}

// taskState is the state of all tasks.
func (m *JobManager) taskState() string {
	switch {
	case m.state.Terminal():
		return string(m.state)
	case m.state == flink.Cancelling:
		return "CANCELING"
	case m.state == flink.Restarting: // Flink makes new executions of the tasks when it starts them again
		return "FAILED"
	case m.run != nil:
		return "RUNNING"
	case !m.deployed.IsZero():
		return "DEPLOYING"
	}
	return "SCHEDULED"
}

func (m *JobManager) subtaskTimes() object {
	times := object{"DEPLOYING": millis(m.deployed), "INITIALIZING": 0, "RUNNING": 0}
	if m.run != nil {
		times["INITIALIZING"], times["RUNNING"] = millis(m.deployed), millis(m.run.Began)
	}
	all := make([]object, m.wanted)
	for i := range all {
		all[i] = object{"subtask": i, "timestamps": times}
	}
	return object{"id": m.operators()[0], "subtasks": all}
}

func (m *JobManager) exceptions() object {
	entries := []object{}
	for _, f := range m.failures {
		class, _, _ := strings.Cut(f.stack, ":")
		entry := object{"exceptionName": class, "stacktrace": f.stack, "timestamp": millis(f.at)}
		if m.hasGraph { // a task's
			entry["taskName"], entry["taskManagerId"] = m.uids()[0]+" (1/1) - execution #0", flink.TaskManagerID(0)
		}
		entries = append(entries, entry)
	}
	shown := object{"exceptionHistory": object{"entries": entries, "truncated": false}}
	if len(m.failures) > 0 && m.old() {
		shown["root-exception"], shown["timestamp"] = m.failures[0].stack, millis(m.failures[0].at)
	}
	return shown
}

// patch cancels; a job that ended otherwise is a conflict.
func (m *JobManager) patch(*http.Request) answer {
	switch {
	case m.state == flink.Canceled:
	case m.state.Terminal():
		return refused(http.StatusConflict, handlerException+"Job cancellation failed because the job has already reached another terminal state ("+string(m.state)+").")
	case m.state != flink.Cancelling:
		m.cancel()
	}
	return answer{http.StatusAccepted, object{}}
}

// millis is a time as Flink writes it: -1 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return -1
	}
	return t.UnixMilli()
}
