package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestADatabaseIsMadeOnceAndReopened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "with space, 50% & a #?.db")
	var lines bytes.Buffer
	log := slog.New(slog.NewTextHandler(&lines, nil))
	for try := range 3 {
		s, err := Open(t.Context(), "sqlite:"+path, log)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{true: "", false: "1"}[try == 0]; meta(t, s, "k") != want {
			t.Errorf("opened for the %d. time: got %q, want %q", try+1, meta(t, s, "k"), want)
		}
		change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "1") })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(lines.String(), "database migrated"); n != 1 {
		t.Errorf("migrated %d times, want once:\n%s", n, &lines)
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(names) != 1 || names[0] != path {
		t.Errorf("after closing the folder holds %q (%v), want only the database", names, err)
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	t.Parallel()
	for why, before := range map[string]func(path string) error{
		"new":                       func(string) error { return nil },
		"made by somebody careless": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o644), os.Chmod(path, 0o644)) },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "drey.db")
			if err := before(path); err != nil {
				t.Fatal(err)
			}
			s := openAt(t, "sqlite:"+path)
			change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "1") })
			for _, name := range []string{path, path + "-wal", path + "-shm"} {
				info, err := os.Stat(name)
				if err != nil {
					t.Fatal(err)
				}
				if got := info.Mode(); got != 0o600 {
					t.Errorf("%s has mode %v", filepath.Base(name), got)
				}
			}
		})
	}
}

func TestTheWriterIsSetUpToBeDurable(t *testing.T) {
	t.Parallel()
	s := databases["SQLite"].open(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "mmap_size": "0",
	} {
		var got string
		if err := s.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
}

func TestTablesOfANewerDreyAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "drey.db")
	s := openAt(t, "sqlite:"+path)
	if _, err := s.writer.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), "sqlite:"+path, quiet)
	const want = "its tables are version 9999, this Drey knows up to 5; start the newer Drey again or restore an older backup"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhatIsNoDatabaseIsNotOpened(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for why, url := range map[string]string{
		"no URL":            "",
		"another database":  "mysql://localhost/drey",
		"no path":           "sqlite:",
		"memory":            "sqlite::memory:",
		"a folder":          "sqlite:" + folder,
		"a missing folder":  "sqlite:" + filepath.Join(folder, "no", "drey.db"),
		"another file":      "sqlite:" + text,
		"a file below file": "sqlite:" + filepath.Join(text, "drey.db"),
	} {
		t.Run(why, func(t *testing.T) {
			s, err := Open(t.Context(), url, quiet)
			if err == nil {
				s.Close()
				t.Errorf("%q was opened", url)
			}
		})
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(canceled, "sqlite:"+filepath.Join(folder, "drey.db"), quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("opening with an ended context: got %v", err)
	}
}

func TestAnOldSQLiteIsRefused(t *testing.T) {
	t.Parallel()
	for version, good := range map[string]bool{
		"3.51.2": false, "3.50.9": false, "2.99.99": false, "3.51.3": true, "3.52.0": true, "4.0.0": true, "three": false, "3.x.1": false,
	} {
		if err := checkLibrary(version); (err == nil) != good {
			t.Errorf("SQLite %s: got %v, want good = %v", version, err, good)
		}
	}
}

func TestAnotherProcessThatHoldsTheDatabaseIsBusy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "drey.db")
	s, other := openAt(t, "sqlite:"+path), openAt(t, "sqlite:"+path)
	if _, err := other.writer.ExecContext(t.Context(), "PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	change(t, s, nil, func(tx *Tx) error {
		err := other.Change(t.Context(), nil, func(*Tx) error { return nil })
		if !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		return tx.SetMeta("k", "1")
	})
	change(t, other, nil, func(tx *Tx) error { return tx.SetMeta("k", "2") })
}
