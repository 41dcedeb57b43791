package lifecycle

import (
	"context"
	"errors"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

// DeletePool removes a pool that has no clusters; nil if there is no such pool.
func (s *Service) DeletePool(ctx context.Context, c Caller, ref cluster.PoolRef, cond Conditions) (*Operation, error) {
	pool, err := s.Pool(ctx, ref)
	var op Operation
	if err == nil {
		_, op, err = s.askPool(ctx, c, ref, pool.Target, func(tx *store.Tx) (store.Operation, error) {
			pool, err := poolRow(tx, ref)
			if err != nil {
				return store.Operation{}, err
			}
			return s.removePool(tx, c, pool, cond)
		})
	}
	if e := cluster.AsError(err); e != nil && e.Code == "ResourceNotFound" {
		return nil, nil
	}
	return &op, err
}

// removePool accepts a DELETE: it takes the place of whatever goes on; a second one is the first one.
func (s *Service) removePool(tx *store.Tx, c Caller, pool cluster.Pool, cond Conditions) (store.Operation, error) {
	if err := poolMatches(Conditions{IfMatch: cond.IfMatch}, pool.ETag); err != nil {
		return store.Operation{}, err
	}
	nested, err := clustersIn(tx, pool.UID)
	if err != nil {
		return store.Operation{}, err
	}
	if len(nested) > 0 {
		return store.Operation{}, notEmpty(nested)
	}
	busy, err := tx.ActiveOperation(pool.UID)
	switch {
	case err == nil && busy.Kind == kindPoolDelete:
		return busy, nil
	case err == nil:
		err = s.supersede(tx, busy, c.RequestID)
	case errors.Is(err, store.ErrNotFound):
		err = nil
	}
	if err != nil {
		return store.Operation{}, err
	}
	return s.insert(tx, asked{caller: c, pool: pool, target: pool.Target, verb: "DELETE", kind: kindPoolDelete})
}

const kindPoolDelete = "pool.delete"

// poolDeleteKind removes a pool's row. A cluster that came into it meanwhile stops that; the store would not take the row away either.
func poolDeleteKind() kind {
	return kind{name: kindPoolDelete, version: 1, deadline: 2 * time.Minute, settle: settlePool, steps: []step{
		{name: "remove", look: lookNested, decide: decideRemove},
	}}
}

func lookNested(f facts) questions { return questions{Nested: f.Pool} }

func decideRemove(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	if len(a.Nested) > 0 {
		return f, engine.Fail(notEmpty(a.Nested))
	}
	return f, engine.Done(poolGone{UID: f.Pool}).Say("its row is removed; savepoints of its clusters stay where they are")
}

// nested lists the clusters of a pool.
func (w *world) nested(ctx context.Context, pool string) (ids []string, err error) {
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		ids, err = clustersIn(tx, pool)
		return err
	})
	return ids, err
}

// nestedShown is how many clusters a refusal names.
const nestedShown = 5

func clustersIn(tx *store.Tx, pool string) (ids []string, err error) {
	rows, err := tx.Clusters(pool, "", nestedShown)
	for _, cl := range rows {
		ids = append(ids, cl.Ref.ID())
	}
	return ids, err
}

// notEmpty has ARM's words (R17).
func notEmpty(nested []string) *cluster.Error {
	return cluster.Errorf(cluster.Conflict, "CannotDeleteResource", "", "Cannot delete resource while nested resources exist. "+
		"Some existing nested resource IDs include: '%s'. Please delete all nested resources before deleting this resource.", strings.Join(nested, ","))
}

// poolGone removes a pool's row; its operations and audit stay.
type poolGone struct{ UID string }

func (r poolGone) Write(tx *store.Tx) error { return tx.DeletePool(r.UID) }
