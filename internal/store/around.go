package store

import "database/sql"

// Around has every commit carried out by fn from here on: it may let it happen, and fail before or after it. It is how simulations put a
// crash or a full disk at a commit, and must be called before the store is used.
func (s *Store) Around(fn func(commit func() error) error) {
	s.commit = func(tx *sql.Tx) error { return fn(tx.Commit) }
}
