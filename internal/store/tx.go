package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is an open transaction. It is for one goroutine, inside the function it was given to.
//
// An absent row is [ErrNotFound], and the function may go on. After any other error the transaction is over: each
// further call returns that error and nothing is committed, even if the function returns nil. (SQLite rolls back by
// itself on some errors; what came after them would be stored on its own.)
type Tx struct {
	ctx        context.Context
	tx         *sql.Tx
	dialect    *dialect
	statements *statements
	unknown    []string // queries that are not prepared yet
	readOnly   bool
	err        error // the first that ended the transaction
}

// failed names err and remembers it, unless the function may go on after it.
func (t *Tx) failed(err error) error {
	err = classify(err)
	if ended := t.ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	if t.err == nil && !errors.Is(err, ErrNotFound) {
		t.err = err
	}
	return err
}

// exec runs a statement and answers how many rows it changed.
func (t *Tx) exec(query string, args ...any) (int, error) {
	if t.err == nil && t.readOnly {
		t.err = errReadOnly
	}
	if t.err != nil {
		return 0, t.err
	}
	result, err := t.runner(query).exec(t.ctx, t.storable(args))
	if err != nil {
		return 0, t.failed(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, t.failed(err)
	}
	return int(n), nil
}

// storable makes the values of a query ones that the database takes.
func (t *Tx) storable(args []any) []any {
	if t.dialect.argument == nil {
		return args
	}
	for i, arg := range args {
		args[i] = t.dialect.argument(arg)
	}
	return args
}

// put runs a statement that must change something; else its row is absent.
func (t *Tx) put(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// lock takes a row until the end of the transaction, and tells the change ids it remembers. Where beginning has locked everything, it only
// looks.
func (t *Tx) lock(l Lock) (changes string, err error) {
	at, ok := lockable[l.Table]
	if !ok {
		return "", fmt.Errorf("store: rows of table %q cannot be locked", l.Table)
	}
	changes, err = one(t, scanText, "SELECT "+at.change+" FROM "+string(l.Table)+" WHERE "+at.key+" = ?"+t.dialect.locks, l.Key)
	if err != nil {
		return "", fmt.Errorf("cannot lock %s %q: %w", l.Table, l.Key, err)
	}
	return changes, nil
}

// Meta gives a value of the installation.
func (t *Tx) Meta(key string) (string, error) {
	return one(t, scanText, "SELECT value FROM meta WHERE key = ?", key)
}

// SetMeta sets a value of the installation.
func (t *Tx) SetMeta(key, value string) error {
	_, err := t.exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}
