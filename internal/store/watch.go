package store

import (
	"database/sql"
	"time"
)

// OnCommit lets fn be told how long each commit took, and of its error. It is called before the Store is used.
func (s *Store) OnCommit(fn func(took time.Duration, err error)) {
	commit := s.commit
	s.commit = func(tx *sql.Tx) error {
		began := time.Now()
		err := commit(tx)
		fn(time.Since(began), err)
		return err
	}
}
