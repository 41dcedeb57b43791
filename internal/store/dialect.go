package store

import (
	"database/sql"
	"time"

	"github.com/pressly/goose/v3"
)

// dialect is all in which one database differs from the other, but how it is opened (open.go, postgres.go) and how it names its errors
// (errors.go, pgerrors.go).
type dialect struct {
	name  string // also the folder of its migrations
	goose goose.Dialect
	// rewrite makes the database's own text of a query. Queries are written as SQLite takes them. Nil: as they are.
	rewrite func(string) string
	// argument makes a value one that can be stored. Nil: all can.
	argument func(any) any
	// prepares: this package keeps prepared statements; else the driver does, on each connection its own.
	prepares bool
	// locks follows a SELECT that locks its rows until the end of the transaction. "": beginning a change has locked all.
	locks string
	// recount sets how {table} numbers its next row, after rows were written with numbers of their own. "": it looks at its rows each time.
	recount string
	// changes is how many change ids a row remembers: those of others may come upon it before ours is read back.
	changes int
	// change and read are how their transactions begin.
	change, read sql.TxOptions
	// repeats reports whether a change that met err may be run again. Nil: never.
	repeats func(err error) bool
	// resolve bounds the reading back of a commit whose outcome is not known.
	resolve time.Duration
}

var sqliteDialect = dialect{
	name: "sqlite", goose: goose.DialectSQLite3, prepares: true, changes: 1, read: sql.TxOptions{ReadOnly: true}, resolve: 5 * time.Second,
}

// The lock of a change is the weakest that keeps other changes out: that a row is referred to by a new one does not conflict with it.
// REPEATABLE READ is one snapshot, taken at the first query.
var postgresDialect = dialect{
	name: "postgres", goose: goose.DialectPostgres, rewrite: newRewriter(), argument: storable, changes: 16, locks: " FOR NO KEY UPDATE",
	change: sql.TxOptions{Isolation: sql.LevelReadCommitted}, read: sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	recount: "SELECT setval(pg_get_serial_sequence('{table}', 'number'), max(number)) FROM {table}", // both are NULL where there is none
	repeats: repeatable, resolve: 2 * idleInTransaction,
}
