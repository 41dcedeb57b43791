package v20261101

import (
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// The shapes of what only this api-version has (docs/decisions/0005). Times are RFC 3339; absent = not known.

// Operation is an operation with its steps.
type Operation struct {
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	Properties OperationProperties `json:"properties"`
}

// OperationProperties are an operation's properties.
type OperationProperties struct {
	ResourceID      string          `json:"resourceId"`
	Kind            string          `json:"kind"`
	Verb            string          `json:"verb,omitempty"`
	Action          string          `json:"action,omitempty"`
	Lane            string          `json:"lane"`
	Status          string          `json:"status"`
	PercentComplete int             `json:"percentComplete"`
	StartTime       string          `json:"startTime"`
	EndTime         string          `json:"endTime,omitempty"`
	Deadline        string          `json:"deadline,omitempty"`
	Principal       string          `json:"principal,omitempty"`
	Error           *OperationError `json:"error,omitempty"`
	Step            string          `json:"step,omitempty"`
	Steps           []Step          `json:"steps,omitempty"`
	Lines           []Line          `json:"lines,omitempty"`
}

// OperationError says why an operation failed.
type OperationError struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Target  string          `json:"target,omitempty"`
	Hint    string          `json:"hint,omitempty"`
	Details []cluster.Fault `json:"details,omitempty"`
}

// Step is one step and how far it is: pending, running, done, failed.
type Step struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// Line is one line of an operation's log.
type Line struct {
	Time string `json:"time"`
	Step string `json:"step"`
	Text string `json:"text"`
}

// NewOperation shows an operation.
func NewOperation(id string, op lifecycle.Operation) Operation {
	p := OperationProperties{
		ResourceID: op.ResourceID, Kind: op.Kind, Verb: op.Verb, Action: string(op.Action), Lane: op.Lane, Status: op.Status, PercentComplete: op.Percent,
		StartTime: stamp(op.StartedAt), EndTime: stamp(op.EndedAt), Deadline: stamp(op.Deadline), Principal: op.Principal, Step: op.Step,
	}
	if e := op.Error; e != nil {
		p.Error = &OperationError{Code: e.Code, Message: e.Message, Target: e.Target, Hint: e.Hint, Details: e.Details}
	}
	for _, s := range op.Steps {
		p.Steps = append(p.Steps, Step(s))
	}
	for _, l := range op.Lines {
		p.Lines = append(p.Lines, Line{stamp(l.At), l.Step, l.Text})
	}
	return Operation{ID: id, Name: op.ID, Properties: p}
}

// Foretold is what a dry run answers: the operation that the request would begin.
type Foretold struct {
	DryRun     bool   `json:"dryRun"` // true
	Kind       string `json:"kind"`
	Verb       string `json:"verb,omitempty"`
	Action     string `json:"action,omitempty"`
	ResourceID string `json:"resourceId"`
	// Begins is false where nothing is to be done, or where what is declared would only be stored.
	Begins    bool     `json:"begins"`
	Unchanged bool     `json:"unchanged,omitempty"` // what is declared is what there is
	Steps     []string `json:"steps"`
	Says      []string `json:"says"` // what the operation's log would begin with
}

// NewForetold shows what would be done. Steps that only a failure reaches are not among them.
func NewForetold(op lifecycle.Operation) Foretold {
	f := Foretold{DryRun: true, Kind: op.Kind, Verb: op.Verb, Action: string(op.Action), ResourceID: op.ResourceID, Begins: op.Running(), Steps: []string{}, Says: []string{}}
	for _, s := range op.Steps {
		if f.Begins {
			f.Steps = append(f.Steps, s.Name)
		}
	}
	for _, l := range op.Lines {
		f.Says = append(f.Says, l.Text)
		f.Unchanged = f.Unchanged || l.Text == lifecycle.NothingChanged
	}
	return f
}

// Savepoint is an entry of the catalogue.
type Savepoint struct {
	Name       string              `json:"name"`
	Properties SavepointProperties `json:"properties"`
}

// SavepointProperties are a savepoint's properties.
type SavepointProperties struct {
	ID           string `json:"id"`
	URI          string `json:"uri"`
	Origin       string `json:"origin"`
	Complete     bool   `json:"complete"`
	SizeBytes    int64  `json:"sizeBytes"`
	CheckpointID int64  `json:"checkpointId"`
	Version      int    `json:"version"`
	CompletedAt  string `json:"completedAt,omitempty"`
	Incarnation  string `json:"incarnation"`
}

// NewSavepoint shows a savepoint.
func NewSavepoint(s cluster.Savepoint) Savepoint {
	return Savepoint{Name: s.Name, Properties: SavepointProperties{
		ID: s.ID, URI: s.URI, Origin: s.Origin, Complete: s.Complete, SizeBytes: s.Bytes, CheckpointID: s.CheckpointID,
		Version: s.Version, CompletedAt: stamp(s.CompletedAt), Incarnation: s.Incarnation,
	}}
}

// LogSource is a process whose output is kept.
type LogSource struct {
	Name       string              `json:"name"`
	Properties LogSourceProperties `json:"properties"`
}

// LogSourceProperties are a source's properties.
type LogSourceProperties struct {
	Incarnation string `json:"incarnation"`
	Process     string `json:"process"`
	Alive       bool   `json:"alive"`
	Exit        string `json:"exit,omitempty"`
	StartTime   string `json:"startTime,omitempty"`
}

// NewLogSource shows a source.
func NewLogSource(s lifecycle.LogSource) LogSource {
	return LogSource{Name: s.Incarnation + "/" + s.Process, Properties: LogSourceProperties{
		Incarnation: s.Incarnation, Process: s.Process, Alive: s.Alive, Exit: s.Exit, StartTime: stamp(s.StartedAt),
	}}
}

// About says what a server is and can do.
type About struct {
	Version       string   `json:"version"`
	Distributions []string `json:"distributions"`
	Targets       []Target `json:"targets"`
	MinMemoryMB   int64    `json:"minimumMemoryMB"`
	TrustDomain   string   `json:"trustDomain"`
	StartTime     string   `json:"startTime"`
	Time          string   `json:"time"`
}

// Target is a place where clusters run.
type Target struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Identity string `json:"identity"`
	// Distributions are the versions of Flink that run there, from old to new.
	Distributions []string `json:"distributions"`
}

// NewAbout shows a server.
func NewAbout(a lifecycle.About) About {
	out := About{Version: a.Version, Distributions: append([]string{}, a.Distributions...), Targets: []Target{}, MinMemoryMB: a.MinMemoryMB,
		TrustDomain: a.TrustDomain, StartTime: stamp(a.StartedAt), Time: stamp(a.Now)}
	for _, t := range a.Targets {
		t.Distributions = append([]string{}, t.Distributions...) // never null
		out.Targets = append(out.Targets, Target(t))
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
