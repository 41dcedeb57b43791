package simtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"drey/internal/flink"
)

type object = map[string]any

// mux is as much of a JobManager's REST interface as Drey asks for. It is served with the lock held.
func (m *JobManager) mux() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) any{
		"GET /jobs/{job}/status":                    func(*http.Request) any { return m.status() },
		"GET /jobs/{job}":                           func(*http.Request) any { return m.details() },
		"GET /jobs/{job}/vertices/{v}/subtasktimes": func(*http.Request) any { return m.subtaskTimes() },
		"GET /jobs/{job}/exceptions":                func(*http.Request) any { return object{} },
		"GET /jobs/{job}/checkpoints":               func(*http.Request) any { return m.checkpoints() },
		"GET /jobs/{job}/checkpoints/config":        func(*http.Request) any { return object{"interval": m.interval().Milliseconds()} },
		"GET /jobs/{job}/checkpoints/{trigger}":     m.checkpointStatus,
		"GET /jobs/{job}/savepoints/{trigger}":      m.savepointStatus,
		"POST /jobs/{job}/checkpoints":              m.postCheckpoint,
		"POST /jobs/{job}/stop":                     m.postStop,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var body any
			if m.job != "" && r.PathValue("job") == m.job {
				body = answer(r)
			}
			if body == nil {
				w.WriteHeader(http.StatusNotFound)
				body = object{"errors": []string{"not found"}}
			}
			_ = json.NewEncoder(w).Encode(body)
		})
	}
	return mux
}

func (m *JobManager) details() any {
	tasks := object{}
	if m.run != nil {
		tasks[string(m.state)] = 1
	}
	return object{"jid": m.job, "name": "counter", "state": m.state, "start-time": millis(m.created),
		"vertices": []object{{"id": counterID, "name": "counter", "parallelism": 1, "maxParallelism": 128, "tasks": tasks}}}
}

func (m *JobManager) subtaskTimes() any {
	times := object{"DEPLOYING": millis(m.created)}
	if m.run != nil {
		times["INITIALIZING"], times["RUNNING"] = millis(m.created), millis(m.run.Began)
	}
	return object{"subtasks": []object{{"timestamps": times}}}
}

func (m *JobManager) checkpoints() any {
	latest := object{}
	if m.latest != "" {
		latest["completed"] = object{"id": m.latestID, "status": "COMPLETED", "external_path": m.latest}
	}
	if m.restored != "" && m.run != nil {
		latest["restored"] = object{"id": 1, "external_path": m.restored}
	}
	return object{"latest": latest}
}

func (m *JobManager) checkpointStatus(r *http.Request) any {
	t := m.triggers[r.PathValue("trigger")]
	if t == nil {
		return nil
	}
	return t.answer(object{"checkpointId": t.id})
}

func (m *JobManager) savepointStatus(r *http.Request) any {
	t := m.triggers[r.PathValue("trigger")]
	if t == nil {
		return nil
	}
	return t.answer(object{"location": t.location})
}

func (t *trigger) answer(operation object) any {
	if !t.done {
		return object{"status": object{"id": "IN_PROGRESS"}}
	}
	return object{"status": object{"id": "COMPLETED"}, "operation": operation}
}

func (m *JobManager) postCheckpoint(r *http.Request) any {
	id, _ := asked(r)
	if m.triggers[id] == nil {
		t := &trigger{}
		m.triggers[id] = t
		m.takeCheckpoint(func(n int64, _ string) { t.done, t.id = true, n })
	}
	return object{"request-id": id}
}

// postStop takes a trigger's id once; to repeat it is no second stop.
func (m *JobManager) postStop(r *http.Request) any {
	id, directory := asked(r)
	if m.triggers[id] == nil && m.state == flink.Running && !m.stopping {
		m.stop(id, directory)
	}
	return object{"request-id": id}
}

func asked(r *http.Request) (id, directory string) {
	var body struct{ TriggerID, TargetDirectory string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	return body.TriggerID, body.TargetDirectory
}

func millis(t time.Time) int64 { return t.UnixMilli() }

// configDuration reads one of Flink's durations, "500 ms".
func configDuration(text string) (time.Duration, error) {
	return time.ParseDuration(strings.ReplaceAll(text, " ", ""))
}
