package flinktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type object = map[string]any

// kind is how a value of an answer is noted.
type kind int

const (
	word   kind = iota // as it is, with names for ids
	some               // its type only
	when               // whether there is a time
	same               // by the order in which a value was first seen: #1, #2
	stack              // its last cause
	counts             // of tasks by their state
	parts              // the same, but how many is not certain
)

// fields are those of an object that Drey reads: a kind, or the fields of the object, or of the objects in the list.
type fields map[string]any

// read are the answers that Drey reads. What it does not read is not noted.
var read = map[string]fields{
	"GET /config": {"flink-version": word, "refresh-interval": word, "features": fields{"web-submit": word, "web-cancel": word}},
	"GET /overview": {"flink-version": word, "taskmanagers": word, "slots-total": word, "slots-available": word, "jobs-running": word,
		"jobs-finished": word, "jobs-cancelled": word, "jobs-failed": word},
	"GET /taskmanagers":  {"taskmanagers": fields{"id": word, "path": same}},
	"GET /jobs/overview": {"jobs": with(job, fields{"tasks": parts})},
	"GET /jobs/*": with(job, fields{"vertices": fields{
		"id": word, "name": some, "parallelism": word, "maxParallelism": word, "status": word, "tasks": counts,
	}}),
	"GET /jobs/*/status": {"status": word},
	"PATCH /jobs/*":      {},
	"GET /jobs/*/exceptions": {"root-exception": stack, "timestamp": when, "exceptionHistory": fields{"entries": fields{
		"exceptionName": word, "stacktrace": stack, "timestamp": when, "taskName": some, "taskManagerId": word,
	}}},
	"GET /jobs/*/checkpoints": {
		// How many fail before all tasks run is not certain.
		"counts":  fields{"restored": word, "total": some, "in_progress": word, "completed": word, "failed": some},
		"latest":  fields{"completed": complete, "savepoint": complete, "failed": snapshot, "restored": snapshot},
		"history": snapshot,
	},
	"GET /jobs/*/checkpoints/config": {"mode": word, "interval": word, "timeout": word, "min_pause": word, "max_concurrent": word,
		"externalization": fields{"enabled": word, "delete_on_cancellation": word}, "unaligned_checkpoints": word, "state_backend": word,
		"checkpoint_storage": word},
	"GET /jobs/*/checkpoints/*": {"status": fields{"id": word}, "operation": fields{
		"checkpointId": word, "failureCause": fields{"class": word, "stack-trace": stack},
	}},
	"GET /jobs/*/savepoints/*": {"status": fields{"id": word}, "operation": fields{
		"location": word, "failure-cause": fields{"class": word, "stack-trace": stack},
	}},
	"POST /jobs/*/checkpoints": {"request-id": word},
	"POST /jobs/*/savepoints":  {"request-id": word},
	"POST /jobs/*/stop":        {"request-id": word},
	"GET /jobs/*/vertices/*/subtasktimes": {"subtasks": fields{"timestamps": fields{
		"DEPLOYING": when, "INITIALIZING": when, "RUNNING": when,
	}}},
	"GET /jobs/*/resource-requirements": {"{id}": fields{"parallelism": fields{"lowerBound": word, "upperBound": word}}},
	"PUT /jobs/*/resource-requirements": {},
}

var (
	job      = fields{"jid": word, "name": some, "state": word, "start-time": when, "end-time": when}
	snapshot = fields{
		"id": word, "status": word, "is_savepoint": word, "checkpoint_type": word, "external_path": word, "trigger_timestamp": when,
		"state_size": some, "checkpointed_size": some, "end_to_end_duration": some, "discarded": word,
		"failure_timestamp": when, "failure_message": stack, "restore_timestamp": when,
	}
	complete = with(snapshot, fields{"latest_ack_timestamp": when}) // of another one it is not certain
)

func with(a, b fields) fields {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

var named = regexp.MustCompile(`\{[^}]*\}`)

// step is what was asked and answered.
func (p *Player) step(request *http.Request, sent []byte, status int, got []byte) Step {
	asked := request.Method + " " + p.name(request.URL.Path)
	known, ok := read[named.ReplaceAllString(asked, "*")]
	if !ok && status < 300 {
		p.Errorf("%s: the table does not say what Drey reads of it", asked)
	}
	s := Step{Asked: asked, Body: p.decode(sent), Status: status}
	if status == http.StatusBadRequest {
		return s // what is wrong with a request is told in words that change, which nobody reads
	}
	if status >= 300 {
		known = fields{"errors": stack}
	}
	if shown, _ := p.shape(p.decode(got), known).(object); len(shown) > 0 {
		s.Answer = shown
	}
	return s
}

// decode reads JSON, with names for ids; what is no JSON is shown as text.
func (p *Player) decode(raw []byte) (v any) {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(p.name(string(raw)))))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return p.name(string(raw))
	}
	return v
}

