package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

func TestADatabaseOfTheVersionBeforeKeepsItsGroups(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "drey.db")
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	old, err := connect(path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	goosed, err := goose.NewProvider(goose.DialectSQLite3, old.writer, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(quiet))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := goosed.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"INSERT INTO subscription (id, name, tenant) VALUES ('sub-1', 'one', 't1')",
		"INSERT INTO resource_group (subscription, key, name, location) VALUES ('sub-1', 'group-a', 'Group-A', 'west')",
	} {
		if _, err := old.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, "sqlite:"+path)
	change(t, s, Scope{SubscriptionRow("Sub-1")}, func(*Tx) error { return nil })
	same(t, "groups", []Group{{Subscription: "sub-1", Name: "Group-A", Location: "west"}},
		get(t, s, func(tx *Tx) ([]Group, error) { return tx.Groups("sub-1") }))
}

func TestBothDatabasesHaveTheSameMigrations(t *testing.T) {
	names := func(dialect string) (all []string) {
		entries, err := migrations.ReadDir("migrations/" + dialect)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	same(t, "names", names("sqlite"), names("postgres"))
}
