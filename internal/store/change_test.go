package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestAChangeIsSeenByLaterReads(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		for i := range 50 {
			want := strconv.Itoa(i)
			change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", want) })
			if got := meta(t, s, "k"); got != want {
				t.Fatalf("after the change to %s a read sees %q", want, got)
			}
		}
	})
}

func TestAFailedChangeStoresNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		mine := errors.New("mine")
		for why, tt := range map[string]struct {
			fn   func(tx *Tx, cancel func()) error
			want error // nil: any
		}{
			"its function fails": {func(*Tx, func()) error { return mine }, mine},
			"a unique index says no": {func(tx *Tx, _ func()) error {
				return tx.InsertJob(aJob("j1", "c1"))
			}, ErrExists},
			"it swallows a unique index's no": {func(tx *Tx, _ func()) error {
				tx.InsertJob(aJob("j1", "c1"))
				return nil
			}, ErrExists},
			"it swallows that it was fenced": {func(tx *Tx, _ func()) error {
				tx.SaveOperation(anOperation("o", "j1", Active), 1)
				return nil
			}, ErrFenced},
			"it swallows an encoding mistake": {func(tx *Tx, _ func()) error {
				tx.InsertOperation(Operation{Facts: []byte("{")})
				return nil
			}, nil},
			"its context ends and it goes on": {func(tx *Tx, cancel func()) error {
				cancel()
				tx.SetMeta("k", "2")
				return nil
			}, context.Canceled},
			"its context ends in a statement and it goes on": {func(tx *Tx, cancel func()) error {
				go cancel()
				tx.exec(`INSERT INTO meta WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'endless', CAST(count(*) AS TEXT) FROM n`)
				tx.SetMeta("k", "2") // SQLite has rolled back: this would be stored on its own
				return nil
			}, context.Canceled},
			"its context has ended at its end": {func(_ *Tx, cancel func()) error {
				cancel()
				return nil
			}, context.Canceled},
		} {
			t.Run(why, func(t *testing.T) {
				t.Parallel()
				s := db.seeded(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				err := s.Change(ctx, Scope{JobRow("j1")}, func(tx *Tx) error {
					if err := tx.SetMeta("k", "1"); err != nil {
						return err
					}
					return tt.fn(tx, cancel)
				})
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("got error %v, want %v", err, tt.want)
				}
				if got := meta(t, s, "k"); got != "" {
					t.Errorf("the failed change stored %q", got)
				}
				change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "3") })
			})
		}
	})
}

func TestAPanicInAChangeStoresNothingAndBlocksNobody(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is gone")
				}
			}()
			s.Change(t.Context(), nil, func(tx *Tx) error {
				if err := tx.SetMeta("k", "1"); err != nil {
					return err
				}
				panic("in the middle")
			})
		}()
		if got := meta(t, s, "k"); got != "" {
			t.Errorf("the change that panicked stored %q", got)
		}
		change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "2") })
	})
}

func TestAChangeOfAMissingRowDoesNotRun(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		for _, missing := range []Lock{Target("no"), Pool("no"), ClusterRow("no"), JobRow("no"), OperationRow("no")} {
			err := s.Change(t.Context(), Scope{Target("here"), missing}, func(*Tx) error {
				t.Errorf("ran without %v", missing)
				return nil
			})
			if !isNotFound(err) {
				t.Errorf("without %v: got %v, want ErrNotFound", missing, err)
			}
		}
		if err := s.Change(t.Context(), Scope{{Table: "audit", Key: "1"}}, func(*Tx) error { return nil }); err == nil {
			t.Error("a row of a table that is not in the order was locked")
		}
	})
}

func TestAScopeIsLockedInOneOrder(t *testing.T) {
	t.Parallel()
	got := Scope{OperationRow("O"), JobRow("j"), Pool("b"), ClusterRow("c"), Target("t"), Pool("a"), JobRow("j")}.ordered()
	want := Scope{Target("t"), Pool("a"), Pool("b"), ClusterRow("c"), JobRow("j"), OperationRow("o")}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestATransactionIsOverAfterItsFunction(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		var kept []*Tx
		keep := func(tx *Tx) error { kept = append(kept, tx); return nil }
		change(t, s, nil, keep)
		read(t, s, keep)
		for _, tx := range kept {
			if _, err := tx.Meta("k"); !errors.Is(err, errOver) {
				t.Errorf("reading afterwards: got %v, want errOver", err)
			}
			if err := tx.SetMeta("k", "1"); !errors.Is(err, errOver) && !errors.Is(err, errReadOnly) {
				t.Errorf("writing afterwards: got %v, want errOver", err)
			}
		}
	})
}

func TestAReadCannotWrite(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		if err := s.Read(t.Context(), func(tx *Tx) error { return tx.SetMeta("k", "1") }); !errors.Is(err, errReadOnly) {
			t.Errorf("got %v, want errReadOnly", err)
		}
		if _, err := s.readers.ExecContext(t.Context(), "INSERT INTO meta VALUES ('k', '1')"); err == nil {
			t.Error("a reader's connection can write")
		}
	})
}

