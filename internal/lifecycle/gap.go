package lifecycle

import (
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
)

// lookMeasure and decideMeasure write down what the gap of a start was made of, once it runs.
func lookMeasure(f facts) questions {
	return questions{Incarnation: f.Incarnation, Timing: true}
}

func decideMeasure(f facts, a answers, _ time.Time) (facts, engine.Verdict) {
	gap := measure(f, a)
	if gap == nil {
		return f, engine.Finish()
	}
	return f, engine.Finish(gapIs{ID: f.Incarnation, Gap: *gap}).Say(gap.String())
}

// measure is what a start's gap was made of, from the moments that the operation committed and what Flink says of the new job. nil where
// not even the end is known.
func measure(f facts, a answers) *cluster.Gap {
	if f.RunningAt.IsZero() || a.Incarnation == nil {
		return nil
	}
	b := gapBuilder{at: begin(f)}
	b.gap.From = b.at
	if f.Way == bySavepoint && f.Source != "" {
		b.until("savepoint", f.HandedAt)
	}
	if !f.KilledAt.IsZero() && f.Way != bySavepoint {
		b.until("kill", f.HandedAt)
	}
	if f.Ending != nil || f.Source != "" && !f.Beside {
		b.until("processes", f.ReleasedAt)
	}
	gate := a.jobManager().Gate
	b.until("hand-over", gate.OpenedAt)
	end := f.RunningAt
	if t := a.Timing; t != nil {
		b.until("graph", t.Submitted)
		b.until("schedule", t.Scheduled)
		if !t.AllRunningAt.IsZero() {
			end = t.AllRunningAt
		}
		b.until("deploy", end.Add(-t.InitializingMax))
		b.until("restore", end)
	} else {
		b.until("start", end)
	}
	return b.done()
}

// begin is when the job stopped to process, as early as it can have been.
func begin(f facts) time.Time {
	switch {
	case f.Ending != nil && !f.Ending.SeenAt.IsZero():
		return f.Ending.SeenAt
	case f.Source == "" || f.Returning:
		return f.ReleasedAt
	case f.Way == bySavepoint:
		return f.AcceptedAt
	}
	return f.KilledAt
}

// gapBuilder adds parts that follow each other; a moment that is not known, or lies before the last one, makes no part.
type gapBuilder struct {
	gap cluster.Gap
	at  time.Time
}

func (b *gapBuilder) until(name string, t time.Time) {
	if t.IsZero() || !t.After(b.at) {
		return
	}
	b.gap.Parts = append(b.gap.Parts, cluster.GapPart{Name: name, Took: t.Sub(b.at)})
	b.at = t
}

func (b *gapBuilder) done() *cluster.Gap {
	b.gap.To, b.gap.Total = b.at, b.at.Sub(b.gap.From)
	return &b.gap
}
