package docs

import (
	"os"
	"path/filepath"
	"testing"
)

// put gives the reader of a document a jar, under the name that the document has for it.
func put(t *testing.T, dir, name string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(os.Getenv("DREY_TEST_JARS"), "hello.jar"))
	if err != nil {
		t.Fatalf("run these tests by `make real`: %v", err)
	}
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSimulatedClusters(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.jar")
	Run(t, "../../docs/simulated.md", dir)
}
