package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
)

// How long a repeated request is the same operation (R38).
const (
	sameRequestFor = 10 * time.Minute
	sameTokenFor   = 24 * time.Hour
)

// asked is one request for an operation, inside the transaction that accepts it.
type asked struct {
	caller  Caller
	cluster cluster.Cluster
	job     cluster.Job
	pool    cluster.Pool // of a request for work on a pool; cluster and job are zero then
	target  string
	verb    string
	action  cluster.Action
	kind    string
	facts   facts
	// born, if set, ends the operation at once: nothing was to be done.
	born bool
}

// requestHash tells requests with one client request id apart.
func (c Caller) requestHash() string {
	sum := sha256.Sum256([]byte(c.Method + "\n" + strings.ToLower(c.URL) + "\n" + c.BodySHA256))
	return hex.EncodeToString(sum[:])
}

// repeated finds the operation that this very request was answered with before; nil if it is a new one.
func (s *Service) repeated(tx *store.Tx, c Caller) (*store.Operation, error) {
	if c.DryRun {
		return nil, nil
	}
	now, hash := s.Now(), c.requestHash()
	if c.ClientToken != "" {
		op, err := tx.ByClientToken(c.Principal, c.ClientToken, now.Add(-sameTokenFor))
		switch {
		case err == nil && op.RequestHash == hash:
			return &op, nil
		case err == nil:
			return nil, &cluster.Error{Kind: cluster.Conflict, Code: "ClientTokenReused", Operation: op.ID,
				Message: "This client token was used for another request.", Hint: "use a new token for a new request"}
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	ops, err := tx.ByClientRequest(c.Principal, c.ClientRequestID, now.Add(-sameRequestFor))
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if op.RequestHash == hash {
			return &op, nil
		}
	}
	return nil, nil
}

// insert writes the operation and its audit row.
func (s *Service) insert(tx *store.Tx, a asked) (store.Operation, error) {
	now := s.Now()
	k, ok := kindNamed(a.kind)
	if !ok {
		return store.Operation{}, errors.New("no kind " + a.kind)
	}
	a.facts.Cluster, a.facts.Job = a.cluster.UID, a.job.UID
	subject, resource, location := a.job.UID, a.cluster.Ref.ID(), a.cluster.Spec.Location
	if a.pool.UID != "" {
		a.facts.Pool, a.facts.Target = a.pool.UID, a.target
		subject, resource, location = a.pool.UID, a.pool.Ref.ID(), a.pool.Location
	}
	op := store.Operation{
		ID: a.caller.RequestID, Subject: subject, ClusterUID: a.cluster.UID, ResourceID: resource, Location: location,
		Target: a.target, Kind: k.name, KindVersion: k.version, Verb: a.verb, Action: a.action, Lane: store.CallerLane, State: store.Active,
		Step: k.steps[0].name, Facts: writeFacts(a.facts), Principal: a.caller.Principal, RequestHash: a.caller.requestHash(),
		ClientRequestID: a.caller.ClientRequestID, ClientToken: a.caller.ClientToken, CreatedAt: now, Deadline: now.Add(k.deadline),
	}
	if k.watcher {
		op.Lane = store.WatcherLane
	}
	if a.born {
		op.State, op.Outcome, op.EndedAt = store.Ended, store.Succeeded, now
	}
	if err := tx.InsertOperation(op); err != nil {
		return op, err
	}
	if k.watcher {
		return op, nil
	}
	if ignored := a.caller.Ignored; ignored != nil && *ignored != "" {
		if err := tx.AddLine(op.ID, now, op.Step, "ignored: "+*ignored); err != nil {
			return op, err
		}
	}
	if err := s.tellAlias(tx, op, a); err != nil {
		return op, err
	}
	return op, tx.AddAudit(store.AuditRow{At: now, Principal: a.caller.Principal, Action: auditAction(a), Resource: op.ResourceID,
		Decision: "allowed", RequestID: a.caller.RequestID, Detail: "operation " + op.ID})
}

// tellAlias says in an operation's log what a version really runs as, where that is not what was asked for (R03).
func (s *Service) tellAlias(tx *store.Tx, op store.Operation, a asked) error {
	if a.born || a.facts.Version == 0 {
		return nil
	}
	v, err := tx.Version(a.job.UID, a.facts.Version)
	if err != nil || v.Flink == "" || v.Flink == v.Launch.OSSVersion {
		return err
	}
	return tx.AddLine(op.ID, op.CreatedAt, op.Step, v.Launch.OSSVersion+" runs as "+v.Flink)
}

func auditAction(a asked) string {
	if a.action != "" {
		return "runJob " + string(a.action)
	}
	return a.verb
}

// acceptedAs is an operation as its caller is answered; of a dry run with its lines too, since nobody can ask for them later.
func acceptedAs(tx *store.Tx, c Caller, op store.Operation) (Operation, error) {
	if !c.DryRun {
		return show(op, nil), nil
	}
	lines, err := tx.Lines(op.ID)
	return show(op, lines), err
}

// active is the job's Active operation as the rules see it; the zero value if there is none.
func active(tx *store.Tx, job string) (store.Operation, cluster.ActiveOperation, error) {
	op, err := tx.ActiveOperation(job)
	if errors.Is(err, store.ErrNotFound) {
		return op, cluster.ActiveOperation{}, nil
	}
	busy := cluster.ActiveOperation{ID: op.ID, Kind: op.Kind, Lane: string(op.Lane)}
	if f, bad := readFacts(orEmpty(op.Facts)); bad == nil {
		busy.Gate = cluster.Updates(op.Kind) && op.Step == "gate" && !f.Returning
	}
	return op, busy, err
}

// takeFrom ends the operation that was Active before a new one: superseded, or accepted in its health gate (R28).
func (s *Service) takeFrom(tx *store.Tx, v cluster.Verdict, old store.Operation, by string) error {
	switch v {
	case cluster.Supersede:
		return s.supersede(tx, old, by)
	case cluster.Accept:
		return s.acceptVersion(tx, old, by)
	}
	return nil
}

// acceptVersion ends an update in its health gate Succeeded: what was asked for now takes the new version as it is.
func (s *Service) acceptVersion(tx *store.Tx, op store.Operation, by string) error {
	f, err := readFacts(op.Facts)
	if err != nil {
		return err
	}
	op.State, op.Outcome, op.EndedAt, op.SupersededBy = store.Ended, store.Succeeded, s.Now(), by
	if err := tx.ForceOperation(op); err != nil {
		return err
	}
	if err := tx.AddLine(op.ID, op.EndedAt, op.Step, "operation "+by+" accepts the new version before its health gate ended"); err != nil {
		return err
	}
	return acceptedRow(f).Write(tx)
}

// supersede ends an Active operation Canceled, naming the one that takes over. Its worker is fenced off with its next commit.
func (s *Service) supersede(tx *store.Tx, op store.Operation, by string) error {
	op.State, op.Outcome, op.EndedAt, op.SupersededBy = store.Ended, store.CanceledOp, s.Now(), by
	op.Error = &store.OperationError{Code: "Superseded", Message: "Operation " + by + " took over."}
	return tx.ForceOperation(op)
}

// errDryRun undoes what was accepted to see whether it can be.
var errDryRun = errors.New("a dry run keeps nothing")

// accept turns what the store says into what a caller can act on, and wakes the engine.
func (s *Service) accept(ctx context.Context, c Caller, scope store.Scope, fn func(tx *store.Tx) error) error {
	err := s.Store.Change(ctx, scope, func(tx *store.Tx) error {
		if err := fn(tx); err != nil || !c.DryRun {
			return err
		}
		return errDryRun
	})
	switch {
	case errors.Is(err, errDryRun):
		return nil
	case err == nil:
		s.engine.Wake()
		return nil
	case errors.Is(err, store.ErrFull):
		return &cluster.Error{Kind: cluster.InsufficientStorage, Code: "InsufficientStorage", Err: err,
			Message: "The disk of the data directory is full: nothing was accepted.", Hint: "free some space and try again"}
	case errors.Is(err, store.ErrBusy):
		return &cluster.Error{Kind: cluster.Unavailable, Code: "ServerBusy", Err: err,
			Message: "The database is busy: nothing was accepted.", Hint: "try again in a moment"}
	}
	return err
}
