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

// removePool accepts a DELETE of a pool without clusters.
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
	return s.endPool(tx, c, pool, facts{})
}

// endPool begins the DELETE of a pool, of which f says what goes with it. It takes the place of whatever goes on, also of a DELETE that takes
// less along; a second one is the first one.
func (s *Service) endPool(tx *store.Tx, c Caller, pool cluster.Pool, f facts) (store.Operation, error) {
	busy, err := tx.ActiveOperation(pool.UID)
	switch {
	case err == nil && busy.Kind == kindPoolDelete && takesAlong(busy, f):
		return busy, nil
	case err == nil:
		err = s.supersede(tx, busy, c.RequestID)
	case errors.Is(err, store.ErrNotFound):
		err = nil
	}
	if err != nil {
		return store.Operation{}, err
	}
	return s.insert(tx, asked{caller: c, pool: pool, target: pool.Target, verb: "DELETE", kind: kindPoolDelete, facts: f})
}

// takesAlong reports whether a DELETE of a pool that goes on does what f asks for.
func takesAlong(busy store.Operation, f facts) bool {
	old, err := readFacts(busy.Facts)
	return err == nil && (old.WithClusters || !f.WithClusters) && (old.WithGroup != nil || f.WithGroup == nil)
}

const kindPoolDelete = "pool.delete"

// poolDeleteKind removes a pool's row. With its group it waits for clusters, whose own deletion has half an hour. A cluster that came into it meanwhile stops that; the store would not take the row away either.
func poolDeleteKind() kind {
	return kind{name: kindPoolDelete, version: 1, deadline: 40 * time.Minute, settle: settlePool, steps: []step{
		{name: "remove", look: lookNested, decide: decideRemove},
	}}
}

func lookNested(f facts) questions { return questions{Nested: f.Pool != ""} }

func decideRemove(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	if !f.WithClusters && len(a.Nested) > 0 {
		return f, engine.Fail(notEmpty(a.Nested))
	}
	return f, decideEmptied(f, a)
}

// nested lists what is in the way of the DELETE of a pool; and why, if it will not go.
func (w *world) nested(ctx context.Context, f facts) (ids []string, stuck *cluster.Error, err error) {
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		if !f.WithClusters {
			ids, err = clustersIn(tx, f.Pool)
			return err
		}
		ids, stuck, err = clustersGoing(tx, f.Pool)
		if err != nil || stuck != nil || len(ids) > 0 || f.WithGroup == nil {
			return err
		}
		ids, stuck, err = besides(tx, *f.WithGroup, f.Pool)
		return err
	})
	return ids, stuck, err
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
