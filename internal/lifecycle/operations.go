package lifecycle

import (
	"context"
	"errors"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// Operation reads one operation with its lines. It stays readable when its cluster is gone.
func (s *Service) Operation(ctx context.Context, id string) (op Operation, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := tx.Operation(id)
		if errors.Is(err, store.ErrNotFound) {
			return notFound("operation", id)
		}
		if err != nil {
			return err
		}
		lines, err := tx.Lines(row.ID)
		op = show(row, lines)
		return err
	})
	return op, err
}

// PoolOperations lists operations of a pool's clusters, newest first.
func (s *Service) PoolOperations(ctx context.Context, ref cluster.PoolRef, name, state string, limit int) (ops []Operation, err error) {
	if limit <= 0 || limit > pageDefault {
		limit = pageDefault
	}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		pool, err := poolRow(tx, ref)
		if err != nil {
			return err
		}
		prefix := pool.Ref.ID()
		if name != "" {
			prefix = cluster.Ref{PoolRef: pool.Ref, Name: name}.ID()
		}
		rows, err := tx.Operations(store.Filter{ResourcePrefixKey: strings.ToLower(prefix), State: store.State(state), Limit: limit})
		for _, row := range rows {
			ops = append(ops, show(row, nil))
		}
		return err
	})
	return ops, err
}

// show is an operation as callers see it.
func show(row store.Operation, lines []store.Line) Operation {
	op := Operation{
		ID: row.ID, ResourceID: row.ResourceID, Location: row.Location, Kind: row.Kind, Verb: row.Verb, Action: row.Action, Lane: string(row.Lane),
		Status: cluster.ProvisioningState(cluster.WritingOperation{Verb: statusVerb(row), Running: row.State != store.Ended, Outcome: string(row.Outcome)}),
		Step:   row.Step, StartedAt: row.CreatedAt, EndedAt: row.EndedAt, Deadline: row.Deadline, Principal: row.Principal,
	}
	if e := row.Error; e != nil {
		op.Error = &OperationError{Code: e.Code, Message: e.Message, Target: e.Target, Hint: e.Hint, Details: e.Details}
	}
	op.Steps, op.Percent = progress(row)
	for _, l := range lines {
		op.Lines = append(op.Lines, Line{At: l.At, Step: l.Step, Text: l.Text})
	}
	return op
}

// statusVerb: an operation that deletes shows "Deleting" whichever way it was asked for.
func statusVerb(row store.Operation) string {
	if row.Kind == cluster.KindDelete {
		return "DELETE"
	}
	return row.Verb
}

// progress says of each step whether it is done, and how far the whole is. The step that only a failure reaches is not shown.
func progress(row store.Operation) (steps []Step, percent int) {
	k, ok := kindNamed(row.Kind)
	if !ok {
		return nil, 0
	}
	at := -1
	for i, st := range k.steps {
		if st.name == row.Step {
			at = i
		}
	}
	for i, st := range k.steps {
		if st.onlyFailed && i != at {
			continue
		}
		state := "pending"
		switch {
		case row.State == store.Ended && row.Outcome == store.Succeeded, i < at:
			state = "done"
		case i == at && row.State == store.Ended:
			state = "failed"
		case i == at:
			state = "running"
		}
		steps = append(steps, Step{Name: st.name, State: state})
	}
	if row.State == store.Ended {
		return steps, 100
	}
	return steps, 100 * max(at, 0) / len(k.steps)
}
