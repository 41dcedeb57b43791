package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"drey/test/postgres"
)

func TestWhatPostgreSQLSaysIsRepeatedOrNamed(t *testing.T) {
	t.Parallel()
	s := openAt(t, server.Database(t))
	for code, want := range map[string]error{ // nil: it is repeated
		"40001": nil, "40P01": nil, "57P01": nil, "08006": nil,
		"53100": ErrFull, "55P03": ErrBusy, "23505": ErrExists, "23503": errAny,
	} {
		ran := 0
		err := s.Change(bounded(t), nil, func(tx *Tx) error {
			ran++
			if err := tx.AddAudit(AuditRow{Action: code}); err != nil || ran > 1 && want == nil {
				return err
			}
			_, err := tx.exec("DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''" + code + "''; END'")
			return err
		})
		rows := get(t, s, func(tx *Tx) (int64, error) {
			return one(tx, scanInt, "SELECT count(*) FROM audit WHERE action = ?", code)
		})
		switch {
		case want == nil && (err != nil || ran != 2 || rows != 1):
			t.Errorf("%s: got %v after %d runs with %d rows, want it done after 2", code, err, ran, rows)
		case want == errAny && err == nil, want != nil && want != errAny && !errors.Is(err, want):
			t.Errorf("%s: got %v, want %v", code, err, want)
		case want != nil && rows != 0:
			t.Errorf("%s: %d rows of a change that failed", code, rows)
		}
	}
}

var errAny = errors.New("any")

