package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A backup of the database is put back while a job runs that was started after it: the server does not start on it, and goes on with the newest.
func TestADatabaseThatDoesNotKnowARunningJobIsRefused(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_BIN"))
	s.ports, _, _ = strings.Cut(s.ports, "database: ") // what is copied here are SQLite's files
	s.write("")
	copied := func(from, to string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(from, "drey.db*"))
		if err == nil && len(files) > 0 {
			err = exec.Command("cp", append(files, to)...).Run()
		}
		if err != nil || len(files) == 0 {
			t.Fatalf("%v are not copied: %v", files, err)
		}
	}
	backup, newest := t.TempDir(), t.TempDir()
	s.start()
	s.kill()
	copied(s.dir, backup)
	s.start()
	w, r := s.witness("later", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	s.kill()
	copied(s.dir, newest)
	for _, name := range []string{"drey.db-wal", "drey.db-shm"} {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	copied(backup, s.dir)
	if _, err := s.tryStart(); err == nil || !strings.Contains(s.log(), "old copy") {
		t.Fatalf("on the backup: %v\n%s", err, s.log())
	}
	copied(newest, s.dir)
	s.start()
	w.grows(100)
	w.clean("after all that", false)
	s.must("job", "stop", "later")
	w.clean("at the end", true)
}
