package lifecycle

import (
	"context"

	"drey/internal/cluster"
	"drey/internal/store"
)

// VerbUpgrade is the verb of an upgrade among those that decide provisioningState (R12), as [VerbResize] is.
const VerbUpgrade = "upgrade"

// UpgradeCluster declares a newer version of Flink: it is brought to a running job by its upgradeMode, as by a PUT (R27).
func (s *Service) UpgradeCluster(ctx context.Context, c Caller, ref cluster.Ref, u cluster.Upgrade, cond Conditions) (ClusterView, Operation, error) {
	return s.declare(ctx, ref, declared{caller: c, verb: VerbUpgrade, by: cluster.ByPut, cond: cond, spec: func(old ClusterView) (cluster.Spec, error) {
		return u.Of(old.Spec, s.factsOf(old.Spec))
	}})
}

func (s *Service) factsOf(spec cluster.Spec) cluster.FlinkFacts {
	target, _ := s.targetAt(spec.Location)
	return s.factsAt(target)
}

// AvailableUpgrades are the versions that a cluster can be upgraded to now, oldest first.
func (s *Service) AvailableUpgrades(ctx context.Context, ref cluster.Ref) ([]cluster.AvailableUpgrade, error) {
	v, err := s.Cluster(ctx, ref)
	if err != nil {
		return nil, err
	}
	return cluster.AvailableUpgrades(v.Spec, s.factsOf(v.Spec)), nil
}

// UpgradesDone lists the upgrades of a cluster that were tried, newest first.
func (s *Service) UpgradesDone(ctx context.Context, ref cluster.Ref) (done []cluster.UpgradeDone, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		versions, err := tx.Versions(job.UID)
		if err != nil {
			return err
		}
		starts, err := tx.Incarnations(job.UID)
		done = cluster.UpgradesDone(versions, starts)
		return err
	})
	return done, err
}
