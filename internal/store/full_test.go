package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that is full: the limit on pages stands for it everywhere; a real small file system is used where one can be mounted.
func TestAFullDiskStoresNoHalfAndRecovers(t *testing.T) {
	t.Run("by a limit on pages", func(t *testing.T) {
		s := databases["SQLite"].open(t)
		limit := func(pages int) {
			if _, err := s.writer.ExecContext(t.Context(), fmt.Sprint("PRAGMA max_page_count = ", pages)); err != nil {
				t.Fatal(err)
			}
		}
		limit(200)
		fillDisk(t, s, func() { limit(1_000_000) })
	})
	small := t.TempDir()
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=2m"); err != nil {
		return // only root may; the limit has shown it
	}
	t.Cleanup(func() {
		if err := unix.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	t.Run("by a small file system", func(t *testing.T) {
		ballast := filepath.Join(small, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		s := openAt(t, "sqlite:"+filepath.Join(small, "drey.db"))
		fillDisk(t, s, func() {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// fillDisk writes until there is no space, makes room and writes again.
func fillDisk(t *testing.T, s *Store, makeRoom func()) {
	t.Helper()
	change(t, s, nil, seed)
	const most = 10_000
	stored := 0
	var err error
	for ; stored < most && err == nil; stored++ {
		err = writeTwoRows(t, s, stored)
	}
	stored-- // the last one failed
	if !errors.Is(err, ErrFull) {
		t.Fatalf("after %d changes: got %v, want ErrFull", stored, err)
	}
	if err := writeTwoRows(t, s, most); !errors.Is(err, ErrFull) {
		t.Errorf("a change while the disk is still full: got %v, want ErrFull", err)
	}
	checkRows(t, s, stored)
	makeRoom()
	if err := writeTwoRows(t, s, stored); err != nil {
		t.Fatalf("a change after room was made: %v", err)
	}
	checkRows(t, s, stored+1)
	checkIntegrity(t, s)
}

// writeTwoRows writes a short and a long row in one change, and swallows errors: a Tx must not.
func writeTwoRows(t *testing.T, s *Store, n int) error {
	return s.Change(t.Context(), Scope{JobRow("j1")}, func(tx *Tx) error {
		tx.AddAudit(AuditRow{Action: "short"})
		tx.AddAudit(AuditRow{Action: "long", Detail: strings.Repeat("x", 20_000)})
		tx.SetMeta("n", fmt.Sprint(n))
		return nil
	})
}

// checkRows looks for halves.
func checkRows(t *testing.T, s *Store, stored int) {
	t.Helper()
	for _, action := range []string{"short", "long"} {
		n := get(t, s, func(tx *Tx) (int64, error) {
			return one(tx, scanInt, "SELECT count(*) FROM audit WHERE action = ?", action)
		})
		if int(n) != stored {
			t.Errorf("%d changes are stored, but %d %s rows", stored, n, action)
		}
	}
	if got, want := meta(t, s, "n"), fmt.Sprint(stored-1); got != want {
		t.Errorf("the last stored change is %s, want %s", got, want)
	}
}
