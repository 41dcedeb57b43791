package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// owners runs fn, in virtual time, with a way to make servers that share a store and the target here.
func owners(t *testing.T, fn func(t *testing.T, server func(holder string) *owner)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drey.db")
	synctest.Test(t, func(t *testing.T) {
		quiet := slog.New(slog.DiscardHandler)
		st, err := store.Open(t.Context(), "sqlite:"+path, quiet)
		if err != nil {
			t.Fatal(err)
		}
		target := &remembering{}
		config := Config{Store: st, Targets: map[string]Target{"here": {Runtime: target}}, Shared: true, Now: time.Now, Log: quiet}
		if err := Plant(t.Context(), st, config, Seed{Directory: "d", Targets: map[string]string{"here": KindLocal}}); err != nil {
			t.Fatal(err)
		}
		fn(t, func(holder string) *owner {
			config.Holder = holder
			return newOwner(config)
		})
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
}

// remembering is a target that knows the highest epoch it was claimed under.
type remembering struct {
	place
	highest int64
	there   []runtime.Status
}

func (r *remembering) List(context.Context) ([]runtime.Status, error) { return r.there, nil }

func (r *remembering) Claim(_ context.Context, _ string, epoch int64, _ time.Duration) (int64, error) {
	r.highest = max(r.highest, epoch)
	if epoch < r.highest {
		return r.highest, errors.New("that epoch is over")
	}
	return epoch, nil
}

// seconds lets each of the owners tend the target once a second; it stops when one of them may act that could not before.
func seconds(t *testing.T, n int, all ...*owner) (taker *owner, took time.Duration) {
	began := time.Now()
	for range n {
		for _, o := range all {
			_, before := o.fence("here")
			if err := o.tend(t.Context(), "here"); err != nil && !errors.Is(err, errDeposed) {
				t.Error(err)
			}
			if _, now := o.fence("here"); now && !before {
				return o, time.Since(began)
			}
		}
		time.Sleep(time.Second)
	}
	return nil, 0
}

func TestATargetIsTakenOnlyFromAnOwnerThatFellSilent(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		a, b := server("machine-a/1"), server("machine-b/1")
		if taker, _ := seconds(t, 1, a, b); taker != a {
			t.Fatal("the first one does not own it")
		}
		if taker, _ := seconds(t, 60, a, b); taker != nil {
			t.Fatal("it was taken from an owner that renews it")
		}
		if !b.elsewhere("here") {
			t.Error("the other one does not know that it is owned")
		}
		taker, took := seconds(t, 60, b)
		if taker != b || took < ownerTerm || took > 2*ownerTerm {
			t.Fatalf("it was taken after %v by %v", took, taker)
		}
		if _, ok := a.fence("here"); ok {
			t.Error("the old owner may act still")
		}
		if taker, _ := seconds(t, 60, a, b); taker != nil {
			t.Error("the old one took it back from an owner that renews it")
		}
		if epoch, _ := b.fence("here"); epoch != 2 {
			t.Errorf("the second owner has epoch %d", epoch)
		}
		if taker, _ := seconds(t, 60, a); taker != a {
			t.Error("the old one does not take it when the new one is silent")
		}
	})
}

func TestAServerTakesAtOnceWhatOneBeforeItHadInTheSamePlace(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		a, next := server("machine-a/1"), server("machine-a/2")
		seconds(t, 1, a)
		if taker, took := seconds(t, 1, next); taker != next || took != 0 {
			t.Errorf("it was taken after %v", took)
		}
	})
}

func TestAServerThatStoodStillDoesNotTakeBackWhatTheNextOneHas(t *testing.T) {
	for _, shared := range []bool{true, false} {
		owners(t, func(t *testing.T, server func(string) *owner) {
			a, next := server("machine-a/1"), server("machine-a/2")
			a.Shared, next.Shared = shared, shared
			seconds(t, 1, a)
			if taker, _ := seconds(t, 1, next); taker != next {
				t.Fatalf("shared %t: the next one does not own it", shared)
			}
			if taker, _ := seconds(t, 60, a, next); taker != nil {
				t.Errorf("shared %t: it was taken back", shared)
			}
		})
	}
}

