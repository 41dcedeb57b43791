package store

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"drey/internal/cluster"
)

// What a caller can tell apart with [errors.Is].
var (
	ErrNotFound = errors.New("store: not found")
	ErrFenced   = errors.New("store: fenced: another worker or owner has taken over")
	ErrExists   = errors.New("store: already exists")                 // a unique index said no
	ErrFull     = errors.New("store: no space left for the database") // nothing of the change was stored
	ErrBusy     = errors.New("store: database is locked by others")   // for longer than busyTimeout
	ErrNoPort   = errors.New("store: too few free ports in the range")
	ErrClosed   = errors.New("store: closed")
	// ErrUnknown says that a commit failed and reading it back failed too: it may be done or not.
	ErrUnknown = errors.New("store: outcome of the commit is unknown")
)

// ErrAway says that the database cannot be reached; nothing of a change was stored. Since it may meet anybody who asks for anything, it is in the words that
// a caller is answered with.
var ErrAway error = &cluster.Error{Kind: cluster.Unavailable, Code: "ServerBusy", Message: "The database cannot be reached.", Hint: "try again in a moment"}

// errReadOnly is the mistake of writing inside Read.
var errReadOnly = errors.New("store: write inside Read")

// errOver is the mistake of keeping a Tx beyond its function.
var errOver = errors.New("store: transaction used after its end")

// classify gives an error of the driver its name, and keeps it as the cause.
func classify(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		if name := classifyPostgres(err); name != nil {
			return fmt.Errorf("%w: %w", name, err)
		}
		return err
	}
	switch code := e.Code(); code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return fmt.Errorf("%w: %w", ErrExists, err)
	case sqlite3.SQLITE_IOERR_SHMSIZE: // the WAL's index cannot grow: its file system is full
		return fmt.Errorf("%w: %w", ErrFull, err)
	default:
		switch code & 0xff {
		case sqlite3.SQLITE_FULL:
			return fmt.Errorf("%w: %w", ErrFull, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
	}
	return err
}
