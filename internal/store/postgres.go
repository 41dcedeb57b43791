package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/sys/unix"
)

const (
	writerCount = 8
	// idleInTransaction is when PostgreSQL gives up a server of ours that went silent in the middle of a change, so that others get its locks.
	idleInTransaction = 5 * time.Second
	// silence is how long a connection's other side may not answer until it is cut.
	silence = 10 * time.Second
	// oldestPostgres is the oldest major version.
	oldestPostgres = 15
	// migrationLock is the key of the advisory lock under which the tables are changed: "drey" in ASCII.
	migrationLock = 0x64726579
)

// IsPostgres reports whether url names a PostgreSQL database.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// CheckPostgres reports what is wrong with the URL of a PostgreSQL database; the error does not hold its password.
func CheckPostgres(url string) error {
	_, err := pgx.ParseConfig(url)
	return err
}

// connectPostgres makes the two pools of connections; nothing is opened yet. What the URL does not say is taken from the environment and from
// the files that libpq reads (PGPASSWORD, PGPASSFILE, PGSERVICEFILE, …).
func connectPostgres(url string, log *slog.Logger) (*Store, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.DialFunc = dial
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { // the server stops too, and the connection stays
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
	}
	c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary // of several hosts: a standby is behind
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "drey"
	}
	writer := session(c, map[string]string{"idle_in_transaction_session_timeout": milliseconds(idleInTransaction), "lock_timeout": milliseconds(busyTimeout)})
	readers := session(c, map[string]string{"default_transaction_read_only": "on"})
	return newStore(&postgresDialect, writer, readers, writerCount, log), nil
}

// session makes a pool of connections with settings of their own.
func session(c *pgx.ConnConfig, settings map[string]string) *sql.DB {
	c = c.Copy()
	maps.Copy(c.RuntimeParams, settings)
	return stdlib.OpenDB(*c)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// dial makes a connection that notices when its other side is gone without a word.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout:         busyTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 2, Interval: time.Second, Count: 5},
		Control: func(network, _ string, c syscall.RawConn) (err error) {
			if strings.HasPrefix(network, "tcp") {
				control := c.Control(func(fd uintptr) {
					err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
				})
				if control != nil {
					return control
				}
			}
			return err
		},
	}
	return d.DialContext(ctx, network, address)
}

// preparePostgres checks the server, and migrates while no other server of ours does.
func (s *Store) preparePostgres(ctx context.Context) error {
	if err := s.checkServer(ctx); err != nil {
		return err
	}
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+strconv.Itoa(migrationLock)+")"); err != nil {
		return err
	}
	err = s.migrate(ctx)
	if _, e := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+strconv.Itoa(migrationLock)+")"); err == nil {
		err = e
	}
	return err
}

// checkServer refuses a server that does not keep what we rely on.
func (s *Store) checkServer(ctx context.Context) error {
	for _, want := range []struct {
		setting, need string
		good          func(string) bool
	}{
		{"server_version_num", strconv.Itoa(oldestPostgres) + " or newer is needed", func(v string) bool {
			n, err := strconv.Atoi(v)
			return err == nil && n >= oldestPostgres*10_000
		}},
		{"server_encoding", "it must be UTF8", func(v string) bool { return v == "UTF8" }},
		{"synchronous_commit", "a commit must be kept when it is answered", func(v string) bool { return v != "off" }},
	} {
		var got string
		if err := s.readers.QueryRowContext(ctx, "SELECT current_setting($1)", want.setting).Scan(&got); err != nil {
			return err
		}
		if !want.good(got) {
			return fmt.Errorf("its %s is %s: %s", want.setting, got, want.need)
		}
	}
	return nil
}