var (
	anID    = regexp.MustCompile(`\b[0-9a-fA-F]{32}\b`)
	aName   = regexp.MustCompile(`savepoint-[0-9a-f]{6}-[0-9a-f]{12}`)
	noticed = regexp.MustCompile(`\.(?:jobmaster\.JobMaster|resourcemanager\.exceptions\.ResourceManager)Exception`)
)

// name puts names where ids are, and where it is not certain who notices the loss of a TaskManager first.
func (p *Player) name(text string) string {
	text = anID.ReplaceAllStringFunc(text, func(id string) string {
		if name, ok := p.names[id]; ok {
			return "{" + name + "}"
		}
		return "{id}"
	})
	text = noticed.ReplaceAllString(text, ".{JobMaster or ResourceManager}Exception")
	return aName.ReplaceAllString(text, "savepoint-{name}")
}

// shape is what is noted of a value: known is its kind, or its fields.
func (p *Player) shape(v, known any) any {
	switch v := v.(type) {
	case object:
		return p.ofObject(v, known)
	case []any:
		return p.ofList(v, known)
	case json.Number:
		return ofNumber(v, known)
	case string:
		switch known {
		case some:
			return "text"
		case stack:
			return p.cause(v)
		case same:
			return p.order(v)
		}
	}
	return v
}

func (p *Player) ofObject(v object, known any) object {
	shown := object{}
	for name, value := range v {
		switch known := known.(type) {
		case fields:
			if k, ok := known[name]; ok {
				shown[name] = p.shape(value, k)
			}
		case kind:
			if value != json.Number("0") {
				shown[name] = ofNumber(value.(json.Number), known)
			}
		}
	}
	if known == counts {
		return upToNow(shown)
	}
	return shown
}

// upToNow adds tasks that run and tasks that have finished, as Drey does: when a source has nothing left to read is not certain.
func upToNow(tasks object) object {
	sum := 0
	for _, state := range []string{"RUNNING", "FINISHED"} {
		if n, ok := tasks[state].(json.Number); ok {
			more, _ := strconv.Atoi(n.String())
			sum += more
			delete(tasks, state)
		}
	}
	if sum > 0 {
		tasks["RUNNING or FINISHED"] = sum
	}
	return tasks
}

// ofList shows elements that look the same once.
func (p *Player) ofList(v []any, known any) any {
	shown, seen := []any{}, []string{}
	for _, one := range v {
		element := p.shape(one, known)
		if text := encode(element); !slices.Contains(seen, text) {
			shown, seen = append(shown, element), append(seen, text)
		}
	}
	return shown
}

func ofNumber(n json.Number, known any) any {
	switch {
	case known == when && (n == "0" || n == "-1"):
		return "no time"
	case known == when:
		return "time"
	case known == some || known == parts:
		return "number"
	}
	return n
}

// order tells values apart that differ each time.
func (p *Player) order(text string) string {
	if p.told[text] == 0 {
		p.told[text] = len(p.told) + 1
	}
	return fmt.Sprintf("#%d", p.told[text])
}

var (
	causedBy  = regexp.MustCompile(`(?m)^\s*Caused by: (.*)$`)
	onRequest = regexp.MustCompile(` on request after \d+ numbers`)
	subtask   = regexp.MustCompile(`with subtask : .* \(\d+/\d+\)#\d+`)
)

// cause is the first line of the last cause of a stack.
func (p *Player) cause(text string) string {
	text = strings.TrimPrefix(strings.TrimSpace(text), "<Exception on server side:\n")
	line, _, _ := strings.Cut(text, "\n")
	if all := causedBy.FindAllStringSubmatch(text, -1); len(all) > 0 {
		line = all[len(all)-1][1]
	}
	line = onRequest.ReplaceAllString(p.name(line), " on request")
	return subtask.ReplaceAllString(line, "with subtask : {task}")
}
