package lifecycle

import (
	"context"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
)

// JobPlan says beforehand what a change of the job would do.
type JobPlan struct {
	Action     cluster.Action
	Warm       bool   // the next incarnation is prepared beside the running one
	Cold       string // why not; "" if it is, or if nothing runs
	StateBytes int64  // full size of the newest checkpoint; 0 if not known
	// Ways are how the running incarnation can be ended, the one asked for first. Empty if none runs.
	Ways []PlannedWay
}

// PlannedWay is one way from the running incarnation to the next.
type PlannedWay struct {
	Action   cluster.Action
	Gap      time.Duration // predicted
	Measured bool          // predicted from what an earlier change of this job took
	Price    string        // what it costs apart from the gap
}

// Rates of state, in bytes a second, where this job has not shown its own (docs/benchmarks.md), and what a change takes beside them.
const (
	writeRate   = 600 << 20
	restoreRate = 2 << 30
	fixedGap    = 400 * time.Millisecond
	coldGap     = 4 * time.Second
)

// PlanJob predicts what an action would do now.
func (s *Service) PlanJob(ctx context.Context, ref cluster.Ref, r cluster.RunJob) (JobPlan, error) {
	p := JobPlan{Action: r.Action}
	var cl cluster.Cluster
	var job cluster.Job
	var incs []cluster.Incarnation
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if cl, err = s.clusterRow(tx, ref); err != nil {
			return err
		}
		if job, err = tx.JobOf(cl.UID); err != nil {
			return err
		}
		incs, err = tx.Incarnations(job.UID)
		return err
	})
	if err != nil || cl.Phase != cluster.Running || !cluster.Updates(changeKinds[r.Action]) {
		return p, err
	}
	room, err := s.roomBeside(ctx, facts{Cluster: cl.UID, Job: job.UID, Version: job.Goal})
	if err != nil {
		return p, err
	}
	p.Cold, p.Warm = room.Cold, room.Cold == ""
	p.StateBytes = s.stateBytes(ctx, incs)
	p.Ways = ways(r.Action, p, incs)
	return p, nil
}

// stateBytes asks the running JobManager how large the newest checkpoint is; 0 if it does not say.
func (s *Service) stateBytes(ctx context.Context, incs []cluster.Incarnation) int64 {
	for _, inc := range incs {
		if inc.Phase != cluster.Live {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		c, err := s.flinkAt(inc).Checkpoints(ctx, inc.FlinkJobID)
		if err == nil && c.LatestCompleted != nil {
			return c.LatestCompleted.StateBytes
		}
	}
	return 0
}

// ways predicts both ways for an update, so that a person can choose; one where only one can be.
func ways(asked cluster.Action, p JobPlan, incs []cluster.Incarnation) []PlannedWay {
	fixed := fixedGap
	if !p.Warm {
		fixed = coldGap
	}
	write := time.Duration(float64(p.StateBytes) / writeRate * float64(time.Second))
	restore := time.Duration(float64(p.StateBytes) / restoreRate * float64(time.Second))
	bySave := PlannedWay{Action: cluster.ActionUpdate, Gap: fixed + write + restore, Price: "nothing is lost and nothing repeated; leaves a savepoint to go back to"}
	last := PlannedWay{Action: cluster.ActionLastStateUpdate, Gap: fixed + restore,
		Price: "outputs that are not transactional may repeat what was done since the last checkpoint; leaves no savepoint"}
	for _, inc := range incs {
		if inc.Gap == nil || inc.Origin != cluster.ByCaller {
			continue
		}
		if save := inc.Gap.Part("savepoint"); save > 0 {
			bySave.Gap, bySave.Measured = inc.Gap.Total, true
			last.Gap, last.Measured = inc.Gap.Total-save, true
			break
		}
	}
	switch asked {
	case cluster.ActionLastStateUpdate:
		return []PlannedWay{last, bySave}
	case cluster.ActionStatelessUpdate:
		return []PlannedWay{{Action: asked, Gap: fixed, Price: "the job starts without its state; its last checkpoint is kept"}}
	case cluster.ActionRelaunch:
		bySave.Action = asked
		return []PlannedWay{bySave}
	}
	return []PlannedWay{bySave, last}
}
