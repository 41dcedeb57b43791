package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// What PostgreSQL's codes (its documentation, appendix A) mean to us.
var postgresCodes = map[string]error{
	"23505": ErrExists, // unique_violation
	"53100": ErrFull,   // disk_full
	"55P03": ErrBusy,   // lock_not_available: for longer than busyTimeout
	"40001": errAgain,  // serialization_failure
	"40P01": errAgain,  // deadlock_detected
	"53300": ErrAway,   // too_many_connections
	"57P01": ErrAway,   // admin_shutdown
	"57P02": ErrAway,   // crash_shutdown
	"57P03": ErrAway,   // cannot_connect_now: it starts
	"25P03": ErrAway,   // idle_in_transaction_session_timeout: it had given us up
	"25006": ErrAway,   // read_only_sql_transaction: it is no primary any more
	"08000": ErrAway,   // connection_exception
	"08003": ErrAway,   // connection_does_not_exist
	"08006": ErrAway,   // connection_failure
}

// errAgain is a change that came into the way of another one.
var errAgain = fmt.Errorf("%w: changes were in each other's way", ErrBusy)

// classifyPostgres names an error of PostgreSQL's driver; nil if it is not known.
func classifyPostgres(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresCodes[e.Code]
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, driver.ErrBadConn), pgconn.SafeToRetry(err):
		return ErrAway
	}
	return nil
}

// repeatable reports whether a change that met err has stored nothing for sure, and may fare better when it is run again.
func repeatable(err error) bool {
	return !errors.Is(err, ErrUnknown) && (errors.Is(err, errAgain) || errors.Is(err, ErrAway))
}
