package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/test/postgres"
	"drey/test/s3"
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

// before does what the reader of a document has done.
func before(t *testing.T, dir string, lines ...string) {
	t.Helper()
	file := filepath.Join(dir, "before.md")
	if err := os.WriteFile(file, []byte("```sh\n"+strings.Join(lines, "\n")+"\n```\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	Run(t, file, dir)
}

func TestSimulatedClusters(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.jar")
	Run(t, "../../docs/simulated.md", dir)
}

func TestPostgreSQL(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.jar")
	host := postgres.OfTest(t).Dir()
	t.Setenv("PGUSER", "postgres")
	t.Setenv("DREY_CONNECTION", filepath.Join(dir, "srv", "connection.json"))
	t.Setenv("DREY_POOL", "sim")
	here := []string{
		"drey serve --data /srv/drey", "drey serve --dev --data srv", "/srv/drey", "srv", "/var/lib/drey", "var", // --dev makes a group
		"--host db.example.com", "--host " + host, "drey@db.example.com", "drey@", "?sslmode=verify-full", "?host=" + host,
	}
	before(t, dir, "$ drey serve --dev --data srv", "$ drey pool create sim --location simulated", "$ drey cluster create orders --jar orders.jar", "^C")
	Run(t, "../../docs/postgres.md", dir, here...)
}

func TestFlinkVersions(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "target/orders.jar")
	Run(t, "../../docs/flink-versions.md", dir)
}

func TestStorage(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.jar")
	Run(t, "../../docs/storage.md", dir, "https://s3.example.com:9000", s3.Start(t, nil, "orders-state").URL, "AKIAEXAMPLE", s3.AccessKey, "a good one", s3.SecretKey)
}

func TestSQLScripts(t *testing.T) {
	Run(t, "../../docs/sql.md", t.TempDir())
}

func TestTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.jar")
	editor := filepath.Join(dir, "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nsed -i '/flinkConfiguration/a\\        table.exec.state.ttl: 1d' \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EDITOR", editor)
	t.Setenv("DREY_POOL", "sim")
	before(t, dir, "$ drey serve --dev", "$ drey pool create sim --location simulated",
		"$ drey cluster create orders --jar orders.jar --conf execution.checkpointing.interval=1s")
	Run(t, "../../docs/cli.md", dir, "local/orders", "sim/orders")
}
