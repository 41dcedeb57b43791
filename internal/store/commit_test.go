package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"
)

var errCable = errors.New("the cable was pulled")

// After the commit: it is done, and the caller hears nothing of the error. Before: it is not done.
var commits = map[string]struct {
	commit func(*sql.Tx) error
	want   error
}{
	"before": {func(*sql.Tx) error { return errCable }, errCable},
	"after":  {func(tx *sql.Tx) error { return errors.Join(tx.Commit(), errCable) }, nil},
}

func TestACommitOfUnknownOutcomeIsReadBack(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		for why, scope := range map[string]Scope{
			"in the last locked row":  {Pool("p1"), Target("here")},
			"where that was deleted":  {Pool("p1"), ClusterRow("c1")},
			"where no row was locked": nil,
		} {
			for when, tt := range commits {
				t.Run(why+", pulled "+when+" the commit", func(t *testing.T) {
					t.Parallel()
					s := db.seeded(t)
					s.commit = tt.commit
					err := s.Change(t.Context(), scope, func(tx *Tx) error { return tx.DeleteCluster("c1") })
					if !errors.Is(err, tt.want) || errors.Is(err, ErrUnknown) {
						t.Errorf("got %v, want %v", err, tt.want)
					}
					left := get(t, s, (*Tx).AllClusters)
					if done := len(left) == 0; done != (tt.want == nil) {
						t.Errorf("done is %v, but the answer was %v", done, err)
					}
					s.commit = (*sql.Tx).Commit
					change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "still works") })
				})
			}
		}
	})
}

func TestACommitThatCannotBeReadBackIsSaidToBeUnknown(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		s.commit = func(*sql.Tx) error { return errors.Join(errCable, s.readers.Close(), s.writer.Close()) }
		err := s.Change(t.Context(), Scope{JobRow("j1")}, func(tx *Tx) error { return tx.SetMeta("k", "1") })
		if !errors.Is(err, ErrUnknown) || !errors.Is(err, errCable) {
			t.Errorf("got %v, want ErrUnknown with its cause", err)
		}
	})
}

func TestAContextThatEndsInTheCommitDoesNotCutIt(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		for when, pull := range map[string]bool{"and the commit is answered": false, "and the answer is lost": true} {
			t.Run(when, func(t *testing.T) {
				t.Parallel()
				s := db.seeded(t)
				ctx, cancel := context.WithCancel(t.Context())
				s.commit = func(tx *sql.Tx) error {
					cancel()
					err := tx.Commit()
					if pull {
						err = errors.Join(err, errCable)
					}
					return err
				}
				if err := s.Change(ctx, Scope{JobRow("j1")}, func(tx *Tx) error { return tx.SetMeta("k", "1") }); err != nil {
					t.Errorf("the commit is done, but the answer is %v", err)
				}
				if got := meta(t, s, "k"); got != "1" {
					t.Errorf("a read sees %q", got)
				}
			})
		}
	})
}
