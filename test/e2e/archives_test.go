package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A server makes archives by itself, leaves nothing of the training run behind, and the next processes use them.
func TestAServerMakesClassDataArchivesAndTheNextStartUsesThem(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_BIN"))
	config, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config, []byte(strings.Replace(string(config), "archives: false", "archives: true", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	folder := filepath.Join(s.dir, "archives")
	there := func(pattern string) bool {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		return err == nil && len(found) > 0
	}
	releases, err := filepath.Glob(filepath.Join(env(t, "DREY_DISTRIBUTIONS"), "*", "drey-distribution.json"))
	if err != nil || len(releases) == 0 {
		t.Fatalf("there is no release: %v", err)
	}
	made := "*/jobmanager.*"
	for _, part := range []string{".tmp-*/run/gate", ".tmp-*/run/gate/ready", made} { // each with patience of its own: a training run lets everybody pass
		s.until(part+" is there", func() bool { return there(part) || there(made) })
	}
	s.until("each release has its archive, and the training runs are gone", func() bool {
		entries, err := os.ReadDir(folder)
		running := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".tmp-") })
		return err == nil && len(entries) == len(releases) && !running && len(s.processes()) == 0
	})
	if _, r := s.witness("orders", false); r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	mapped := 0
	for pid, process := range s.processes() {
		maps, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "maps"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(maps), folder) {
			mapped++
		} else {
			t.Errorf("%s does not use the archives", process)
		}
	}
	if mapped != 2 {
		t.Errorf("%d processes use the archives, want 2", mapped)
	}
	s.must("cluster", "delete", "orders", "--yes")
	if err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error { // t.TempDir could not remove it
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}
