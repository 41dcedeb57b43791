package store

import (
	"encoding/json"
	"time"

	"drey/internal/cluster"
)

// Lane says who asked for an operation.
type Lane string

// The lanes. Watcher operations never show in provisioningState.
const (
	CallerLane  Lane = "caller"
	WatcherLane Lane = "watcher"
)

// State of an operation.
type State string

// The states of an operation.
const (
	Waiting State = "Waiting" // for an Active one on the same subject that it superseded
	Active  State = "Active"
	Ended   State = "Ended"
)

// Outcome of an ended operation.
type Outcome string

// The outcomes, in ARM's words.
const (
	Succeeded  Outcome = "Succeeded"
	FailedOp   Outcome = "Failed"
	CanceledOp Outcome = "Canceled"
	NoOutcome  Outcome = ""
)

// Operation is a durable piece of work on a subject (a job, for now).
type Operation struct {
	ID              string // GUID, lower-case
	Subject         string // uid of the job it works on
	ClusterUID      string
	ResourceID      string // ARM id of the resource it was asked of, with the casing of its creation
	Location        string // of the resource, as sent
	Target          string
	Kind            string // "job.stop"
	KindVersion     int
	Verb            string         // PUT, PATCH, POST, DELETE; "" in the watcher's lane
	Action          cluster.Action // of a runJob
	Lane            Lane
	State           State
	Outcome         Outcome
	Error           *OperationError // of a Failed or Canceled one
	Step            string          // the step whose turn is next
	Turn            int64           // counts commits; part of the fence
	Facts           json.RawMessage // what the kind's steps know
	SupersededBy    string          // id of the operation that ends this one
	Principal       string
	RequestHash     string // method, URL and body, SHA-256 in hex
	ClientRequestID string
	ClientToken     string
	CreatedAt       time.Time
	Deadline        time.Time
	EndedAt         time.Time
}

// OperationError is why an operation ended Failed or Canceled; safe to show.
type OperationError struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Target  string          `json:"target,omitempty"`
	Hint    string          `json:"hint,omitempty"`
	Details []cluster.Fault `json:"details,omitempty"`
}

// Line is one line of an operation's own log.
type Line struct {
	Number int
	At     time.Time
	Step   string
	Text   string
}

// AuditRow is one decided request.
type AuditRow struct {
	At                                               time.Time
	Principal, Action, Resource, Decision, RequestID string
	Detail                                           string // one line, no secrets
}
