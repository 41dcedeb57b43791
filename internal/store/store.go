// Package store keeps what Drey knows, in one SQLite or PostgreSQL database, and speaks of it in domain words.
//
// All writes are a [Store.Change], all reads a [Store.Read]. Tables: docs/decisions/0002-core-tables.md.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	log     *slog.Logger
	dialect *dialect
	writer  *sql.DB       // as many connections as turn has tokens
	readers *sql.DB       // several, which cannot write
	writes  *statements   // of writer
	reads   *statements   // of readers
	turn    chan struct{} // who has a token may use writer; SQLite has one
	common  chan struct{} // who of the ordinary ones has a token waits for turn
	patient chan struct{} // the same of the patient ones
	closed  chan struct{}
	close   sync.Once
	commit  func(*sql.Tx) error // tests make it fail
}

// Change runs fn in a transaction that is committed if fn returns nil. All rows of scope must exist, else it is
// ErrNotFound and fn does not run; so creating a cluster locks its pool. A nil scope is for the first start only, when
// there is no row to lock yet. The locks are taken in one order, whatever the order of scope.
//
// fn does nothing but call tx: no clock, no I/O, no other Change or Read, since PostgreSQL may run it again. What it sets outside of itself it
// sets anew each time. With a nil error the change is durable and every later Read sees it. With any other error nothing was stored and the
// caller may repeat, save for ErrUnknown. A ctx that ends while fn runs ends the change; a commit is never interrupted.
func (s *Store) Change(ctx context.Context, scope Scope, fn func(*Tx) error) error {
	if queue := s.queueOf(ctx); queue != nil {
		if err := s.take(ctx, queue); err != nil {
			return err
		}
		defer func() { queue <- struct{}{} }()
	}
	if err := s.take(ctx, s.turn); err != nil {
		return err
	}
	// The turn is kept until the outcome is known: nobody can overwrite the change id meanwhile where there is one.
	defer func() { s.turn <- struct{}{} }()
	return s.change(ctx, scope.ordered(), fn)
}

// take waits for a token.
func (s *Store) take(ctx context.Context, token <-chan struct{}) error {
	select {
	case <-s.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case <-token:
		return nil
	}
}

// change does the work of Change for an ordered scope.
func (s *Store) change(ctx context.Context, scope Scope, fn func(*Tx) error) error {
	return s.repeated(ctx, func() (cause, err error) { return s.attempt(ctx, scope, fn) })
}

// attempt runs a change once. cause is the database's own part of err.
func (s *Store) attempt(ctx context.Context, scope Scope, fn func(*Tx) error) (cause, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.begin(ctx)
	if err != nil {
		return err, err
	}
	defer func() {
		t.rollback() // does nothing after a commit
		s.writes.learn(context.WithoutCancel(ctx), t.unknown)
	}()
	was, err := t.run(scope, fn)
	if err != nil {
		return t.err, err
	}
	if err := s.commit(t.tx); err != nil {
		t.rollback() // it may hold a lock still
		err = s.resolve(ctx, was, classify(err))
		return err, err
	}
	return nil, nil
}

// begin begins a change. It is not bound to ctx: database/sql would roll back at any moment, and a commit could be cut in the middle.
func (s *Store) begin(ctx context.Context) (*Tx, error) {
	sqlTx, err := s.writer.BeginTx(context.WithoutCancel(ctx), &s.dialect.change)
	if err != nil {
		return nil, fmt.Errorf("cannot begin a change: %w", classify(err))
	}
	return &Tx{ctx: ctx, tx: sqlTx, dialect: s.dialect, statements: s.writes}, nil
}

// run does all of a change but its commit.
func (t *Tx) run(scope Scope, fn func(*Tx) error) (s signature, err error) {
	defer t.end()
	var before string
	for _, l := range scope {
		if before, err = t.lock(l); err != nil {
			return s, err
		}
	}
	if err := t.call(fn); err != nil {
		return s, err
	}
	if s, err = t.sign(scope[len(scope)-1], before); err != nil {
		return s, fmt.Errorf("cannot write the change id: %w", err)
	}
	return s, nil
}

func (t *Tx) rollback() { _ = t.tx.Rollback() }

// call runs fn; an error that it swallowed counts too.
func (t *Tx) call(fn func(*Tx) error) error {
	if err := fn(t); err != nil {
		return err
	}
	return t.err
}

// end makes the Tx useless outside its function.
func (t *Tx) end() {
	if t.err == nil {
		t.err = errOver
	}
}

// Read runs fn on one unchanging view of the database. It never waits for a Change. Writing inside it is an error.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	var sqlTx *sql.Tx
	err := s.repeated(ctx, func() (cause, err error) {
		if sqlTx, err = s.readers.BeginTx(ctx, &s.dialect.read); err != nil {
			err = fmt.Errorf("cannot begin a read: %w", classify(err))
		}
		return err, err
	})
	if err != nil {
		return err
	}
	t := &Tx{ctx: ctx, tx: sqlTx, dialect: s.dialect, statements: s.reads, readOnly: true}
	defer func() {
		t.rollback()
		s.reads.learn(ctx, t.unknown)
	}()
	defer t.end()
	return t.call(fn)
}

// Close waits for a running Change and closes the database. Changes that wait for their turn end with ErrClosed.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		close(s.closed)
		for range cap(s.turn) {
			<-s.turn // never given back
		}
		err = errors.Join(s.readers.Close(), s.writer.Close())
	})
	return err
}
