package store

import (
	"errors"
	"testing"
	"time"

	"drey/internal/cluster"
)

func TestAJobNeverHasTwoCopies(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		alive := []cluster.IncarnationPhase{cluster.Releasing, cluster.Live}
		for _, one := range alive {
			for _, two := range alive {
				t.Run(string(one+" and "+two), func(t *testing.T) {
					t.Parallel()
					s := db.seeded(t)
					change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error {
						return first(tx.InsertIncarnation(anIncarnation("i1", "j1", one)), tx.InsertIncarnation(anIncarnation("i2", "j1", cluster.Held)))
					})
					refused(t, s, "inserted", ErrExists, func(tx *Tx) error { return tx.InsertIncarnation(anIncarnation("i3", "j1", two)) })
					refused(t, s, "saved", ErrExists, func(tx *Tx) error { return tx.SaveIncarnation(anIncarnation("i2", "j1", two)) })
					change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error {
						return first(
							tx.InsertIncarnation(anIncarnation("i4", "another", two)),
							tx.SaveIncarnation(anIncarnation("i1", "j1", cluster.Quiet)),
							tx.SaveIncarnation(anIncarnation("i2", "j1", two)),
						)
					})
				})
			}
		}
	})
}

func TestALookBeginsWithAnIncarnationAndItsJobsStatus(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		ours, stray := anIncarnation("i1", "j1", cluster.Live), anIncarnation("i2", "deleted", cluster.Live)
		job := aJob("j1", "c1")
		job.Status = "RUNNING"
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error {
			return first(tx.InsertIncarnation(ours), tx.InsertIncarnation(stray), tx.SaveJob(job))
		})
		got := map[string]WatchedIncarnation{}
		for _, w := range get(t, s, func(tx *Tx) ([]WatchedIncarnation, error) {
			return tx.WatchedIncarnations([]string{"i2", "gone", "i1"})
		}) {
			got[w.ID] = w
		}
		same(t, "incarnations", map[string]WatchedIncarnation{"i1": {ours, "RUNNING"}, "i2": {stray, ""}}, got)
	})
}

func TestIncarnationsHoldMemoryUntilTheyAreDead(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		phases := []cluster.IncarnationPhase{cluster.Intended, cluster.Held, cluster.Live, cluster.Quiet, cluster.Dead, cluster.Abandoned}
		var all, unreleased []cluster.Incarnation // newest first; oldest first
		var released []string
		change(t, s, Scope{Target("here"), JobRow("j1")}, func(tx *Tx) error {
			for n, phase := range phases {
				i := anIncarnation("i"+string(phase), "j1", cluster.Intended)
				i.CreatedAt = noon.Add(-time.Duration(n) * time.Hour) // the clock goes back
				if err := tx.InsertIncarnation(i); err != nil {
					return err
				}
				i.Phase, i.ReservedMB = phase, 1<<n
				if err := tx.SaveIncarnation(i); err != nil {
					return err
				}
				all = append([]cluster.Incarnation{i}, all...)
				switch {
				case n < 2:
					unreleased = append(unreleased, i)
				case phase == cluster.Live:
					released = append(released, i.ID)
				}
			}
			return nil
		})
		same(t, "one", all[0], get(t, s, func(tx *Tx) (cluster.Incarnation, error) { return tx.Incarnation(all[0].ID) }))
		same(t, "all", all, get(t, s, func(tx *Tx) ([]cluster.Incarnation, error) { return tx.Incarnations("j1") }))
		same(t, "unreleased", unreleased, get(t, s, func(tx *Tx) ([]cluster.Incarnation, error) { return tx.UnreleasedIncarnations("here") }))
		same(t, "released", released, get(t, s, func(tx *Tx) ([]string, error) { return tx.ReleasedIncarnations("here") }))
		same(t, "reserved", int64(0b1111), get(t, s, func(tx *Tx) (int64, error) { return tx.ReservedMB("here") }))
		same(t, "reserved elsewhere", int64(0), get(t, s, func(tx *Tx) (int64, error) { return tx.ReservedMB("there") }))

		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error { return tx.DeleteIncarnation(all[0].ID) })
		same(t, "after forgetting one", all[1:], get(t, s, func(tx *Tx) ([]cluster.Incarnation, error) { return tx.Incarnations("j1") }))
		if err := s.Change(t.Context(), nil, func(tx *Tx) error { return tx.InsertIncarnation(cluster.Incarnation{ID: "x", Target: "no"}) }); err == nil {
			t.Error("an incarnation on no target was stored")
		}
	})
}

func TestAForgottenIncarnationLeavesOnlyItsOpenTriggers(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		open := aTrigger("t1", "j1", "i1", cluster.TriggerOpen)
		change(t, s, Scope{Target("here"), JobRow("j1")}, func(tx *Tx) error {
			_, err := tx.TakePorts("here", 7000, 7000, 1, "i1")
			return first(err,
				tx.InsertIncarnation(anIncarnation("i1", "j1", cluster.Dead)),
				tx.InsertTrigger(open),
				tx.InsertTrigger(aTrigger("t2", "j1", "i1", cluster.TriggerComplete)),
				tx.DeleteIncarnation("i1"),
			)
		})
		change(t, s, Scope{Target("here")}, func(tx *Tx) error {
			if _, err := tx.Trigger("t2"); !isNotFound(err) {
				t.Errorf("the trigger that was complete: got %v, want ErrNotFound", err)
			}
			_, err := tx.TakePorts("here", 7000, 7000, 1, "i2")
			return err
		})
		same(t, "open triggers", []cluster.Trigger{open}, get(t, s, func(tx *Tx) ([]cluster.Trigger, error) { return tx.OpenTriggers("j1") }))
	})
}

