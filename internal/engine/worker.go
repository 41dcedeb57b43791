package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
	"drey/internal/telemetry"
)

const (
	defaultLimit = 15 * time.Second
	backoffStart = 100 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// worker keeps one operation from the turn it finds it at until its end.
type worker struct {
	*Engine
	op      store.Operation
	kind    Kind
	backoff time.Duration
	said    string // last trouble written as a line, so that it is written once
}

// run takes turns until the operation ended, was fenced off, or ctx ends. A turn that has begun is not cut off by quit.
func (w *worker) run(ctx context.Context, quit <-chan struct{}) {
	at, named := "", ctx
	for {
		select {
		case <-quit:
			return
		case <-ctx.Done():
			return
		default:
		}
		if at != w.op.Step { // not in every turn: a turn may come each 20 ms
			at, named = w.op.Step, telemetry.With(ctx, slog.String("step", w.op.Step))
		}
		w.metrics.Turn(w.kind.Name)
		wait, over := w.guarded(named)
		if over {
			return
		}
		if wait <= 0 {
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-quit:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// guarded takes a turn; one that panics ends the operation Failed, never the server.
func (w *worker) guarded(ctx context.Context) (wait time.Duration, over bool) {
	defer func() {
		if p := recover(); p != nil {
			w.metrics.Panic("step")
			w.log.ErrorContext(ctx, "step panicked", "panic", p, "stack", string(debug.Stack()))
			wait, over = w.end(ctx, cluster.Errorf(cluster.Conflict, "InternalError", "", "Step %q met an error of Drey's own.", w.op.Step))
		}
	}()
	return w.turn(ctx)
}

// turn is Look, Decide, at most one commit, at most one effect.
func (w *worker) turn(ctx context.Context) (wait time.Duration, over bool) {
	now := w.now()
	if !w.op.Deadline.IsZero() && now.After(w.op.Deadline) {
		return w.end(ctx, cluster.Errorf(cluster.Conflict, "DeadlineExceeded", "",
			"%s did not end within its time at step %q.%s", w.kind.Name, w.op.Step, w.lastTrouble()))
	}
	at, ok := w.kind.step(w.op.Step)
	if !ok {
		w.log.ErrorContext(ctx, "operation has a step this binary does not know")
		return 0, true
	}
	step := w.kind.Steps[at]
	seen, err := w.look(ctx, step)
	if err != nil {
		return w.trouble(ctx, step, "look", err)
	}
	facts, v := step.Decide(w.op.Facts, seen, now)
	changed := !bytes.Equal(facts, w.op.Facts)
	next := w.op
	next.Facts = facts
	switch v.what {
	case act:
		if wait, over := w.commit(ctx, next, v, step.Name); over || wait > 0 {
			return wait, over
		}
		if err := w.act(ctx, step); err != nil {
			return w.trouble(ctx, step, "act", err)
		}
		w.backoff = 0
		return 0, false
	case again:
		w.backoff = 0
		if changed || len(v.rows) > 0 || len(v.lines) > 0 {
			if wait, over := w.commit(ctx, next, v, step.Name); over || wait > 0 {
				return wait, over
			}
		}
		return max(v.after, time.Millisecond), false
	case done:
		if at+1 < len(w.kind.Steps) {
			next.Step = w.kind.Steps[at+1].Name
			return w.commit(ctx, next, v, step.Name)
		}
		return w.succeed(ctx, next, v, step.Name)
	case finish:
		return w.succeed(ctx, next, v, step.Name)
	case back:
		next.Step = v.step
		return w.commit(ctx, next, v, step.Name)
	case fail:
		w.op.Facts = facts
		return w.end(ctx, v.err)
	default:
		panic(fmt.Sprintf("step %s/%s decided nothing", w.kind.Name, step.Name))
	}
}

func (w *worker) look(ctx context.Context, step Step) (any, error) {
	if step.Look == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit(step))
	defer cancel()
	return step.Look(ctx, w.op.ID, w.op.Facts)
}

func (w *worker) act(ctx context.Context, step Step) error {
	if step.Act == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := w.fence(w.op.Target); !ok {
		return errNotOwner
	}
	ctx, cancel := context.WithTimeout(ctx, limit(step))
	defer cancel()
	point := Point{Kind: w.kind.Name, Step: step.Name, Moment: Sent}
	err := step.Act(point.onSent(ctx), w.op.ID, w.op.Facts)
	point.hit()
	return err
}

// lastTrouble is the last trouble, for the error of an operation that ran out of time.
func (w *worker) lastTrouble() string {
	if w.said == "" {
		return ""
	}
	return " Last trouble: " + w.said + "."
}

var errNotOwner = errors.New("this server does not own the target now")

func limit(s Step) time.Duration {
	if s.Limit > 0 {
		return s.Limit
	}
	return defaultLimit
}

// trouble is any error but Fail: it means again, with backoff, until the deadline.
func (w *worker) trouble(ctx context.Context, step Step, part string, err error) (time.Duration, bool) {
	if ctx.Err() != nil {
		return 0, true
	}
	w.backoff = min(max(2*w.backoff, backoffStart), backoffMost)
	w.metrics.Trouble(w.kind.Name, step.Name)
	w.log.WarnContext(ctx, "step has trouble, again later", "part", part, "error", err, "after", w.backoff)
	line := "trouble, trying again"
	if e := cluster.AsError(err); e != nil {
		line = fmt.Sprintf("%s: %s; trying again", e.Code, e.Message)
	}
	if line != w.said {
		w.said = line
		w.sayLater(ctx, step.Name, line)
	}
	return w.backoff, false
}

// sayLater writes a line outside of a turn's commit; losing it is no harm.
func (w *worker) sayLater(ctx context.Context, step, line string) {
	at := w.now()
	err := w.store.Change(store.Patient(ctx), store.Scope{store.OperationRow(w.op.ID)}, func(tx *store.Tx) error {
		return tx.AddLine(w.op.ID, at, step, line)
	})
	if err != nil {
		w.log.WarnContext(ctx, "cannot write a line of the operation", "error", err)
	}
}

// commit writes the turn: operation, rows and lines, under the fence.
func (w *worker) commit(ctx context.Context, next store.Operation, v Verdict, step string) (time.Duration, bool) {
	moment := Point{Kind: w.kind.Name, Step: step, Moment: Before}
	moment.hit()
	epoch, ok := w.fence(next.Target)
	if !ok {
		return backoffMost, false
	}
	at := w.now()
	writing := store.Patient(ctx)
	if at, ok := w.kind.step(step); ok && w.kind.Steps[at].Urgent {
		writing = store.Urgent(ctx)
	}
	// The target is locked: nobody takes it while this is written, and all that is written of what runs there is written one after another.
	err := w.store.Change(writing, store.Scope{store.Target(next.Target), store.OperationRow(next.ID)}, func(tx *store.Tx) error {
		if err := tx.SaveOperation(next, epoch); err != nil {
			return err
		}
		for _, r := range v.rows {
			if err := r.Write(tx); err != nil {
				return err
			}
		}
		for _, line := range v.lines {
			if err := tx.AddLine(next.ID, at, step, line); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil: // also where ctx has ended since: what is committed is told
	case errors.Is(err, store.ErrFenced) && w.deposed(ctx, next.Target, epoch):
		return backoffMost, false // ending here would only have the same operation taken up again at once
	case errors.Is(err, store.ErrFenced):
		w.log.InfoContext(ctx, "operation was taken over or ended by another")
		return 0, true
	case ctx.Err() != nil:
		return 0, true
	default:
		w.backoff = min(max(2*w.backoff, backoffStart), backoffMost)
		w.log.ErrorContext(ctx, "cannot commit a turn, again later", "error", err, "after", w.backoff)
		return w.backoff, false
	}
	next.Turn++
	w.op = next
	moment.Moment = After
	moment.hit()
	return 0, false
}

// deposed reports whether another server has taken the target since epoch.
func (w *worker) deposed(ctx context.Context, target string, epoch int64) bool {
	var row store.TargetRow
	err := w.store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Target(target)
		return err
	})
	return err == nil && row.Epoch != epoch
}

func (w *worker) succeed(ctx context.Context, next store.Operation, v Verdict, step string) (time.Duration, bool) {
	next.State, next.Outcome, next.EndedAt = store.Ended, store.Succeeded, w.now()
	return w.last(ctx, next, v, step)
}

// end settles: where things stand is picked by the kind, never left open.
func (w *worker) end(ctx context.Context, reason *cluster.Error) (time.Duration, bool) {
	now := w.now()
	rows, shown := w.kind.Settle(w.op.Facts, reason, now)
	next := w.op
	next.State, next.Outcome, next.EndedAt = store.Ended, store.FailedOp, now
	next.Error = &store.OperationError{Code: shown.Code, Message: shown.Message, Target: shown.Target, Hint: shown.Hint, Details: shown.Details}
	v := Verdict{rows: rows, lines: []string{shown.Code + ": " + shown.Message}}
	return w.last(ctx, next, v, w.op.Step)
}

func (w *worker) last(ctx context.Context, next store.Operation, v Verdict, step string) (time.Duration, bool) {
	wait, over := w.commit(ctx, next, v, step)
	if over || wait > 0 {
		return wait, over
	}
	took := next.EndedAt.Sub(next.CreatedAt)
	w.metrics.Operation(next.Kind, string(next.Outcome), took)
	w.log.InfoContext(ctx, "operation ended", "outcome", next.Outcome, "seconds", took.Seconds())
	if w.ended != nil {
		w.ended(next)
	}
	return 0, true
}
