package postgres

import (
	"os"
	"testing"
)

// OfTest starts a server that ends with the test.
func OfTest(t testing.TB) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Line is a line of Drey's configuration that names a new database of the server.
func (s *Server) Line(t testing.TB) string { return "database: " + s.Database(t) + "\n" }

// Configured is what the configuration of a test's Drey says of its database: nothing, which is SQLite, unless DREY_TEST_DATABASE=postgres asks
// for a PostgreSQL of its own.
func Configured(t testing.TB) string {
	t.Helper()
	switch database := os.Getenv("DREY_TEST_DATABASE"); database {
	case "":
		return ""
	case "postgres":
		return OfTest(t).Line(t)
	default:
		t.Fatalf("DREY_TEST_DATABASE is %q; postgres, or leave it out for SQLite", database)
		return ""
	}
}
