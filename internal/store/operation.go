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
	Verb            string         // PUT, PATCH, DELETE; POST for runJob; resize; "" in the watcher's lane
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

// selectOperation starts every question for operations.
const selectOperation = "SELECT doc, turn FROM operation "

// scanOperation scans doc, turn.
func scanOperation(r row) (Operation, error) {
	var doc string
	var turn int64
	if err := r.Scan(&doc, &turn); err != nil {
		return Operation{}, err
	}
	op, err := decode[Operation](doc)
	op.Turn = turn
	if string(op.Facts) == "null" {
		op.Facts = nil
	}
	return op, err
}

// InsertOperation adds an operation. A second Active one on the same subject is ErrExists.
func (t *Tx) InsertOperation(op Operation) error {
	op.ID = fold(op.ID)
	doc, err := t.encode(op)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO operation (id, subject, cluster, resource_key, target, kind, verb, lane, state, outcome, turn, principal,
			client_request_id, client_token, created_at, ended_at, doc, change)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')`,
		op.ID, op.Subject, op.ClusterUID, fold(op.ResourceID), op.Target, op.Kind, op.Verb, op.Lane, op.State, op.Outcome, op.Turn, op.Principal,
		op.ClientRequestID, op.ClientToken, nanos(op.CreatedAt), nanos(op.EndedAt), doc)
	return err
}

// SaveOperation replaces an operation under the fence: it must be Active at turn op.Turn, and its target at epoch; the
// stored turn becomes op.Turn+1. Else it is ErrFenced, nothing is committed, and the worker stops at once.
func (t *Tx) SaveOperation(op Operation, epoch int64) error {
	doc, err := t.encode(op)
	if err != nil {
		return err
	}
	n, err := t.exec(`UPDATE operation SET state = ?, outcome = ?, turn = turn + 1, ended_at = ?, doc = ?
		WHERE id = ? AND state = 'Active' AND turn = ? AND EXISTS (SELECT 1 FROM target WHERE name = operation.target AND epoch = ?)`,
		op.State, op.Outcome, nanos(op.EndedAt), doc, fold(op.ID), op.Turn, epoch)
	if err == nil && n == 0 {
		err = t.failed(ErrFenced)
	}
	return err
}

// ForceOperation replaces an operation without the fence, for superseding it inside a submit, or making a Waiting one
// Active. The turn rises, so that a worker that runs it is fenced.
func (t *Tx) ForceOperation(op Operation) error {
	doc, err := t.encode(op)
	if err != nil {
		return err
	}
	return t.put("UPDATE operation SET state = ?, outcome = ?, turn = turn + 1, ended_at = ?, doc = ? WHERE id = ?",
		op.State, op.Outcome, nanos(op.EndedAt), doc, fold(op.ID))
}

// DeleteOperationsEndedBefore removes operations with their lines and tells how many. For each cluster and pool that
// exists, the newest of each lane, verb and kind stays: NewestOf goes on answering what it answered.
func (t *Tx) DeleteOperationsEndedBefore(limit time.Time) (int, error) {
	return t.exec(`DELETE FROM operation WHERE state = 'Ended' AND ended_at < ? AND NOT (
		(cluster IN (SELECT uid FROM cluster) OR resource_key IN (SELECT key FROM pool)) AND NOT EXISTS (
			SELECT 1 FROM operation newer WHERE newer.resource_key = operation.resource_key AND newer.number > operation.number
				AND newer.cluster = operation.cluster AND newer.lane = operation.lane AND newer.verb = operation.verb AND newer.kind = operation.kind))`,
		nanos(limit))
}

// AddLine adds a line to the log of an operation.
func (t *Tx) AddLine(opID string, at time.Time, step, text string) error {
	return t.put(`INSERT INTO operation_line (operation, number, at, step, text)
		SELECT id, (SELECT coalesce(max(number), 0) + 1 FROM operation_line WHERE operation = operation.id), ?, ?, ?
		FROM operation WHERE id = ?`, nanos(at), step, text, fold(opID))
}

// Lines lists the log of an operation, oldest first.
func (t *Tx) Lines(opID string) ([]Line, error) {
	return list(t, scanLine, "SELECT number, at, step, text FROM operation_line WHERE operation = ? ORDER BY number", fold(opID))
}

func scanLine(r row) (Line, error) {
	var l Line
	var at int64
	err := r.Scan(&l.Number, &at, &l.Step, &l.Text)
	l.At = moment(at)
	return l, err
}
