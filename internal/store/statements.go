package store

import (
	"context"
	"database/sql"
	"sync"
)

// statements are the prepared statements of a SQLite database: to parse a short one costs SQLite more than to run it. There are as many as there
// are queries in this package. A query that is met for the first time is run as it is, and prepared when its transaction is over, since
// preparing takes a connection of its own.
type statements struct {
	db *sql.DB

	mu    sync.Mutex
	known map[string]*sql.Stmt
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, known: map[string]*sql.Stmt{}}
}

func (s *statements) of(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[query]
}

// learn prepares queries. One that cannot be prepared now is met again.
func (s *statements) learn(ctx context.Context, queries []string) {
	for _, query := range queries {
		if s.of(query) != nil {
			continue
		}
		prepared, err := s.db.PrepareContext(ctx, query)
		if err != nil {
			continue
		}
		s.mu.Lock()
		if s.known[query] == nil {
			s.known[query], prepared = prepared, nil
		}
		s.mu.Unlock()
		if prepared != nil {
			_ = prepared.Close() // another one was faster
		}
	}
}

// runner runs a query: prepared, or by its text.
type runner struct {
	prepared *sql.Stmt
	tx       *sql.Tx
	text     string
}

// runner finds how to run a query.
func (t *Tx) runner(query string) runner {
	r := runner{tx: t.tx, text: query}
	if t.dialect.rewrite != nil {
		r.text = t.dialect.rewrite(query)
	}
	if !t.dialect.prepares {
		return r
	}
	if s := t.statements.of(query); s != nil {
		r.prepared = t.tx.StmtContext(t.ctx, s)
	} else {
		t.unknown = append(t.unknown, query)
	}
	return r
}

func (r runner) exec(ctx context.Context, args []any) (sql.Result, error) {
	if r.prepared != nil {
		return r.prepared.ExecContext(ctx, args...)
	}
	return r.tx.ExecContext(ctx, r.text, args...)
}

func (r runner) row(ctx context.Context, args []any) *sql.Row {
	if r.prepared != nil {
		return r.prepared.QueryRowContext(ctx, args...)
	}
	return r.tx.QueryRowContext(ctx, r.text, args...)
}

func (r runner) rows(ctx context.Context, args []any) (*sql.Rows, error) {
	if r.prepared != nil {
		return r.prepared.QueryContext(ctx, args...)
	}
	return r.tx.QueryContext(ctx, r.text, args...)
}
