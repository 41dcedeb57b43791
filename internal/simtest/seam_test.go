package simtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"drey/internal/runtime"
)

// seam is where one server touches the world: every commit, question and effect of it passes here. It is where what the server does is
// told, and where the server may be killed or stand still.
type seam struct {
	runtime.Runtime
	fate *fate // nil: it is not killed
	turn func(op string) int64
	kill func()
	tell func(effect) error // of each effect before it is done; an error is the effect's
	full func() error       // why nothing can be committed; nil: it can

	committed func() // after each commit
	stood     func() // what happens while the server stands still with an effect on its way

	mu      sync.Mutex
	op      string // the operation that is watched
	armed   bool   // fate counts
	late    bool   // the effect that has begun is to be late
	commits int
	effects int
	notes   []note
	dead    bool
	frozen  chan struct{} // closed when it goes on
}

// note is one thing that a server did, or that happened to it.
type note struct {
	What        string // "Release"
	Incarnation runtime.IncarnationID
	At          time.Time
	Turn        int64 // commits of the watched operation until then
}

// effect is one thing that a server does to the world.
type effect struct {
	What        string // a method of the runtime, or of a JobManager's REST: stop, savepoints, checkpoints, cancel, rescale
	Incarnation runtime.IncarnationID
	Roles       []runtime.Role
	Body        []byte // the order of a Release, the body of a request
	Path        string // of a request
}

// fate is when a server is killed: at a commit or an effect, the n-th since it was armed; when that is done, or, with Before, instead of it.
type fate struct {
	Commit, Effect int
	Before         bool
	Late           bool // it is not killed, but stands still: the effect that it has begun is done when it goes on
	met            bool
}

// next is the moment after f.
func (f fate) next() fate {
	if f.Effect > 0 {
		return fate{Effect: f.Effect + 1, Before: f.Before}
	}
	return fate{Commit: f.Commit + 1, Before: f.Before}
}

var errKilled = errors.New("the server was killed")

// watch notes from here on, by the turns of an operation, and lets fate count.
func (s *seam) watch(op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.op, s.notes, s.armed = op, nil, true
}

// arm lets the server meet a fate from here on.
func (s *seam) arm(f *fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate, s.armed, s.commits, s.effects = f, true, 0, 0
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

// freeze lets the server stand still, as SIGSTOP does, until thaw: it asks nothing and commits nothing. What it has begun to do is done.
func (s *seam) freeze() (thaw func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan struct{})
	s.frozen = c
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frozen = nil
		close(c)
	}
}

// still waits while the server stands still; then says whether it lives.
func (s *seam) still() error {
	for {
		s.mu.Lock()
		frozen, dead := s.frozen, s.dead
		s.mu.Unlock()
		switch {
		case dead:
			return errKilled
		case frozen == nil:
			return nil
		}
		<-frozen
	}
}

func (s *seam) isFrozen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frozen != nil
}

// die kills the server.
func (s *seam) die() {
	s.mu.Lock()
	again := s.dead
	s.dead = true
	s.mu.Unlock()
	if !again {
		s.kill()
	}
}

// soFar is how much fate has counted.
func (s *seam) soFar() (commits, effects int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits, s.effects
}

// pass does one thing that fate counts, unless the server is dead or dies before it.
func (s *seam) pass(count *int, at func(*fate) int, do func() error) error {
	s.mu.Lock()
	if s.dead {
		s.mu.Unlock()
		return errKilled
	}
	var f *fate
	if s.armed && s.fate != nil && !s.fate.met {
		*count++
		if *count == at(s.fate) {
			f = s.fate
			f.met = true
		}
	}
	if f != nil && f.Late {
		f, s.late = nil, true
	}
	s.mu.Unlock()
	if f != nil && f.Before {
		s.die()
		return errKilled
	}
	err := do()
	if f != nil {
		s.die()
		return errKilled
	}
	return err
}

var errFrozen = errors.New("the server stands still")

