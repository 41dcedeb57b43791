package docs

import (
	"os"
	"path/filepath"
	"testing"

	"drey/test/postgres"
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

// beforeMoving is what the reader of how to come from SQLite has.
const beforeMoving = "```sh\ndrey serve --data /srv/drey\n```\n" +
	"```sh\n$ drey pool create sim --location simulated\n$ drey cluster create orders --jar orders.jar\n^C\n```\n"

func TestPostgreSQL(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.jar")
	before := filepath.Join(dir, "before.md")
	if err := os.WriteFile(before, []byte(beforeMoving), 0o600); err != nil {
		t.Fatal(err)
	}
	host := postgres.OfTest(t).Dir()
	t.Setenv("PGUSER", "postgres")
	t.Setenv("DREY_CONNECTION", filepath.Join(dir, "srv", "connection.json"))
	t.Setenv("DREY_POOL", "sim")
	here := []string{
		"drey serve --data /srv/drey", "drey serve --dev --data srv", "/srv/drey", "srv", "/var/lib/drey", "var", // --dev makes a group
		"--host db.example.com", "--host " + host, "drey@db.example.com", "drey@", "?sslmode=verify-full", "?host=" + host,
	}
	Run(t, before, dir, here...)
	Run(t, "../../docs/postgres.md", dir, here...)
}
