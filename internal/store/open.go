package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	fileMode    = 0o600
	busyTimeout = 5 * time.Second
	readerCount = 4
)

// oldestLibrary is the first SQLite without the bug that lost commits when the WAL was reset.
var oldestLibrary = [3]int{3, 51, 3}

// Open opens the database at url, "sqlite:<path>" or "postgres://…", and brings its tables up to date. A SQLite file is made if it is absent, in a
// folder that exists, readable by its owner only. A PostgreSQL database must exist: docs/postgres.md. No error holds the password.
func Open(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	s, err := at(url, log)
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", err)
	}
	if err := s.prepare(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("cannot open the database: %w", classify(err))
	}
	return s, nil
}

// at makes a Store that is not connected yet.
func at(url string, log *slog.Logger) (*Store, error) {
	if IsPostgres(url) {
		return connectPostgres(url, log)
	}
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" || strings.HasPrefix(path, ":") {
		return nil, errors.New(`its URL must be "sqlite:" and the path of a file, or "postgres://user@host/database"`)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	return connect(path, log)
}

// newStore makes a Store of its two pools of connections, of which the first has so many.
func newStore(d *dialect, writer, readers *sql.DB, writers int, log *slog.Logger) *Store {
	writer.SetMaxOpenConns(writers)
	writer.SetMaxIdleConns(writers)
	readers.SetMaxOpenConns(readerCount)
	readers.SetMaxIdleConns(readerCount)
	s := &Store{
		log: log, dialect: d, writer: writer, readers: readers, writes: newStatements(writer), reads: newStatements(readers),
		turn: tokens(writers), common: tokens(max(1, writers/2)), patient: tokens(max(1, writers/2-1)), closed: make(chan struct{}),
		commit: (*sql.Tx).Commit,
	}
	return s
}

// tokens is a channel that holds n.
func tokens(n int) chan struct{} {
	c := make(chan struct{}, n)
	for range n {
		c <- struct{}{}
	}
	return c
}

// prepareFile makes an empty database file, or closes an existing one to others. SQLite gives its other files the same
// mode. It does not open an existing file: closing it again would drop locks that SQLite holds elsewhere in this process.
func prepareFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return closeToOthers(path)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(fileMode), f.Close()); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// closeToOthers takes the rights of group and others away from the database and the files beside it.
func closeToOthers(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		if info.Mode().Perm() == fileMode {
			continue
		}
		if err := os.Chmod(name, fileMode); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder makes a new name in the folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// connect makes the two pools of connections; nothing is opened yet.
func connect(path string, log *slog.Logger) (*Store, error) {
	writer, err := sql.Open("sqlite", dsn(path, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(ON)"))
	if err != nil {
		return nil, err
	}
	readers, err := sql.Open("sqlite", dsn(path, "_query_only=1"))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return newStore(&sqliteDialect, writer, readers, 1, log), nil
}

// dsn is the driver's name for the database. mode=rw: never made here, where it would get a wide mode.
// _dqs=0: a misspelt column in double quotes is an error and not a text.
func dsn(path string, options ...string) string {
	file := url.URL{Scheme: "file", Path: path}
	return file.String() + "?mode=rw&_dqs=0&_busy_timeout=" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) +
		"&_pragma=temp_store(MEMORY)&" + strings.Join(options, "&")
}

// prepare checks what the database is, and migrates.
func (s *Store) prepare(ctx context.Context) error {
	if s.dialect == &postgresDialect {
		return s.preparePostgres(ctx)
	}
	var version, journal string
	if err := s.writer.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return err
	}
	if err := checkLibrary(version); err != nil {
		return err
	}
	if err := s.writer.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return err
	}
	if journal != "wal" {
		return fmt.Errorf("its file system cannot hold SQLite's write-ahead log (journal mode is %s)", journal)
	}
	return s.migrate(ctx)
}

// checkLibrary refuses a SQLite older than oldestLibrary.
func checkLibrary(version string) error {
	var got [3]int
	for i, part := range strings.SplitN(version, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("cannot read SQLite's version %q: %w", version, err)
		}
		got[i] = n
	}
	for i := range got {
		switch {
		case got[i] > oldestLibrary[i]:
			return nil
		case got[i] < oldestLibrary[i]:
			return fmt.Errorf("SQLite %s can lose commits; %d.%d.%d or newer is needed", version, oldestLibrary[0], oldestLibrary[1], oldestLibrary[2])
		}
	}
	return nil
}
