package store

import (
	"database/sql"
	"time"
)

// Around has every commit carried out by fn from here on: it may let it happen, and fail before or after it. It is how simulations put a
// crash or a full disk at a commit, and must be called before the store is used.
func (s *Store) Around(fn func(commit func() error) error) {
	inner := s.commit
	s.commit = func(tx *sql.Tx) error { return fn(func() error { return inner(tx) }) }
}

// OnCommit lets fn be told how long each commit took, and of its error. It is called before the Store is used.
func (s *Store) OnCommit(fn func(took time.Duration, err error)) {
	s.Around(func(commit func() error) error {
		began := time.Now()
		err := commit()
		fn(time.Since(began), err)
		return err
	})
}