func TestPortsAreTakenInTurn(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		change(t, s, nil, func(tx *Tx) error { return tx.PutTarget(TargetRow{Name: "there"}) })
		take := func(target string, n int, who string, want ...int) {
			t.Helper()
			change(t, s, Scope{Target(target)}, func(tx *Tx) error {
				got, err := tx.TakePorts(target, 7000, 7006, n, who)
				same(t, "ports of "+who, want, got)
				return err
			})
		}
		free := func(who string) {
			t.Helper()
			change(t, s, Scope{Target("here")}, func(tx *Tx) error { return first(tx.FreePorts(who), tx.FreePorts("nobody")) })
		}
		take("here", 3, "a", 7000, 7001, 7002)
		free("a")
		take("here", 3, "b", 7003, 7004, 7005) // a's rest for a round
		take("here", 0, "nobody")
		take("here", 2, "c", 7006, 7000)
		take("there", 2, "d", 7000, 7001)
		refused(t, s, "more than are free", ErrNoPort, func(tx *Tx) error { _, err := tx.TakePorts("here", 7000, 7006, 3, "e"); return err })
		take("here", 2, "f", 7001, 7002)
		refused(t, s, "one of none", ErrNoPort, func(tx *Tx) error { _, err := tx.TakePorts("here", 7000, 7006, 1, "g"); return err })
		free("b")
		change(t, s, Scope{Target("here")}, func(tx *Tx) error {
			got, err := tx.TakePorts("here", 8000, 8001, 1, "h") // another range
			same(t, "ports of another range", []int{8000}, got)
			return err
		})
		take("here", 3, "i", 7003, 7004, 7005)
		change(t, s, Scope{Target("here")}, func(tx *Tx) error { return tx.SetMeta(nextPortKey("here"), "soon") })
		err := s.Change(t.Context(), nil, func(tx *Tx) error { _, err := tx.TakePorts("here", 7000, 7006, 1, "j"); return err })
		if err == nil || errors.Is(err, ErrNoPort) {
			t.Errorf("a damaged start of the search: got %v, want an error of its own", err)
		}
	})
}

func TestTriggersAreOpenUntilTheyAreNot(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		t1, t2 := aTrigger("t1", "j1", "i1", cluster.TriggerOpen), aTrigger("t2", "j1", "i1", cluster.TriggerOpen)
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error {
			return first(tx.InsertTrigger(t1), tx.InsertTrigger(t2), tx.InsertTrigger(aTrigger("t3", "j2", "i2", cluster.TriggerOpen)))
		})
		refused(t, s, "an id that is taken", ErrExists, func(tx *Tx) error { return tx.InsertTrigger(t1) })
		list := func() []cluster.Trigger {
			return get(t, s, func(tx *Tx) ([]cluster.Trigger, error) { return tx.OpenTriggers("j1") })
		}
		same(t, "both open", []cluster.Trigger{t1, t2}, list())
		t1.State, t1.Failure = cluster.TriggerFailed, "no space"
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error { return tx.SaveTrigger(t1) })
		same(t, "one open", []cluster.Trigger{t2}, list())
		same(t, "the failed one", t1, get(t, s, func(tx *Tx) (cluster.Trigger, error) { return tx.Trigger("t1") }))
	})
}

func TestSavepointsArePutOnceAndListedNewestFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		s1, s2, s3 := aSavepoint("s1", "j1", "abfs://1", noon), aSavepoint("s2", "j1", "abfs://2", noon), aSavepoint("s3", "j1", "abfs://3", noon.Add(-time.Hour))
		writing := aSavepoint("s4", "j1", "abfs://4", time.Time{})
		writing.Complete = false
		other := aSavepoint("s5", "j2", "abfs://5", noon.Add(time.Hour))
		other.Name = s1.Name
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error {
			for _, sp := range []cluster.Savepoint{writing, s1, s2, s3, s1} {
				if err := tx.PutSavepoint(sp, "c1", "p1"); err != nil {
					return err
				}
			}
			return tx.PutSavepoint(other, "c2", "p1")
		})
		list := func() []cluster.Savepoint {
			return get(t, s, func(tx *Tx) ([]cluster.Savepoint, error) { return tx.Savepoints("j1") })
		}
		same(t, "of the job", []cluster.Savepoint{s2, s1, s3, writing}, list())
		writing.Complete, writing.CompletedAt, writing.Bytes = true, noon.Add(time.Minute), 99
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error { return tx.PutSavepoint(writing, "c1", "p1") })
		same(t, "after one was completed", []cluster.Savepoint{writing, s2, s1, s3}, list())
		same(t, "one", s3, get(t, s, func(tx *Tx) (cluster.Savepoint, error) { return tx.Savepoint("s3") }))
		same(t, "by name", []cluster.Savepoint{other, s1}, get(t, s, func(tx *Tx) ([]cluster.Savepoint, error) { return tx.SavepointsNamed("p1", s1.Name) }))
		same(t, "by name in another pool", nil, get(t, s, func(tx *Tx) ([]cluster.Savepoint, error) { return tx.SavepointsNamed("p2", s1.Name) }))
		refused(t, s, "a URI that is taken", ErrExists, func(tx *Tx) error { return tx.PutSavepoint(aSavepoint("s9", "j1", s1.URI, noon), "c1", "p1") })
	})
}
