package fake

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"drey/internal/flink"
)

func (m *JobManager) checkpointing() object {
	s := &m.snapshots
	latest := object{"completed": s.latest.show(), "savepoint": s.savepoint.show(), "failed": s.failed.show(), "restored": nil}
	if from := m.restored; from.times > 0 {
		// is_savepoint is true for every path that was given, also a checkpoint's (flink-measured.md 4b).
		latest["restored"] = object{"id": from.id, "restore_timestamp": millis(from.at), "is_savepoint": from.uri == m.restore, "external_path": from.uri}
	}
	history := []object{}
	for _, t := range s.history {
		history = append(history, t.show())
	}
	under := len(s.underWay())
	return object{"latest": latest, "history": history, "counts": object{
		"restored": m.restored.times, "total": s.completed + s.failures + under, "in_progress": under, "completed": s.completed, "failed": s.failures,
	}}
}

func (t *taken) show() object {
	if t == nil {
		return nil
	}
	shown := object{"id": t.id, "status": t.status(), "is_savepoint": t.kind != aCheckpoint, "checkpoint_type": t.kind,
		"trigger_timestamp": millis(t.begun), "latest_ack_timestamp": -1, "end_to_end_duration": time.Since(t.begun).Milliseconds(),
		"state_size": 16, "checkpointed_size": 16}
	if !t.end.IsZero() {
		shown["latest_ack_timestamp"], shown["end_to_end_duration"] = millis(t.end), t.end.Sub(t.begun).Milliseconds()
	}
	switch t.status() {
	case "COMPLETED":
		shown["external_path"], shown["discarded"] = t.uri, t.discarded
	case "FAILED":
		shown["failure_timestamp"], shown["failure_message"] = millis(t.end), t.failure
	}
	return shown
}

func (m *JobManager) checkpointConfig() object {
	interval := m.interval().Milliseconds()
	if interval == 0 {
		interval = never
	}
	backend, files := "EmbeddedRocksDBStateBackend", "FileSystemCheckpointStorage"
	if !m.hasGraph {
		backend, files = "Unknown", "Unknown"
	}
	return object{"mode": "exactly_once", "interval": interval, "timeout": 600000, "min_pause": 0, "max_concurrent": 1,
		"externalization": object{"enabled": true, "delete_on_cancellation": false}, "unaligned_checkpoints": false,
		"state_backend": backend, "checkpoint_storage": files}
}

const never = int64(^uint64(0) >> 1)

// The two kinds of triggers, of which a JobManager keeps separate books.
const (
	checkpointTrigger = "checkpoint"
	savepointTrigger  = "savepoint"
)

// triggerOf names a trigger among all.
func triggerOf(what, job, id string) string { return what + " " + job + " " + strings.ToLower(id) }

// triggerStatus is what came of what was asked for in the background.
func (m *JobManager) triggerStatus(r *http.Request, what string) answer {
	job, id := r.PathValue("job"), r.PathValue("trigger")
	t := m.triggers[triggerOf(what, job, id)]
	if t == nil || m.Behaviour.Trouble == Forgets && t.done {
		return missing(handlerException + "There is no " + what + " operation with triggerId=" + id + " for job " + job + ".")
	}
	if !t.done {
		return ok(object{"status": object{"id": "IN_PROGRESS"}, "operation": nil})
	}
	return ok(object{"status": object{"id": "COMPLETED"}, "operation": t.operation(what)})
}

func (t *trigger) operation(what string) object {
	failure := object{"class": "java.util.concurrent.CompletionException", "stack-trace": t.failure}
	switch {
	case what == savepointTrigger && t.failure != "":
		return object{"failure-cause": failure}
	case what == savepointTrigger:
		return object{"location": t.location}
	case t.failure != "":
		return object{"failureCause": failure}
	}
	return object{"checkpointId": t.id}
}

// asked is the body of what is done in the background.
type asked struct {
	TriggerID string `json:"triggerId"`
	Directory string `json:"target-directory"`
	StopTo    string `json:"targetDirectory"`
	Format    string `json:"formatType"`
}

var formats = map[string]bool{"": true, string(flink.Native): true, string(flink.Canonical): true}

// background notes a trigger once, and has it done; what a job that does not run can not do is told by its status.
func (m *JobManager) background(r *http.Request, what string, do func(asked, *trigger)) answer {
	var a asked
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil || !anID.MatchString(a.TriggerID) || !formats[a.Format] {
		return badRequest
	}
	accepted, name := answer{http.StatusAccepted, object{"request-id": a.TriggerID}}, triggerOf(what, r.PathValue("job"), a.TriggerID)
	if before := m.triggers[name]; before != nil && !(before.done && m.Behaviour.Trouble == Forgets) { // what is forgotten is asked for anew
		return accepted
	}
	t := &trigger{}
	m.triggers[name] = t
	switch {
	case !m.knows(r) || m.state.Terminal():
		t.done, t.failure = true, noJob(r.PathValue("job"))
	case m.stopping:
		t.done, t.failure = true, checkpointException+checkpointException+"Task name with subtask : "+m.uids()[0]+" (1/1)#0 Failure reason: Checkpoint was declined (task is closing)"
	case m.state != flink.Running || m.run == nil:
		t.done, t.failure = true, checkpointException+"Checkpoint triggering task is not being executed at the moment. Aborting checkpoint."
	default:
		do(a, t)
	}
	return accepted
}

func (m *JobManager) postCheckpoint(r *http.Request) answer {
	return m.background(r, checkpointTrigger, func(_ asked, t *trigger) { m.checkpoint(t.finish) })
}

func (m *JobManager) postSavepoint(r *http.Request) answer {
	return m.background(r, savepointTrigger, func(a asked, t *trigger) { m.savepoint(a.TriggerID, a.Directory, aSavepoint, t.finish) })
}

func (m *JobManager) postStop(r *http.Request) answer {
	return m.background(r, savepointTrigger, func(a asked, t *trigger) { m.stop(a.TriggerID, a.StopTo, t) })
}

// finish says what came of it.
func (t *trigger) finish(s *taken) {
	t.done, t.id, t.location = true, s.id, s.uri
	if s.failure != "" {
		t.failure = checkpointException + s.failure
	}
}