func TestReadsDoNotWaitForAChangeAndSeeNothingOfIt(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "old") })
		read(t, s, func(before *Tx) error {
			if _, err := before.Meta("k"); err != nil { // its view starts here
				return err
			}
			change(t, s, nil, func(tx *Tx) error {
				if err := tx.SetMeta("k", "new"); err != nil {
					return err
				}
				if got := meta(t, s, "k"); got != "old" {
					t.Errorf("a read during the change sees %q", got)
				}
				return nil
			})
			if got := meta(t, s, "k"); got != "new" {
				t.Errorf("a read after the change sees %q", got)
			}
			got, err := before.Meta("k")
			if got != "old" {
				t.Errorf("the view of a read changed: it sees %q", got)
			}
			return err
		})
	})
}

func TestConcurrentChangesLoseNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		const writers, each = 32, 8
		s := db.seeded(t)
		change(t, s, nil, func(tx *Tx) error {
			for w := range writers {
				if err := tx.PutTarget(TargetRow{Name: fmt.Sprint("own-", w)}); err != nil {
					return err
				}
			}
			return nil
		})
		stop := make(chan struct{})
		var reading, writing sync.WaitGroup
		reading.Go(func() { watchTotals(t, s, writers, stop) })
		for w := range writers {
			writing.Go(func() {
				for range each {
					if err := addOne(bounded(t), s, fmt.Sprint("own-", w)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writing.Wait()
		close(stop)
		reading.Wait()
		if shared, own := totals(t, s, writers); shared != writers*each || own != writers*each {
			t.Errorf("the shared row counted %d and the own rows %d, want %d", shared, own, writers*each)
		}
	})
}

// addOne raises the epoch of the shared target and of an own one, by reading and writing.
func addOne(ctx context.Context, s *Store, own string) error {
	return s.Change(ctx, Scope{Target("here"), Target(own)}, func(tx *Tx) error {
		for _, name := range []string{"here", own} {
			row, err := tx.Target(name)
			if err != nil {
				return err
			}
			row.Epoch++
			if err := tx.PutTarget(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// totals gives what the shared target and all own ones have counted.
func totals(t *testing.T, s *Store, writers int) (shared, own int64) {
	t.Helper()
	rows := get(t, s, (*Tx).Targets)
	if len(rows) != writers+1 {
		t.Errorf("got %d targets, want %d", len(rows), writers+1)
	}
	for _, row := range rows {
		if row.Name == "here" {
			shared = row.Epoch - 1
		} else {
			own += row.Epoch
		}
	}
	return shared, own
}

// watchTotals reads until stop: no read may see half a change.
func watchTotals(t *testing.T, s *Store, writers int, stop <-chan struct{}) {
	for {
		if shared, own := totals(t, s, writers); shared != own {
			t.Errorf("a read saw half a change: %d and %d", shared, own)
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

func TestChangesGoInTheOrderOfTheirUrgency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // to know when all of them wait
		const many = 20
		s := databases["SQLite"].open(t)
		leave := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { change(t, s, nil, func(*Tx) error { <-leave; return nil }) })
		synctest.Wait()
		var order []urgency
		wait := func(n int, u urgency, ctx context.Context) {
			for range n {
				all.Go(func() {
					if err := s.Change(ctx, nil, func(*Tx) error { order = append(order, u); return nil }); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
		}
		wait(many, patient, Patient(t.Context()))
		wait(many, ordinary, t.Context())
		wait(1, urgent, Urgent(t.Context()))
		close(leave)
		all.Wait()
		if at := slices.Index(order, urgent); at > 2 || len(order) != 2*many+1 {
			t.Errorf("the urgent one is number %d of %d", at, len(order))
		}
		for i := range order[:2*many] { // one of each kind waits for the writer, so they take turns
			if n := len(order[:i+1]) - count(order[:i+1], ordinary); n > i/2+2 {
				t.Errorf("of the first %d, %d are not ordinary: %v", i+1, n, order)
				break
			}
		}
	})
}

func count(all []urgency, one urgency) (n int) {
	for _, u := range all {
		if u == one {
			n++
		}
	}
	return n
}

func TestAChangeThatWaitsEndsWithItsContextOrTheStore(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		entered, leave := make(chan struct{}), make(chan struct{})
		first, second := make(chan error, 1), make(chan error, 1)
		go func() {
			first <- s.Change(t.Context(), nil, func(tx *Tx) error { close(entered); <-leave; return tx.SetMeta("k", "1") })
		}()
		<-entered
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Change(canceled, nil, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("a change whose context ended: got %v", err)
		}
		go func() { second <- s.Change(t.Context(), nil, func(*Tx) error { return nil }) }()
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		<-s.closed
		close(leave)
		if err := errors.Join(<-first, <-closed); err != nil {
			t.Errorf("the running change and Close: %v", err)
		}
		if err := <-second; err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("the waiting change: got %v, want nil or ErrClosed", err)
		}
		if err := s.Change(t.Context(), nil, func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
			t.Errorf("a change after Close: got %v, want ErrClosed", err)
		}
	})
}
