package store

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/test/postgres"

	"go.uber.org/goleak"
)

// TestMain is also the program that the crash test starts and kills.
func TestMain(m *testing.M) {
	if url := os.Getenv(crashURL); url != "" {
		os.Exit(writeUntilKilled(url))
	}
	goleak.VerifyTestMain(served{m})
}

// served are the tests with a PostgreSQL that runs as long as they do.
type served struct{ *testing.M }

func (s served) Run() int {
	var err error
	if server, err = postgres.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := s.M.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// server is where the PostgreSQL databases of all tests are.
var server *postgres.Server

// database is a kind of databases.
type database struct {
	fresh func(t *testing.T) string // makes an empty one, and answers its URL
}

var databases = map[string]database{
	"SQLite":     {func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "drey.db") }},
	"PostgreSQL": {func(t *testing.T) string { return server.Database(t) }},
}

// everywhere runs a test on each kind of database.
func everywhere(t *testing.T, test func(t *testing.T, db database)) {
	t.Parallel()
	for name, db := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, db)
		})
	}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// noon is some time; the store does not care which.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 1, time.UTC)

func openAt(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("cannot close: %v", err)
		}
	})
	return s
}

// open is a store in a new database.
func (d database) open(t *testing.T) *Store {
	t.Helper()
	return openAt(t, d.fresh(t))
}

// seeded is a store with target here, pool p1, cluster c1 and job j1.
func (d database) seeded(t *testing.T) *Store {
	t.Helper()
	s := d.open(t)
	change(t, s, nil, seed)
	return s
}

func seed(tx *Tx) error {
	return first(
		tx.PutTarget(TargetRow{Name: "here", Kind: "local", Identity: "machine", Epoch: 1, Holder: "me", ExpiresAt: noon}),
		tx.PutSubscription(Subscription{ID: "Sub-1", Name: "one", Tenant: "t1"}),
		tx.PutPool(aPool("p1", "Orders")),
		tx.InsertCluster(aCluster("c1", "Wordcount")),
		tx.InsertJob(aJob("j1", "c1")),
	)
}

// first gives the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func change(t *testing.T, s *Store, scope Scope, fn func(*Tx) error) {
	t.Helper()
	if err := s.Change(t.Context(), scope, fn); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// get reads one thing.
func get[T any](t *testing.T, s *Store, fn func(*Tx) (T, error)) T {
	t.Helper()
	var v T
	read(t, s, func(tx *Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v
}

// meta reads a value of the installation; "" if it is absent.
func meta(t *testing.T, s *Store, key string) string {
	t.Helper()
	var v string
	err := s.Read(t.Context(), func(tx *Tx) (err error) {
		v, err = tx.Meta(key)
		return err
	})
	if err != nil && !isNotFound(err) {
		t.Fatal(err)
	}
	return v
}

// bounded gives a test that waits for something an end.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func aPool(uid, name string) cluster.Pool {
	p := filled[cluster.Pool]()
	p.UID, p.Ref, p.Target = uid, cluster.PoolRef{Subscription: "Sub-1", Group: "Group-A", Pool: name}, "here"
	return p
}

func aCluster(uid, name string) cluster.Cluster {
	c := filled[cluster.Cluster]()
	c.UID, c.PoolUID, c.DeploymentID = uid, "p1", "deployment-"+uid
	c.Ref = cluster.Ref{PoolRef: aPool("p1", "Orders").Ref, Name: name}
	return c
}

func aJob(uid, clusterUID string) cluster.Job {
	j := filled[cluster.Job]()
	j.UID, j.ClusterUID, j.RunID = uid, clusterUID, "job-"+uid
	return j
}

func anIncarnation(id, job string, phase cluster.IncarnationPhase) cluster.Incarnation {
	i := filled[cluster.Incarnation]()
	i.ID, i.JobUID, i.Target, i.Phase = id, job, "here", phase
	return i
}

func aTrigger(id, job, incarnation string, state cluster.TriggerState) cluster.Trigger {
	g := filled[cluster.Trigger]()
	g.ID, g.JobUID, g.Incarnation, g.State = id, job, incarnation, state
	return g
}

func aSavepoint(id, job, uri string, at time.Time) cluster.Savepoint {
	p := filled[cluster.Savepoint]()
	p.ID, p.JobUID, p.URI, p.Name, p.CompletedAt = id, job, uri, "savepoint-"+id, at
	return p
}

func anOperation(id, subject string, state State) Operation {
	op := filled[Operation]()
	op.ID, op.Subject, op.State, op.ClusterUID, op.Target = id, subject, state, "c1", "here"
	op.ResourceID, op.Lane, op.Turn = aCluster("c1", "Wordcount").Ref.ID(), CallerLane, 0
	return op
}