func TestOneOfTwoThatTakeATargetAtOnceGetsIt(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		a, b := server("machine-a/1"), server("machine-b/1")
		row := store.TargetRow{Name: "here", Kind: KindLocal} // as both have read it
		if err := a.claim(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		if err := b.claim(t.Context(), row); !errors.Is(err, errDeposed) {
			t.Errorf("the second one: got %v, want errDeposed", err)
		}
		if _, ok := b.fence("here"); ok {
			t.Error("both may act")
		}
	})
}

func TestAClaimThatGotNoFurtherThanTheTargetKeepsNobodyOut(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		a := server("machine-a/1")
		seconds(t, 1, a)
		if _, err := a.Targets["here"].Claim(t.Context(), "machine-b/1", 2, ownerTerm); err != nil {
			t.Fatal(err)
		}
		if _, took := seconds(t, 10, a); took == 0 {
			if _, ok := a.fence("here"); !ok {
				t.Error("nobody owns the target")
			}
		}
		if epoch, _ := a.fence("here"); epoch != 2 {
			t.Errorf("the epoch is %d", epoch)
		}
	})
}

func TestADatabaseThatIsBehindItsTargetIsRefusedAsAnOldCopy(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		a := server("machine-a/1")
		if _, err := a.Targets["here"].Claim(t.Context(), "machine-a/0", 2, ownerTerm); err != nil {
			t.Fatal(err)
		}
		if err := a.tend(t.Context(), "here"); err == nil || !strings.Contains(err.Error(), "old copy") {
			t.Errorf("got %v", err)
		}
		if _, ok := a.fence("here"); ok {
			t.Error("it may act")
		}
	})
}

// A restored backup says that another server holds the target, and nobody renews that.
func TestAnOldCopyIsRefusedAlsoWhereItNamesAnotherHolder(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		before := server("machine-b/1")
		if err := before.tend(t.Context(), "here"); err != nil {
			t.Fatal(err)
		}
		before.Targets["here"].Runtime.(*remembering).there = []runtime.Status{{ID: "later", OrderDigest: "d"}}
		a := server("machine-a/1")
		var said error
		for range 2 * int(ownerLost/time.Second) {
			said = errors.Join(said, a.tend(t.Context(), "here"))
			time.Sleep(time.Second)
		}
		if _, ok := a.fence("here"); ok || said == nil || !strings.Contains(said.Error(), "old copy") {
			t.Errorf("may it act? %t; it said %v", ok, said)
		}
	})
}

// A database that was backed up while its server ran, and is restored, knows the newest epoch.
func TestADatabaseThatDoesNotKnowWhatRunsIsRefusedAsAnOldCopy(t *testing.T) {
	for why, tt := range map[string]struct {
		runtime.Status
		want string
	}{
		"it runs":              {runtime.Status{ID: "later", OrderDigest: "d"}, "old copy"},
		"it is dead":           {runtime.Status{ID: "later", OrderDigest: "d", Dead: true}, ""},
		"it was killed":        {runtime.Status{ID: "later", OrderDigest: "d", Tombstone: true}, ""},
		"it was never let run": {runtime.Status{ID: "later"}, ""},
		"it is known":          {runtime.Status{ID: "known", OrderDigest: "d"}, ""},
	} {
		owners(t, func(t *testing.T, server func(string) *owner) {
			a := server("machine-a/1")
			err := a.Store.Change(t.Context(), nil, func(tx *store.Tx) error {
				return tx.InsertIncarnation(cluster.Incarnation{ID: "known", JobUID: "j", Target: "here", Phase: cluster.Live})
			})
			if err != nil {
				t.Fatal(err)
			}
			a.Targets["here"].Runtime.(*remembering).there = []runtime.Status{tt.Status}
			err = a.tend(t.Context(), "here")
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("%s: got %v, want %q", why, err, tt.want)
			}
			if _, ok := a.fence("here"); ok != (tt.want == "") {
				t.Errorf("%s: may it act? %t", why, ok)
			}
		})
	}
}

func TestTheDatabaseOfAnotherDataDirectoryIsRefused(t *testing.T) {
	owners(t, func(t *testing.T, server func(string) *owner) {
		o := server("machine-a/1")
		err := Plant(t.Context(), o.Store, o.Config, Seed{Directory: "e", Targets: map[string]string{"there": KindLocal}})
		if err == nil || !strings.Contains(err.Error(), "belongs to another data directory") {
			t.Errorf("got %v", err)
		}
		err = o.Store.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Target("there"); return err })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("something of the other was planted: %v", err)
		}
	})
}
