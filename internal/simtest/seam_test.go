package simtest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"drey/internal/runtime"
)

// seam is where one server touches the world: it notes what the server does there, and it is where the server may be killed.
type seam struct {
	runtime.Runtime
	flink http.RoundTripper
	fate  *fate // nil: it is not killed
	turn  func(op string) int64
	kill  func()

	mu    sync.Mutex
	op    string // the operation that is watched
	notes []note
	done  int // effects
	dead  bool
}

// note is one thing that a server did, or that happened to it.
type note struct {
	What        string // "Release"
	Incarnation runtime.IncarnationID
	At          time.Time
	Turn        int64 // commits of the watched operation until then
}

// fate is when a server is killed: after Turn commits of the watched operation, before it sees or does anything else; or, if Effect is
// set, when the effect of that number is done, before the server hears of it.
type fate struct {
	Turn   int64 // once it is dead: after how many it really was, since not every commit is followed by a look at the world
	Effect int   // from 1
}

// next is the moment after f.
func (f fate) next() fate {
	if f.Effect > 0 {
		return fate{Effect: f.Effect + 1}
	}
	return fate{Turn: f.Turn + 1}
}

var errKilled = errors.New("the server was killed")

// watch notes from here on, by the turns of an operation.
func (s *seam) watch(op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.op, s.notes = op, nil
}

// seen are the notes so far.
func (s *seam) seen() []note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notes
}

// note adds one.
func (s *seam) note(what string, id runtime.IncarnationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.op != "" {
		s.notes = append(s.notes, note{what, id, time.Now(), s.turn(s.op)})
	}
}

// look lets a question through, unless the server is dead or killed here.
func (s *seam) look() error {
	return s.pass(func(f *fate) bool {
		turn := s.turn(s.op)
		if f.Effect > 0 || turn < f.Turn {
			return false
		}
		f.Turn = turn
		return true
	})
}

// do lets an effect through, and notes it.
func (s *seam) do(what string, id runtime.IncarnationID, effect func() error) error {
	if err := s.look(); err != nil {
		return err
	}
	s.note(what, id)
	err := effect()
	killed := s.pass(func(f *fate) bool {
		s.done++
		return s.done == f.Effect
	})
	return cmp.Or(killed, err)
}

// pass kills the server if this is its moment, and fails if it is dead.
func (s *seam) pass(moment func(*fate) bool) error {
	s.mu.Lock()
	now := !s.dead && s.fate != nil && s.op != "" && moment(s.fate)
	s.dead = s.dead || now
	dead := s.dead
	s.mu.Unlock()
	if now {
		s.kill()
	}
	if dead {
		return errKilled
	}
	return nil
}

// Prepare implements [runtime.Runtime].
func (s *seam) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	return s.do("Prepare", inc.ID, func() error { return s.Runtime.Prepare(ctx, inc) })
}

// Release implements [runtime.Runtime].
func (s *seam) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	return s.do("Release", id, func() error { return s.Runtime.Release(ctx, id, order) })
}

// Kill implements [runtime.Runtime].
func (s *seam) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	what := "Kill"
	for _, role := range roles {
		what += " " + string(role)
	}
	return s.do(what, id, func() error {
		err := s.Runtime.Kill(ctx, id, roles...)
		if len(roles) == 0 {
			s.note("dead", id)
		}
		return err
	})
}

// Observe implements [runtime.Runtime].
func (s *seam) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	if err := s.look(); err != nil {
		return runtime.Status{}, err
	}
	return s.Runtime.Observe(ctx, id)
}

// RoundTrip implements [http.RoundTripper].
func (s *seam) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	send := func() error {
		answer, err = s.flink.RoundTrip(r)
		return err
	}
	if r.Method != http.MethodGet {
		err = s.do(strings.ToLower(path.Base(r.URL.Path)), "", send)
	} else if err = s.look(); err == nil {
		err = send()
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}