func TestChangesThatLockEachOtherOutAreBothDone(t *testing.T) {
	t.Parallel()
	s := openAt(t, server.Database(t))
	change(t, s, nil, func(tx *Tx) error {
		return first(seed(tx), tx.PutTarget(TargetRow{Name: "a"}), tx.PutTarget(TargetRow{Name: "b"}))
	})
	var met, all sync.WaitGroup // both hold their first row
	met.Add(2)
	for own, rows := range map[string][2]string{"p1": {"a", "b"}, "c1": {"b", "a"}} {
		scope := map[string]Scope{"p1": {Pool(own)}, "c1": {ClusterRow(own)}}[own]
		var once sync.Once
		all.Go(func() {
			err := s.Change(Urgent(bounded(t)), scope, func(tx *Tx) error {
				for _, name := range rows { // not in the order of locks
					if err := tx.put("UPDATE target SET epoch = epoch + 1 WHERE name = ?", name); err != nil { // what is read without a lock is no base to count on
						return err
					}
					once.Do(func() { met.Done(); met.Wait() })
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, row := range get(t, s, (*Tx).Targets) {
		if row.Name != "here" && row.Epoch != 2 {
			t.Errorf("target %s counted %d of 2", row.Name, row.Epoch)
		}
	}
}

func TestAChangeKeepsOthersFromItsRowsOnly(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s, other := openAt(t, url), openAt(t, url)
	change(t, s, nil, seed)
	waiting := make(chan error, 1)
	order := []string{}
	change(t, s, Scope{Target("here"), JobRow("j1")}, func(tx *Tx) error {
		change(t, other, Scope{ClusterRow("c1")}, func(*Tx) error { return nil })
		change(t, other, nil, func(tx *Tx) error { return tx.InsertIncarnation(anIncarnation("i1", "j1", "Held")) }) // refers to the target
		go func() {
			waiting <- other.Change(bounded(t), Scope{Target("here")}, func(*Tx) error { order = append(order, "second"); return nil })
		}()
		waitsForALock(t, s)
		order = append(order, "first")
		return nil
	})
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	same(t, "order", []string{"first", "second"}, order)
}

func TestServersOnOneDatabaseLoseNothingOfEachOther(t *testing.T) {
	t.Parallel()
	const servers, writers, each = 2, 8, 8
	url := server.Database(t)
	var all sync.WaitGroup
	var seeded sync.Once
	for n := range servers {
		all.Go(func() { // each makes the tables, if it is the first
			s, err := Open(bounded(t), url, quiet)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			seeded.Do(func() {
				change(t, s, nil, func(tx *Tx) error {
					err := seed(tx)
					for w := range servers * writers {
						err = first(err, tx.PutTarget(TargetRow{Name: fmt.Sprint("own-", w)}))
					}
					return err
				})
			})
			var own sync.WaitGroup
			for w := range writers {
				own.Go(func() {
					for range each {
						if err := addOne(Urgent(bounded(t)), s, fmt.Sprint("own-", n*writers+w)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			own.Wait()
		})
	}
	all.Wait()
	const want = servers * writers * each
	if shared, own := totals(t, openAt(t, url), servers*writers); shared != want || own != want {
		t.Errorf("the shared row counted %d and the own rows %d, want %d", shared, own, want)
	}
}

func TestTheFirstOfTwoThatMakeTheSameIsSeenByTheSecond(t *testing.T) {
	t.Parallel()
	s := openAt(t, server.Database(t))
	change(t, s, nil, seed)
	var met, all sync.WaitGroup // both have looked
	met.Add(2)
	made := make(chan bool, 2)
	for _, scope := range []Scope{{JobRow("j1")}, {ClusterRow("c1")}} {
		var once sync.Once
		all.Go(func() {
			var mine bool
			err := s.Change(Urgent(bounded(t)), scope, func(tx *Tx) error {
				_, err := tx.PoolByUID("new")
				once.Do(func() { met.Done(); met.Wait() })
				mine = isNotFound(err)
				if !mine {
					return err
				}
				_, err = tx.exec(`INSERT INTO pool (uid, key, subscription, group_key, doc, change) VALUES ('new', 'new', '', '', 'null', '')`)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			made <- mine
		})
	}
	all.Wait()
	if one, two := <-made, <-made; one == two {
		t.Error("one should have made it, and the other found it")
	}
}

func TestTextThatPostgreSQLDoesNotTakeIsKeptAsFarAsItCan(t *testing.T) {
	t.Parallel()
	s := openAt(t, server.Database(t))
	change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("k", "a\x00b\xffc ä") })
	same(t, "the text", "a\uFFFDb\uFFFDc ä", meta(t, s, "k"))
}

func TestARestartOfPostgreSQLLosesNothingAndIsOverByItself(t *testing.T) {
	t.Parallel()
	pg, err := postgres.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pg.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := openAt(t, pg.Database(t))
	change(t, s, nil, seed)
	stop, counted := make(chan struct{}), make(chan int, crashLanes)
	tick := make(chan bool)
	for lane := range crashLanes {
		go func() {
			n := 0
			defer func() { counted <- n }()
			for {
				select {
				case <-stop:
					return
				case tick <- true:
				default:
				}
				switch _, err := countInLane(s, lane); {
				case err == nil:
					n++
				case !errors.Is(err, ErrAway): // it took longer than a change is repeated: nothing is stored
					t.Errorf("lane %d: %v", lane, err)
					return
				}
			}
		}()
	}
	for range 3 {
		<-tick // somebody writes
		if err := errors.Join(pg.Kill(), pg.Run()); err != nil {
			t.Error(err)
		}
	}
	<-tick
	close(stop)
	done := 0
	for range crashLanes {
		done += <-counted
	}
	stored := 0
	for lane := range crashLanes {
		n, _ := strconv.Atoi(meta(t, s, fmt.Sprint("lane-", lane)))
		stored += n
	}
	if rows := get(t, s, func(tx *Tx) ([]AuditRow, error) { return tx.Audit(0) }); stored != done || len(rows) != done {
		t.Errorf("%d changes were answered, %d are counted and %d stored", done, stored, len(rows))
	}
}

func TestADatabaseOfPostgreSQLIsRefusedInWords(t *testing.T) {
	t.Parallel()
	newer := server.Database(t)
	s := openAt(t, newer)
	if _, err := s.writer.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)"); err != nil {
		t.Fatal(err)
	}
	for why, tt := range map[string]struct{ url, want string }{
		"tables of a newer Drey":    {newer, "its tables are version 9999, this Drey knows up to 5; start the newer Drey again or restore an older backup"},
		"a commit that is not kept": {server.Database(t) + "&options=-csynchronous_commit%3Doff", "synchronous_commit is off"},
		"a database that is not":    {strings.Replace(newer, "/test", "/none", 1), "does not exist"},
		"nobody there":              {"postgres://drey:hush@127.0.0.1:1/drey", "cannot be reached"},
		"what cannot be understood": {"postgres://drey:hush@127.0.0.1:port/drey", "port"},
	} {
		got, err := Open(t.Context(), tt.url, quiet)
		if err == nil {
			got.Close()
			t.Errorf("%s: it was opened", why)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v, want %q", why, err, tt.want)
		}
	}
}
