package lifecycle

import (
	"context"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
)

// The ways out of a change that failed: before the old incarnation gave way, nothing was touched; after it, the version before comes back
// by itself from the state it left, unless the new one has completed a checkpoint of its own: then a person chooses.

const (
	codeRolledBack  = "RolledBack"
	codeNeedsChoice = "RollbackNeedsChoice"
)

// decideWithdraw ends what was prepared; the old incarnation only where it gave way already.
func decideWithdraw(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	rows, alive := buryAll(a, now, failureText(f.Failure), spared(f))
	if alive {
		return f, engine.Act(rows...)
	}
	if len(rows) > 0 {
		return f, engine.Again(0, rows...)
	}
	return f, engine.Fail(f.Failure.error())
}

// spared is the incarnation that a failure leaves alone: the one that still runs the job.
func spared(f facts) string {
	if f.Handed {
		return ""
	}
	return f.Source
}

func actWithdraw(ctx context.Context, w *world, _ string, f facts) error {
	return w.killAll(ctx, f.Job, spared(f))
}

func lookReturn(f facts) questions { return questions{Living: f.Job, Own: f.FlinkJob} }

// decideReturn goes back to the version before, once the new one is proved dead and has no complete checkpoint of its own.
func decideReturn(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if len(a.Own) > 0 && !f.Failure.Ended {
		return f, engine.Fail(needsChoice(f, a.Own[0], "it is left running"))
	}
	rows, alive := buryAll(a, now, failureText(f.Failure), "")
	if alive {
		return f, engine.Act(rows...)
	}
	if len(a.Own) > 0 {
		if len(rows) > 0 {
			return f, engine.Again(0, rows...)
		}
		return f, engine.Fail(needsChoice(f, a.Own[0], "it has ended"))
	}
	if f.NoWayBack != "" {
		if len(rows) > 0 {
			return f, engine.Again(0, rows...)
		}
		return f, engine.Fail(f.Failure.error().WithHint("there is no way back by itself: %s", f.NoWayBack))
	}
	rows = append(rows, versionNote{Job: f.Job, Number: f.Version, Why: failureText(f.Failure)},
		jobIs{UID: f.Job, Goal: f.Previous, Status: "RESTARTING"}, clusterIs{UID: f.Cluster, Phase: cluster.Starting})
	failed := f.Version
	f.Version, f.Restore, f.Chosen, f.Returning = f.Previous, f.BackTo, true, true
	f.Released, f.RunningAt, f.PortTries, f.Incarnation, f.FlinkJob = false, time.Time{}, 0, "", ""
	return f, engine.Back("intend", rows...).Say(fmt.Sprintf("version %d failed (%s); going back to version %d", failed, failureText(f.Failure), f.Previous))
}

// rolledBack is how a change ends whose way back succeeded.
func rolledBack(f facts) *cluster.Error {
	return cluster.Errorf(cluster.Conflict, codeRolledBack, "", "The new version failed, version %d runs again: %s", f.Version, failureText(f.Failure)).
		WithHint("the cause is above; the job's state lost nothing, but what the new version wrote to outputs that are not transactional may come again")
}

// needsChoice says both ways, with what each would lose.
func needsChoice(f facts, own, standing string) *cluster.Error {
	return cluster.Errorf(cluster.Conflict, codeNeedsChoice, "",
		"Version %d failed after it had completed a checkpoint of its own, and %s: %s. Going back to version %d from %s would drop everything done since; going on keeps it.",
		f.Version, standing, failureText(f.Failure), f.Previous, orEmptyState(f.BackTo)).
		WithHint("go on: LAST_STATE_UPDATE to a repaired version, or RE_LAUNCH if it has ended (newest state: %s); go back: `drey cluster version rollback <cluster> %d --savepoint %s`", own, f.Previous, orEmptyState(f.BackTo))
}

func orEmptyState(uri string) string {
	if uri == "" {
		return "an empty state"
	}
	return uri
}
