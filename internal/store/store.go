// Package store keeps what Drey knows, in one SQLite database, and speaks of it in domain words.
//
// All writes are a [Store.Change], all reads a [Store.Read]. Tables: docs/decisions/0002-core-tables.md.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// resolveTimeout bounds the reading back of a commit whose outcome is not known.
const resolveTimeout = 5 * time.Second

// Store is an open database. It is safe for concurrent use.
type Store struct {
	log     *slog.Logger
	writer  *sql.DB       // one connection
	readers *sql.DB       // several, which cannot write
	writes  *statements   // of writer
	reads   *statements   // of readers
	turn    chan struct{} // holds one token: who has it may use writer
	common  chan struct{} // holds one token: which of the ordinary ones waits for turn
	patient chan struct{} // the same of the patient ones
	closed  chan struct{}
	close   sync.Once
	commit  func(*sql.Tx) error // tests make it fail
}

// Change runs fn in a transaction that is committed if fn returns nil. All rows of scope must exist, else it is
// ErrNotFound and fn does not run; so creating a cluster locks its pool. A nil scope is for the first start only, when
// there is no row to lock yet. The locks are taken in one order, whatever the order of scope.
//
// fn does nothing but call tx: no clock, no I/O, no other Change or Read, since another database may run it again.
// With a nil error the change is durable and every later Read sees it. With any other error nothing was stored and the
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
	// The turn is kept until the outcome is known: nobody can overwrite the change id meanwhile.
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
	if err := ctx.Err(); err != nil {
		return err
	}
	// Not bound to ctx: database/sql would roll back at any moment, and a commit could be cut in the middle.
	sqlTx, err := s.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("cannot begin a change: %w", classify(err))
	}
	t := &Tx{ctx: ctx, tx: sqlTx, statements: s.writes}
	defer func() {
		_ = sqlTx.Rollback() // does nothing after a commit
		s.writes.learn(context.WithoutCancel(ctx), t.unknown)
	}()
	id, at, err := t.run(scope, fn)
	if err != nil {
		return err
	}
	if err := s.commit(sqlTx); err != nil {
		return s.resolve(ctx, at, id, classify(err))
	}
	return nil
}

// run does all of a change but its commit, and tells its id and where that is written.
func (t *Tx) run(scope Scope, fn func(*Tx) error) (id string, at Lock, err error) {
	defer t.end()
	if err := t.lock(scope); err != nil {
		return "", Lock{}, err
	}
	if err := t.call(fn); err != nil {
		return "", Lock{}, err
	}
	id = newChangeID()
	if at, err = t.sign(scope, id); err != nil {
		return "", Lock{}, fmt.Errorf("cannot write the change id: %w", err)
	}
	return id, at, nil
}

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

// resolve finds out whether a commit that failed with cause is done after all.
func (s *Store) resolve(ctx context.Context, at Lock, id string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
	defer cancel()
	var found string
	err := s.Read(ctx, func(tx *Tx) (err error) {
		found, err = tx.signature(at)
		return err
	})
	switch {
	case err == nil && found == id:
		s.log.WarnContext(ctx, "commit reported an error but is done", "table", at.Table, "error", cause)
		return nil
	case err == nil || errors.Is(err, ErrNotFound):
		return fmt.Errorf("cannot commit: %w", cause)
	}
	s.log.ErrorContext(ctx, "commit failed and cannot be read back", "table", at.Table, "error", cause, "read", err)
	return fmt.Errorf("%w: %w; reading it back: %w", ErrUnknown, cause, err)
}

// Read runs fn on one unchanging view of the database. It never waits for a Change. Writing inside it is an error.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	sqlTx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("cannot begin a read: %w", classify(err))
	}
	t := &Tx{ctx: ctx, tx: sqlTx, statements: s.reads, readOnly: true}
	defer func() {
		_ = sqlTx.Rollback()
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
		<-s.turn // never given back
		err = errors.Join(s.readers.Close(), s.writer.Close())
	})
	return err
}

// newChangeID makes 32 hex digits.
func newChangeID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
