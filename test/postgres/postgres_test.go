package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAServerKeepsItsDatabasesWhenItIsKilled(t *testing.T) {
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	one, two := s.Database(t), s.Database(t)
	run := func(url, query string) error {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		_, err = conn.Exec(t.Context(), query)
		return err
	}
	if err := run(one, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if err := run(one, "SELECT n FROM kept"); err != nil {
		t.Errorf("what was made before: %v", err)
	}
	if err := run(two, "SELECT n FROM kept"); err == nil {
		t.Error("two databases are one")
	}
}
