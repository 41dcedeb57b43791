package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
)

// step is one step of a kind before its types are erased for the engine.
type step struct {
	name  string
	limit time.Duration
	// onlyFailed marks a step that only a failure reaches.
	onlyFailed bool
	// urgent marks a step during which a job stands still.
	urgent bool
	look   func(facts) questions
	decide func(facts, answers, time.Time) (facts, engine.Verdict)
	act    func(ctx context.Context, w *world, op string, f facts) error
}

// settle picks where things stand when an operation of a kind ends Failed.
type settle func(facts, *cluster.Error) []engine.Row

// kind is one row of the table of kinds.
type kind struct {
	name     string
	version  int
	deadline time.Duration
	watcher  bool
	steps    []step
	settle   settle
}

// erase turns a step into what the engine runs.
func (s step) erase(w *world) engine.Step {
	e := engine.Step{
		Name: s.name, Limit: s.limit, Urgent: s.urgent,
		Look: func(ctx context.Context, op string, raw json.RawMessage) (any, error) {
			f, err := readFacts(raw)
			if err != nil {
				return nil, err
			}
			return w.answer(ctx, op, f, s.look(f))
		},
		Decide: func(raw json.RawMessage, seen any, now time.Time) (json.RawMessage, engine.Verdict) {
			f, err := readFacts(raw)
			if err != nil {
				return raw, engine.Fail(&cluster.Error{Kind: cluster.Conflict, Code: "InternalError", Message: "The operation's facts cannot be read.", Err: err})
			}
			f, v := s.decide(f, seen.(answers), now)
			return writeFacts(f), v
		},
	}
	if s.act != nil {
		e.Act = func(ctx context.Context, op string, raw json.RawMessage) error {
			f, err := readFacts(raw)
			if err != nil {
				return err
			}
			return s.act(ctx, w, op, f)
		}
	}
	return e
}

func readFacts(raw json.RawMessage) (facts, error) {
	var f facts
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("cannot read an operation's facts: %w", err)
	}
	return f, nil
}

// writeFacts cannot fail: facts holds nothing that JSON cannot hold.
func writeFacts(f facts) json.RawMessage {
	raw, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("facts do not encode: %v", err))
	}
	return raw
}
