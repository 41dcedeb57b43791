package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"drey/internal/cluster"
)

// older makes a database as a version of the tables left it, with rows of that version.
func older(t *testing.T, version int64, rows ...string) *Store {
	t.Helper()
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
	if _, err := goosed.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if _, err := old.writer.ExecContext(t.Context(), row); err != nil {
			t.Fatalf("%s: %v", row, err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	return openAt(t, "sqlite:"+path)
}

func TestADatabaseOfTheVersionBeforeKeepsItsGroups(t *testing.T) {
	t.Parallel()
	s := older(t, 1,
		"INSERT INTO subscription (id, name, tenant) VALUES ('sub-1', 'one', 't1')",
		"INSERT INTO resource_group (subscription, key, name, location) VALUES ('sub-1', 'group-a', 'Group-A', 'west')")
	change(t, s, Scope{SubscriptionRow("Sub-1")}, func(*Tx) error { return nil })
	same(t, "groups", []Group{{Subscription: "sub-1", Name: "Group-A", Location: "west"}},
		get(t, s, func(tx *Tx) ([]Group, error) { return tx.Groups("sub-1") }))
}

func TestClustersOfAnOlderDatabaseAreShownAsTheirDocumentsSay(t *testing.T) {
	t.Parallel()
	ref := cluster.PoolRef{Subscription: "s", Group: "g", Pool: "P"}
	s := older(t, 3,
		"INSERT INTO pool VALUES ('p1', '"+fold(ref.ID())+"', 's', 'g', '{}', '')",
		`INSERT INTO cluster VALUES ('c1', 'p1', 'orders', 'Orders', 'd1', 'Running', 'e1', '{"UID":"c1"}', '')`,
		`INSERT INTO job VALUES ('j1', 'c1', 'r1', '{"UID":"j1","Goal":2}', 7, '')`,
		`INSERT INTO version VALUES ('j1', 1, 'Released', '{"Flink":"1.20.5"}'), ('j1', 2, 'Released', '{"Flink":"2.3.0"}')`,
		`INSERT INTO target VALUES ('local', 'local', 'i', 1, 'h', 0, '')`,
		"INSERT INTO operation VALUES (1, 'o1', 'j1', 'c1', '"+fold(ref.ID())+`/clusters/orders', 'local', 'cluster.create', 'PUT', 'caller', 'Ended', 3,
			'me', '', '', 0, 0, '{"Outcome":"Failed"}', '')`)
	same(t, "clusters", []ShownCluster{{
		Cluster: `{"UID":"c1"}`, Job: `{"UID":"j1","Goal":2}`, Key: "orders", ETag: "e1", SeenAt: moment(7), Flink: "2.3.0",
		Newest: OperationHead{Verb: "PUT", State: Ended, Outcome: FailedOp, Turn: 3},
	}}, get(t, s, func(tx *Tx) ([]ShownCluster, error) { return tx.ShownClusters(ref, CallerLane, []string{"PUT"}, "", 0) }))
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
