package fake

import (
	"encoding/json"
	"net/http"
	"regexp"
)

type object = map[string]any

// answer is what a handler says; a nil body is nothing but the status.
type answer struct {
	status int
	body   any
}

func ok(body any) answer { return answer{http.StatusOK, body} }

func refused(status int, stack ...string) answer { return answer{status, object{"errors": stack}} }

// broken is an error of the JobManager's own, which it shows with all of its stack.
func broken(stack string) answer {
	return refused(http.StatusInternalServerError, "Internal server error.", "<Exception on server side:\n"+stack+"\n\nEnd of exception on server side>")
}

func missing(what string) answer { return refused(http.StatusNotFound, what) }

const handlerException = "org.apache.flink.runtime.rest.handler.RestHandlerException: "

func noJob(id string) string {
	return "org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (" + id + ")"
}

// handler answers one kind of request of a JobManager, which is locked.
type handler func(*JobManager, *http.Request) answer

// ofJob are the routes of the one job; without it, they are not found (404).
var ofJob = map[string]handler{
	"GET /jobs/{job}":                           func(m *JobManager, _ *http.Request) answer { return ok(m.details()) },
	"PATCH /jobs/{job}":                         (*JobManager).patch,
	"GET /jobs/{job}/exceptions":                func(m *JobManager, _ *http.Request) answer { return ok(m.exceptions()) },
	"GET /jobs/{job}/checkpoints":               func(m *JobManager, _ *http.Request) answer { return ok(m.checkpointing()) },
	"GET /jobs/{job}/checkpoints/config":        func(m *JobManager, _ *http.Request) answer { return ok(m.checkpointConfig()) },
	"GET /jobs/{job}/vertices/{v}/subtasktimes": func(m *JobManager, _ *http.Request) answer { return ok(m.subtaskTimes()) },
}

// ofAny are the others, which say themselves what they make of an unknown job. Flink accepts triggers: what came of them is in their status.
var ofAny = map[string]handler{
	"GET /overview":                         func(m *JobManager, _ *http.Request) answer { return ok(m.overview()) },
	"GET /config":                           func(m *JobManager, _ *http.Request) answer { return ok(m.webConfig()) },
	"GET /taskmanagers":                     func(m *JobManager, _ *http.Request) answer { return ok(m.listTaskManagers()) },
	"GET /jobs/overview":                    func(m *JobManager, _ *http.Request) answer { return ok(m.jobsOverview()) },
	"POST /jobs/{job}/checkpoints":          (*JobManager).postCheckpoint,
	"POST /jobs/{job}/savepoints":           (*JobManager).postSavepoint,
	"POST /jobs/{job}/stop":                 (*JobManager).postStop,
	"GET /jobs/{job}/status":                (*JobManager).status,
	"GET /jobs/{job}/checkpoints/{trigger}": func(m *JobManager, r *http.Request) answer { return m.triggerStatus(r, checkpointTrigger) },
	"GET /jobs/{job}/savepoints/{trigger}":  func(m *JobManager, r *http.Request) answer { return m.triggerStatus(r, savepointTrigger) },
	"GET /jobs/{job}/resource-requirements": (*JobManager).requirements,
	"PUT /jobs/{job}/resource-requirements": (*JobManager).declare,
	"GET /": func(_ *JobManager, r *http.Request) answer {
		return missing("Unable to load requested file " + r.URL.Path + ".")
	},
	"/": func(_ *JobManager, r *http.Request) answer { return missing("Not found: " + r.URL.Path) },
}

// routes are as much of a JobManager's REST interface as Drey asks for; all JobManagers share them.
var routes = mux()

type managerKey struct{}

func mux() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, do handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !wellFormed(r) {
				write(w, badRequest)
				return
			}
			write(w, do(r.Context().Value(managerKey{}).(*JobManager), r))
		})
	}
	for pattern, do := range ofAny {
		handle(pattern, do)
	}
	for pattern, do := range ofJob {
		handle(pattern, func(m *JobManager, r *http.Request) answer {
			if !m.knows(r) {
				return missing(noJob(r.PathValue("job")))
			}
			return do(m, r)
		})
	}
	return mux
}

// knows says that a request is of the one job.
func (m *JobManager) knows(r *http.Request) bool { return m.job != "" && r.PathValue("job") == m.job }

var (
	anID       = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	badRequest = refused(http.StatusBadRequest, "Bad request")
)

// wellFormed says that the ids of a path are ids.
func wellFormed(r *http.Request) bool {
	for _, name := range []string{"job", "trigger", "v"} {
		if id := r.PathValue(name); id != "" && !anID.MatchString(id) {
			return false
		}
	}
	return true
}

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}
