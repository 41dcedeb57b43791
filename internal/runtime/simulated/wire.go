package simulated

import (
	"errors"
	"slices"

	"drey/internal/runtime"
	"drey/internal/secret"
)

// What travels between a server and the process of a simulated target: each method of [runtime.Runtime] is a POST of its arguments, and
// its answer is a reply.

type call struct {
	ID          runtime.IncarnationID `json:"id,omitempty"`
	Incarnation *wireIncarnation      `json:"incarnation,omitempty"`
	Holder      string                `json:"holder,omitempty"`
	Epoch       int64                 `json:"epoch,omitempty"`
	Order       []byte                `json:"order,omitempty"`
	Roles       []runtime.Role        `json:"roles,omitempty"`
	Process     runtime.ProcessID     `json:"process"`
	N           int64                 `json:"n,omitempty"`
}

type reply struct {
	Error  string           `json:"error,omitempty"`
	Known  string           `json:"known,omitempty"` // which of the runtime's errors it is
	Epoch  int64            `json:"epoch,omitempty"`
	Bytes  []byte           `json:"bytes,omitempty"`
	Begin  int64            `json:"begin,omitempty"`
	Fit    runtime.Fit      `json:"fit"`
	Status []runtime.Status `json:"status,omitempty"`
}

// known are the errors that callers tell apart.
var known = map[string]error{
	"dead": runtime.ErrDead, "released": runtime.ErrReleased, "not held": runtime.ErrNotHeld, "not released": runtime.ErrNotReleased,
	"stale": runtime.ErrStale, "not found": runtime.ErrNotFound, "wrong target": runtime.ErrWrongTarget,
}

func (r *reply) fail(err error) {
	if err == nil {
		return
	}
	r.Error = err.Error()
	for name, e := range known {
		if errors.Is(err, e) {
			r.Known = name
		}
	}
}

func (r reply) err() error {
	if r.Error == "" {
		return nil
	}
	return remoteError{r.Error, known[r.Known]}
}

// remoteError is what went wrong there, in its words.
type remoteError struct {
	text string
	is   error
}

// Error implements error.
func (e remoteError) Error() string { return e.text }

// Unwrap makes it one of the runtime's errors.
func (e remoteError) Unwrap() error { return e.is }

// wireIncarnation is as much of an incarnation as a simulated one goes by.
type wireIncarnation struct {
	runtime.Shape
	Config    string        `json:"config"` // config.yaml; it may hold secrets
	Processes []wireProcess `json:"processes"`
}

type wireProcess struct {
	runtime.ProcessID
	Gate bool     `json:"gate"`
	Args []string `json:"args"` // from "--" on: the gate's
}

func wired(inc runtime.Incarnation) *wireIncarnation {
	w := &wireIncarnation{Shape: inc.Shape}
	for _, f := range inc.Files {
		if f.Name == configFile {
			w.Config = f.Content.Reveal()
		}
	}
	for _, p := range inc.Processes {
		wp := wireProcess{ProcessID: p.ProcessID, Gate: p.Gate}
		if at := slices.Index(p.Args, "--"); at >= 0 {
			wp.Args = p.Args[at:]
		}
		w.Processes = append(w.Processes, wp)
	}
	return w
}

func (w *wireIncarnation) incarnation() runtime.Incarnation {
	inc := runtime.Incarnation{Shape: w.Shape, Files: []runtime.File{{Name: configFile, Mode: 0o400, Content: secret.New(w.Config)}}}
	for _, p := range w.Processes {
		inc.Processes = append(inc.Processes, runtime.Process{ProcessID: p.ProcessID, Gate: p.Gate, Args: p.Args})
	}
	return inc
}
