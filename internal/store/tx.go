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
	statements *statements
	unknown    []string // queries that are not prepared yet
	readOnly   bool
	err        error // the first that ended the transaction
}

// failed names err and remembers it, unless the function may go on after it.
func (t *Tx) failed(err error) error {
	err = classify(err)
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
	result, err := t.runner(query).exec(t.ctx, args)
	if err != nil {
		return 0, t.failed(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, t.failed(err)
	}
	return int(n), nil
}

// put runs a statement that must change something; else its row is absent.
func (t *Tx) put(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// lock takes the rows of an ordered scope. SQLite has already locked the whole database, so it only looks.
func (t *Tx) lock(scope Scope) error {
	for _, l := range scope {
		at, ok := lockable[l.Table]
		if !ok {
			return fmt.Errorf("store: rows of table %q cannot be locked", l.Table)
		}
		_, err := one(t, scanInt, "SELECT 1 FROM "+string(l.Table)+" WHERE "+at.key+" = ?", l.Key)
		if err != nil {
			return fmt.Errorf("cannot lock %s %q: %w", l.Table, l.Key, err)
		}
	}
	return nil
}

// sign writes the change id into the last row of the scope, or into meta if that row is gone, and says where it is.
func (t *Tx) sign(scope Scope, change string) (Lock, error) {
	if len(scope) > 0 {
		l := scope[len(scope)-1]
		err := t.put("UPDATE "+string(l.Table)+" SET change = ? WHERE "+lockable[l.Table].key+" = ?", change, l.Key)
		if !errors.Is(err, ErrNotFound) {
			return l, err
		}
	}
	return Lock{metaTable, changeKey}, t.SetMeta(changeKey, change)
}

// signature reads the change id back.
func (t *Tx) signature(l Lock) (string, error) {
	if l.Table == metaTable {
		return t.Meta(l.Key)
	}
	return one(t, scanText, "SELECT change FROM "+string(l.Table)+" WHERE "+lockable[l.Table].key+" = ?", l.Key)
}

// changeKey is the meta key for the change id of a Change without a scope, or one that deleted the row to write it to.
const changeKey = "change"

// Meta gives a value of the installation.
func (t *Tx) Meta(key string) (string, error) {
	return one(t, scanText, "SELECT value FROM meta WHERE key = ?", key)
}

// SetMeta sets a value of the installation.
func (t *Tx) SetMeta(key, value string) error {
	_, err := t.exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}
