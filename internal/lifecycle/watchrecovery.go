package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// recover submits a recovery of a running job that ended by itself. It answers false where none is due: the job is done, recovery is
// switched off, or its budget is used up, which e then says.
func (w *watcher) recover(tx *store.Tx, inc cluster.Incarnation, a *asked, e *ending) (bool, error) {
	if e.Phase != cluster.Failed || e.Loop || a.cluster.Phase != cluster.Running || a.job.Canceled {
		return false, nil
	}
	v, err := tx.Version(inc.JobUID, inc.Version)
	if err != nil || v.Launch.Off(cluster.KeyRecovery) {
		return false, err
	}
	all, err := tx.Incarnations(inc.JobUID)
	if err != nil {
		return false, err
	}
	recent := 0
	for _, i := range all {
		if i.Origin == cluster.ByRecovery && e.SeenAt.Sub(i.CreatedAt) < w.Recovery.Window {
			recent++
		}
	}
	if recent >= w.Recovery.Budget {
		loop := crashLoop(recent, e.Code+": "+e.Cause)
		e.Code, e.Cause = loop.Code, loop.Message
		return false, nil
	}
	a.cluster.Phase = cluster.Starting
	if err := tx.SaveCluster(a.cluster); err != nil {
		return false, err
	}
	a.job.Status = "RESTARTING"
	if err := tx.SaveJob(a.job); err != nil {
		return false, err
	}
	a.kind = kindRecover
	a.facts = facts{Version: inc.Version, Provable: inc.ID, Ending: e, Attempts: recent, Budget: w.Recovery.Budget, Policy: w.Recovery,
		After: e.SeenAt.Add(w.Recovery.wait(recent))}
	op, err := w.insert(tx, *a)
	if err != nil {
		return false, err
	}
	return true, tx.AddLine(op.ID, e.SeenAt, "bury", fmt.Sprintf("%s: %s; recovery %d of %d within %v", e.Code, e.Cause, recent+1, w.Recovery.Budget, w.Recovery.Window))
}

// replace submits the replacement of a TaskManager that ended. Beyond the budget the job has failed.
func (w *watcher) replace(ctx context.Context, inc cluster.Incarnation, p runtime.ProcessStatus, seen answers) error {
	now := w.Now()
	e := ending{Phase: cluster.Failed, Status: cluster.JobFailed, Code: "TaskManagerLost", Cause: fmt.Sprintf("%s ended.", p.ProcessID)}
	if d := seen.Diagnosis; d != nil {
		e.Code, e.Cause = d.Code, d.Message
	}
	recent := slices.DeleteFunc(slices.Clone(inc.ReplacedAt), func(t time.Time) bool { return now.Sub(t) > w.Recovery.Window })
	if len(recent) >= w.Recovery.Budget {
		loop := crashLoop(len(recent), e.Code+": "+e.Cause)
		e.Code, e.Cause, e.Loop = loop.Code, loop.Message, true
		return w.ended(ctx, inc, e)
	}
	return w.submit(ctx, inc, func(tx *store.Tx, a asked) error {
		if a.cluster.Phase != cluster.Running {
			return errNothing
		}
		inc.Replaced, inc.ReplacedAt = inc.Replaced+1, append(recent, now)
		if err := tx.SaveIncarnation(inc); err != nil {
			return err
		}
		a.job.Status = "RESTARTING"
		if err := tx.SaveJob(a.job); err != nil {
			return err
		}
		a.kind = kindReplace
		a.facts = facts{Source: inc.ID, SourceJob: inc.FlinkJobID, Policy: w.Recovery, Replaced: inc.Replaced, After: now.Add(w.Recovery.wait(len(recent)))}
		op, err := w.insert(tx, a)
		if err != nil {
			return err
		}
		return tx.AddLine(op.ID, now, "scale", fmt.Sprintf("%s: %s: %s; replacement %d of %d within %v", p.ProcessID, e.Code, e.Cause, len(recent)+1, w.Recovery.Budget, w.Recovery.Window))
	})
}