// committing carries out a commit. One that stands still does not keep the database locked meanwhile: SQLite would wait by a real clock.
func (s *seam) committing(commit func() error) error {
	if s.isFrozen() {
		return errFrozen
	}
	if s.full != nil {
		if err := s.full(); err != nil {
			return err
		}
	}
	return s.pass(&s.commits, func(f *fate) int { return f.Commit }, func() error {
		err := commit()
		if s.committed != nil {
			s.committed()
		}
		return err
	})
}

// delay keeps an effect that is late until the server goes on.
func (s *seam) delay() {
	s.mu.Lock()
	late := s.late
	s.late = false
	s.mu.Unlock()
	if !late {
		return
	}
	s.stood()
	_ = s.still()
}

// do lets an effect through, and tells it.
func (s *seam) do(e effect, act func() error) error {
	return s.pass(&s.effects, func(f *fate) int { return f.Effect }, func() error {
		if s.tell != nil {
			if err := s.tell(e); err != nil {
				return err
			}
		}
		what := e.What
		for _, role := range e.Roles {
			what += " " + string(role)
		}
		s.note(what, e.Incarnation)
		s.delay()
		return act()
	})
}

// Claim implements [runtime.Runtime].
func (s *seam) Claim(ctx context.Context, holder string, epoch int64, ttl time.Duration) (int64, error) {
	if err := s.still(); err != nil {
		return 0, err
	}
	return s.Runtime.Claim(ctx, holder, epoch, ttl)
}

// Prepare implements [runtime.Runtime].
func (s *seam) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	return s.do(effect{What: "Prepare", Incarnation: inc.ID}, func() error { return s.Runtime.Prepare(ctx, inc) })
}

// Release implements [runtime.Runtime].
func (s *seam) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	return s.do(effect{What: "Release", Incarnation: id, Body: order}, func() error { return s.Runtime.Release(ctx, id, order) })
}

// Scale implements [runtime.Runtime].
func (s *seam) Scale(ctx context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	return s.do(effect{What: "Scale", Incarnation: id}, func() error { return s.Runtime.Scale(ctx, id, role, n, generation) })
}

// Kill implements [runtime.Runtime].
func (s *seam) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	return s.do(effect{What: "Kill", Incarnation: id, Roles: roles}, func() error {
		err := s.Runtime.Kill(ctx, id, roles...)
		if len(roles) == 0 {
			s.note("dead", id)
		}
		return err
	})
}

// Forget implements [runtime.Runtime].
func (s *seam) Forget(ctx context.Context, id runtime.IncarnationID) error {
	return s.do(effect{What: "Forget", Incarnation: id}, func() error { return s.Runtime.Forget(ctx, id) })
}

// Observe implements [runtime.Runtime].
func (s *seam) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	if err := s.still(); err != nil {
		return runtime.Status{}, err
	}
	return s.Runtime.Observe(ctx, id)
}

// Endpoint implements [runtime.Runtime].
func (s *seam) Endpoint(id runtime.IncarnationID, port int) runtime.Endpoint {
	e := s.Runtime.Endpoint(id, port)
	return runtime.Endpoint{URL: e.URL, Transport: flinkSeam{s, id, e.Transport}}
}

// flinkSeam is the seam on the way to a JobManager.
type flinkSeam struct {
	*seam
	id  runtime.IncarnationID
	way http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (s flinkSeam) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	send := func() error {
		answer, err = s.way.RoundTrip(r)
		return err
	}
	if r.Method == http.MethodGet {
		if err = s.still(); err == nil {
			err = send()
		}
	} else {
		e := effect{What: strings.ToLower(path.Base(r.URL.Path)), Incarnation: s.id, Path: r.URL.Path}
		switch r.Method {
		case http.MethodPatch:
			e.What = "cancel"
		case http.MethodPut:
			e.What = "rescale"
		}
		if r.Body != nil {
			e.Body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(e.Body))
		}
		err = s.do(e, send)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}
