package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"drey/internal/secret"
	"drey/internal/store"
)

// DatabaseURL says where the database is: "postgres://…", or "" for SQLite in the data directory. It may hold a password: it prints without, and
// Reveal is the one way to it.
type DatabaseURL string

// Reveal returns the URL as it was written.
func (d DatabaseURL) Reveal() string { return string(d) }

// String implements [fmt.Stringer]: the URL with its passwords hidden, or nothing of it if it cannot be understood.
func (d DatabaseURL) String() string {
	if d == "" {
		return ""
	}
	hidden := secret.New("").String()
	u, err := url.Parse(string(d))
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return hidden
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "hidden")
	}
	query := u.Query()
	for _, key := range []string{"password", "sslpassword"} {
		if query.Has(key) {
			query.Set(key, "hidden")
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// GoString implements [fmt.GoStringer].
func (d DatabaseURL) GoString() string { return d.String() }

// MarshalText implements [encoding.TextMarshaler].
func (d DatabaseURL) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d DatabaseURL) check(p *problems) {
	if d == "" {
		return
	}
	if !store.IsPostgres(d.Reveal()) {
		p.check(false, "database is no URL of a PostgreSQL database, for example postgres://drey@db.example.com/drey; leave it out for SQLite in the data directory")
		return
	}
	if err := store.CheckPostgres(d.Reveal()); err != nil {
		p.add(fmt.Errorf("database: %w", err))
	}
}

// at is the store's name for the database of a data directory.
func (d DatabaseURL) at(data string) string {
	if d != "" {
		return d.Reveal()
	}
	return "sqlite:" + filepath.Join(data, databaseFile)
}

const (
	databaseFile = "drey.db"
	copiedSuffix = ".copied" // of one that was copied elsewhere, and is none any more
)

// CopyDatabase brings what the server of a data directory keeps in SQLite into an empty PostgreSQL database, all of it or nothing, and answers how
// many rows of each table it has. No server may run on the data directory. The SQLite file is renamed: a server that were started on it by mistake
// would go on from an old copy.
func CopyDatabase(ctx context.Context, data string, to DatabaseURL) (rows map[string]int, err error) {
	file := filepath.Join(data, databaseFile)
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("there is no SQLite database to copy: %w", err)
	}
	lock, err := TakeLock(data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if rows, err = copyDatabase(ctx, DatabaseURL("").at(data), to.Reveal()); err != nil {
		return nil, err
	}
	if err := os.Rename(file, file+copiedSuffix); err != nil {
		return nil, fmt.Errorf("everything was copied, but the SQLite database is still where it was; rename it: %w", err)
	}
	return rows, nil
}

func copyDatabase(ctx context.Context, from, to string) (rows map[string]int, err error) {
	log := slog.New(slog.DiscardHandler) // all that matters is in the answer
	source, err := store.Open(ctx, from, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := store.Open(ctx, to, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return store.Copy(ctx, source, target)
}
