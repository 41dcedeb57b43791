package lifecycle

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"drey/internal/cluster"
	"drey/internal/store"
	"drey/internal/telemetry"
)

// State is how it stands now with clusters, operations and targets.
func (s *Service) State(ctx context.Context) (telemetry.State, error) {
	var state telemetry.State
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if state.Clusters, err = tx.ClusterPhases(); err != nil {
			return err
		}
		state.Operations, err = tx.OpenOperationStates()
		return err
	})
	if err != nil {
		return state, fmt.Errorf("cannot count clusters and operations: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Targets)) {
		epoch, mine := s.owner.fence(name)
		state.Targets = append(state.Targets, telemetry.Target{Name: name, Epoch: epoch, Owned: mine, Elsewhere: !mine && s.owner.elsewhere(name)})
	}
	return state, nil
}

// measured counts what an operation that ended here measured of the start it made.
func (s *Service) measured(op store.Operation) {
	f, err := readFacts(op.Facts)
	if err != nil || f.Incarnation == "" || f.ReleasedAt.IsZero() || s.Metrics == nil {
		return // it started nothing
	}
	var inc cluster.Incarnation
	err = s.Store.Read(context.Background(), func(tx *store.Tx) (err error) {
		inc, err = tx.Incarnation(f.Incarnation)
		return err
	})
	if err != nil || inc.Gap == nil {
		return
	}
	s.Metrics.Gap(op.Kind, inc.Gap.Total)
	for _, part := range inc.Gap.Parts {
		s.Metrics.GapPart(part.Name, part.Took)
	}
}
