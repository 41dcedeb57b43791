// Package engine runs operations: durable pieces of work made of steps. It knows turns, the fence, backoff and deadlines;
// what a step looks at, decides and does is given to it. It knows no Flink.
package engine

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
	"drey/internal/telemetry"
)

// Kind is one type of operation. Kinds are data: failpoints, deadlines and docs are made from them.
type Kind struct {
	Name     string // "job.stop"
	Version  int    // of the list of steps; a binary refuses an operation of a version it does not know
	Lane     store.Lane
	Deadline time.Duration // from the acceptance on
	Steps    []Step
	// Settle picks where things stand when the operation ends Failed: the rows to write, and the error to show.
	Settle func(facts json.RawMessage, reason *cluster.Error, now time.Time) ([]Row, *cluster.Error)
}

// Step is one repeatable part of a kind.
type Step struct {
	Name string
	// Limit bounds one Look or one Act; 0 = 15 s.
	Limit time.Duration
	// Urgent says that a job stands still during this step: its commits go before those of other operations.
	Urgent bool
	// Look only reads. What it answers is handed to Decide as it is.
	Look func(ctx context.Context, op string, facts json.RawMessage) (any, error)
	// Decide is pure: the same facts, answers and time give the same verdict.
	Decide func(facts json.RawMessage, seen any, now time.Time) (json.RawMessage, Verdict)
	// Act is the step's one effect; nil if it has none. It must bear repetition: the next Look sees what came of it.
	Act func(ctx context.Context, op string, facts json.RawMessage) error
}

// Row is one change of the database that goes into a turn's commit. It is data that writes itself.
type Row interface {
	Write(tx *store.Tx) error
}

type verdict int

const (
	act verdict = iota + 1
	done
	back
	again
	fail
	finish
)

// Verdict is what a Decide answers.
type Verdict struct {
	what  verdict
	after time.Duration
	step  string
	err   *cluster.Error
	rows  []Row
	lines []string
}

// Act commits, then lets the step's effect happen, then Looks again.
func Act(rows ...Row) Verdict { return Verdict{what: act, rows: rows} }

// Done commits and goes on to the next step; after the last one the operation ends Succeeded.
func Done(rows ...Row) Verdict { return Verdict{what: done, rows: rows} }

// Finish commits and ends the operation Succeeded, whatever steps are left.
func Finish(rows ...Row) Verdict { return Verdict{what: finish, rows: rows} }

// Back commits and goes on with the step named, which may also be a later one.
func Back(step string, rows ...Row) Verdict { return Verdict{what: back, step: step, rows: rows} }

// Again Looks again after a while. It commits only if facts changed or there are rows.
func Again(after time.Duration, rows ...Row) Verdict {
	return Verdict{what: again, after: after, rows: rows}
}

// Fail ends the operation Failed with what the kind's Settle makes of err.
func Fail(err *cluster.Error) Verdict { return Verdict{what: fail, err: err} }

// With adds rows to the verdict's commit.
func (v Verdict) With(rows ...Row) Verdict {
	v.rows = append(v.rows, rows...)
	return v
}

// Say adds a line to the operation's own log, written with the commit.
func (v Verdict) Say(line string) Verdict {
	v.lines = append(v.lines, line)
	return v
}

// Config is what an Engine needs.
type Config struct {
	Store *store.Store
	Kinds []Kind
	// Fence answers the epoch under which we own a target, and whether we may act for it now.
	Fence func(target string) (epoch int64, ok bool)
	// Now is the one wall clock.
	Now func() time.Time
	Log *slog.Logger
	// Ended is told of each operation that ended here; nil is fine.
	Ended func(op store.Operation)
	// Metrics counts turns and operations; nil is fine.
	Metrics *telemetry.Metrics
}

func (k Kind) step(name string) (int, bool) {
	for i, s := range k.Steps {
		if s.Name == name {
			return i, true
		}
	}
	return 0, false
}

// String names a verdict: "Act", "Done", "Back(stop)", "Fail(SavepointFailed)".
func (v Verdict) String() string {
	switch v.what {
	case act:
		return "Act"
	case done:
		return "Done"
	case finish:
		return "Finish"
	case back:
		return "Back(" + v.step + ")"
	case again:
		return "Again"
	case fail:
		return "Fail(" + v.err.Code + ")"
	}
	return "nothing"
}
