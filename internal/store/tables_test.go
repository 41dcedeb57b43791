package store

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"drey/internal/cluster"
	"github.com/google/go-cmp/cmp"
)

// same reports a difference.
func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// refused reports that fn did not fail as it should, with nothing stored.
func refused(t *testing.T, s *Store, why string, want error, fn func(*Tx) error) {
	t.Helper()
	if err := s.Change(t.Context(), nil, fn); !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", why, err, want)
	}
}

func TestWhatIsAbsentIsNotFound(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		ref := aCluster("c1", "Wordcount").Ref
		change(t, s, nil, func(tx *Tx) error {
			for what, fn := range map[string]func() error{
				"Meta":              func() error { _, err := tx.Meta("k"); return err },
				"Subscription":      func() error { _, err := tx.Subscription("x"); return err },
				"Group":             func() error { _, err := tx.Group("x", "y"); return err },
				"DeleteGroup":       func() error { return tx.DeleteGroup("x", "y") },
				"DeletePool":        func() error { return tx.DeletePool("x") },
				"Target":            func() error { _, err := tx.Target("x"); return err },
				"Pool":              func() error { _, err := tx.Pool(ref.PoolRef); return err },
				"PoolByUID":         func() error { _, err := tx.PoolByUID("x"); return err },
				"Cluster":           func() error { _, err := tx.Cluster(ref); return err },
				"ClusterByUID":      func() error { _, err := tx.ClusterByUID("x"); return err },
				"SaveCluster":       func() error { return tx.SaveCluster(aCluster("x", "x")) },
				"DeleteCluster":     func() error { return tx.DeleteCluster("x") },
				"JobOf":             func() error { _, err := tx.JobOf("x"); return err },
				"Job":               func() error { _, err := tx.Job("x"); return err },
				"SaveJob":           func() error { return tx.SaveJob(aJob("x", "y")) },
				"Version":           func() error { _, err := tx.Version("x", 1); return err },
				"SaveVersion":       func() error { return tx.SaveVersion(cluster.Version{}) },
				"Incarnation":       func() error { _, err := tx.Incarnation("x"); return err },
				"SaveIncarnation":   func() error { return tx.SaveIncarnation(cluster.Incarnation{}) },
				"DeleteIncarnation": func() error { return tx.DeleteIncarnation("x") },
				"Trigger":           func() error { _, err := tx.Trigger("x"); return err },
				"SaveTrigger":       func() error { return tx.SaveTrigger(cluster.Trigger{}) },
				"Savepoint":         func() error { _, err := tx.Savepoint("x"); return err },
				"Operation":         func() error { _, err := tx.Operation("x"); return err },
				"ActiveOperation":   func() error { _, err := tx.ActiveOperation("x"); return err },
				"ForceOperation":    func() error { return tx.ForceOperation(Operation{ID: "x"}) },
				"Operations":        func() error { _, err := tx.Operations(Filter{Before: "x"}); return err },
				"NewestOf":          func() error { _, err := tx.NewestOf("x", []string{"PUT"}, CallerLane); return err },
				"NewestOfKinds":     func() error { _, err := tx.NewestOfKinds("x", "k"); return err },
				"ByClientToken":     func() error { _, err := tx.ByClientToken("x", "y", noon); return err },
				"AddLine":           func() error { return tx.AddLine("x", noon, "s", "t") },
			} {
				if err := fn(); !isNotFound(err) {
					t.Errorf("%s: got %v, want ErrNotFound", what, err)
				}
			}
			return nil
		})
	})
}

func TestTargetsKeepTheirHighestEpoch(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		want := TargetRow{Name: "here", Kind: "local", Identity: "other", Epoch: 7, Holder: "you", ExpiresAt: noon.Add(time.Second)}
		change(t, s, nil, func(tx *Tx) error { return first(tx.PutTarget(want), tx.PutTarget(TargetRow{Name: "control"})) })
		refused(t, s, "an epoch below the stored one", ErrFenced, func(tx *Tx) error { return tx.PutTarget(TargetRow{Name: "here", Epoch: 6}) })
		same(t, "target", want, get(t, s, func(tx *Tx) (TargetRow, error) { return tx.Target("here") }))
		same(t, "targets", []TargetRow{{Name: "control"}, want}, get(t, s, (*Tx).Targets))
	})
}

func TestSubscriptionsAndGroupsAreFoundInAnyCase(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		change(t, s, nil, func(tx *Tx) error {
			return first(
				tx.PutSubscription(Subscription{ID: "SUB-1", Name: "renamed", Tenant: "t2"}),
				tx.PutSubscription(Subscription{ID: "sub-0", Name: "zero", Tenant: "t1"}),
				tx.PutGroup(Group{Subscription: "Sub-1", Name: "Group-B", Location: "west"}),
				tx.PutGroup(Group{Subscription: "sub-1", Name: "GROUP-b", Location: "east", Tags: map[string]string{"Team": "a"}}),
				tx.PutGroup(Group{Subscription: "sub-1", Name: "Group-A", Location: "west"}),
				tx.PutGroup(Group{Subscription: "sub-0", Name: "Group-A", Location: "north"}),
			)
		})
		one := Subscription{ID: "sub-1", Name: "renamed", Tenant: "t2"}
		same(t, "subscription", one, get(t, s, func(tx *Tx) (Subscription, error) { return tx.Subscription("sUB-1") }))
		same(t, "subscriptions", []Subscription{{ID: "sub-0", Name: "zero", Tenant: "t1"}, one}, get(t, s, (*Tx).Subscriptions))
		b := Group{Subscription: "sub-1", Name: "Group-B", Location: "east", Tags: map[string]string{"Team": "a"}}
		same(t, "group", b, get(t, s, func(tx *Tx) (Group, error) { return tx.Group("SUB-1", "group-b") }))
		same(t, "groups", []Group{{Subscription: "sub-1", Name: "Group-A", Location: "west"}, b},
			get(t, s, func(tx *Tx) ([]Group, error) { return tx.Groups("SUB-1") }))
		if err := s.Change(t.Context(), nil, func(tx *Tx) error { return tx.PutGroup(Group{Subscription: "no", Name: "g"}) }); err == nil {
			t.Error("a group of no subscription was stored")
		}
		change(t, s, Scope{SubscriptionRow("SUB-1")}, func(tx *Tx) error { return tx.DeleteGroup("SUB-1", "group-B") })
		same(t, "the groups that are left", []Group{{Subscription: "sub-1", Name: "Group-A", Location: "west"}},
			get(t, s, func(tx *Tx) ([]Group, error) { return tx.Groups("sub-1") }))
	})
}

func TestPoolsAreFoundInAnyCaseAndOnceEach(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		p1, p2, p3 := aPool("p1", "Orders"), aPool("p2", "billing"), aPool("p3", "Orders")
		p1.ETag, p3.Ref.Group = "new", "group-b"
		change(t, s, Scope{Pool("p1")}, func(tx *Tx) error { return first(tx.PutPool(p1), tx.PutPool(p2), tx.PutPool(p3)) })
		refused(t, s, "the address of another pool", ErrExists, func(tx *Tx) error { return tx.PutPool(aPool("p4", "ORDERS")) })
		ref := cluster.PoolRef{Subscription: "SUB-1", Group: "group-A", Pool: "orders"}
		same(t, "by address", p1, get(t, s, func(tx *Tx) (cluster.Pool, error) { return tx.Pool(ref) }))
		same(t, "by uid", p2, get(t, s, func(tx *Tx) (cluster.Pool, error) { return tx.PoolByUID("p2") }))
		for why, tt := range map[string]struct {
			subscription, group string
			want                []cluster.Pool
		}{
			"all":                     {"", "", []cluster.Pool{p2, p1, p3}},
			"of a subscription":       {"sUB-1", "", []cluster.Pool{p2, p1, p3}},
			"of a group":              {"Sub-1", "GROUP-B", []cluster.Pool{p3}},
			"of another subscription": {"Sub-2", "", nil},
		} {
			same(t, why, tt.want, get(t, s, func(tx *Tx) ([]cluster.Pool, error) { return tx.Pools(tt.subscription, tt.group, "", 0) }))
		}
		page := func(after string) []cluster.Pool {
			return get(t, s, func(tx *Tx) ([]cluster.Pool, error) { return tx.Pools("sub-1", "", after, 2) })
		}
		same(t, "the first page", []cluster.Pool{p2, p1}, page(""))
		same(t, "the second", []cluster.Pool{p3}, page(p1.Ref.ID()))
	})
}

func TestAPoolGoesOnlyWithoutClusters(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		if err := s.Change(t.Context(), Scope{Pool("p1")}, func(tx *Tx) error { return tx.DeletePool("p1") }); err == nil {
			t.Error("a pool with a cluster was removed")
		}
		change(t, s, Scope{Pool("p1")}, func(tx *Tx) error { return first(tx.DeleteCluster("c1"), tx.DeletePool("p1")) })
		same(t, "pools", nil, get(t, s, func(tx *Tx) ([]cluster.Pool, error) { return tx.Pools("", "", "", 0) }))
	})
}

func TestClustersAreFoundInAnyCaseAndOnceEach(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		c1, c2, c3 := aCluster("c1", "Wordcount"), aCluster("c2", "alerts"), aCluster("c3", "Zebra")
		other := aCluster("c4", "Alerts")
		other.PoolUID, other.Ref.Pool = "p0", "another"
		change(t, s, nil, func(tx *Tx) error {
			return first(tx.PutPool(aPool("p0", "another")), tx.InsertCluster(other), tx.InsertCluster(c3), tx.InsertCluster(c2))
		})
		c1.Phase, c1.ETag = cluster.Stopped, "new"
		change(t, s, Scope{ClusterRow("c1")}, func(tx *Tx) error { return tx.SaveCluster(c1) })
		ref := c1.Ref
		ref.Name, ref.Group = strings.ToUpper(ref.Name), "GROUP-a"
		same(t, "by address", c1, get(t, s, func(tx *Tx) (cluster.Cluster, error) { return tx.Cluster(ref) }))
		same(t, "by uid", c2, get(t, s, func(tx *Tx) (cluster.Cluster, error) { return tx.ClusterByUID("c2") }))
		page := func(after string, limit int) []cluster.Cluster {
			return get(t, s, func(tx *Tx) ([]cluster.Cluster, error) { return tx.Clusters("p1", after, limit) })
		}
		same(t, "all of the pool", []cluster.Cluster{c2, c1, c3}, page("", 0))
		same(t, "first page", []cluster.Cluster{c2, c1}, page("", 2))
		same(t, "second page", []cluster.Cluster{c3}, page("WORDCOUNT", 2))
		same(t, "all", []cluster.Cluster{other, c2, c1, c3}, get(t, s, (*Tx).AllClusters))
		refused(t, s, "a name that is taken", ErrExists, func(tx *Tx) error { return tx.InsertCluster(aCluster("c9", "WORDCOUNT")) })
		twin := aCluster("c9", "other")
		twin.DeploymentID = c1.DeploymentID
		refused(t, s, "a deployment id that is taken", ErrExists, func(tx *Tx) error { return tx.InsertCluster(twin) })
	})
}

func TestAClusterIsShownWithItsJobAndTheOperationsThatTellItsState(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		c := aCluster("c1", "Wordcount")
		job := get(t, s, func(tx *Tx) (cluster.Job, error) { return tx.JobOf("c1") })
		job.Goal = 2
		read := func() []ShownCluster {
			return get(t, s, func(tx *Tx) ([]ShownCluster, error) {
				return tx.ShownClusters(c.Ref.PoolRef, CallerLane, []string{"PUT", "PATCH"}, "", 0)
			})
		}
		operation := func(id, verb string, lane Lane, state State, outcome Outcome) Operation {
			return Operation{ID: id, Subject: "j1", ClusterUID: "c1", ResourceID: c.Ref.ID(), Target: "local", Verb: verb, Lane: lane, State: state, Outcome: outcome}
		}
		change(t, s, nil, func(tx *Tx) error {
			return first(tx.SaveJob(job), tx.InsertVersion(cluster.Version{JobUID: "j1", Number: 2}),
				tx.InsertOperation(operation("o1", "PUT", CallerLane, Ended, FailedOp)), tx.InsertOperation(operation("o2", "PATCH", CallerLane, Active, "")))
		})
		shown := ShownCluster{Cluster: documentOf(t, c), Job: documentOf(t, job), Key: "wordcount", ETag: c.ETag, SeenAt: job.SeenAt,
			Newest: OperationHead{Verb: "PATCH", State: Active}, ActiveVerb: "PATCH"}
		same(t, "while an operation is active", []ShownCluster{shown}, read())
		same(t, "alone", shown, get(t, s, func(tx *Tx) (ShownCluster, error) {
			return tx.ShownCluster(c.Ref, CallerLane, []string{"PUT", "PATCH"})
		}))

		c.Phase = cluster.Stopped
		change(t, s, nil, func(tx *Tx) error {
			return first(tx.SaveCluster(c), tx.ForceOperation(operation("o2", "PATCH", CallerLane, Ended, Succeeded)), tx.SaveVersion(cluster.Version{JobUID: "j1", Number: 2, Flink: "2.3.0"}),
				tx.InsertOperation(operation("o3", "POST", CallerLane, Active, "")))
		})
		shown.Cluster, shown.Flink, shown.ActiveVerb = documentOf(t, c), "2.3.0", "POST"
		shown.Newest = OperationHead{Verb: "PATCH", State: Ended, Outcome: Succeeded, Turn: 1}
		same(t, "after it", []ShownCluster{shown}, read())
		refused(t, s, "a cluster that is not there", ErrNotFound, func(tx *Tx) error {
			_, err := tx.ShownCluster(cluster.Ref{PoolRef: c.Ref.PoolRef, Name: "none"}, CallerLane, nil)
			return err
		})
	})
}

// documentOf is v as it is stored.
func documentOf[T any](t *testing.T, v T) Document[T] {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := Document[T](text)
	if back, err := d.Decode(); err != nil || !cmp.Equal(back, v) {
		t.Fatalf("%s is read as %+v (%v), want %+v", d, back, err, v)
	}
	return d
}

func TestNamesAreOrderedByTheirBytes(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		names := []string{"a-b", "a_b", "aa", "ab_", "abc"} // by the rules of languages a_b is before a-b
		change(t, s, nil, func(tx *Tx) error {
			err := tx.DeleteCluster("c1")
			for _, name := range names {
				err = first(err, tx.InsertCluster(aCluster(name, name)))
			}
			return err
		})
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page := get(t, s, func(tx *Tx) ([]cluster.Cluster, error) { return tx.Clusters("p1", after, 1) })
			if len(page) == 0 {
				break
			}
			got = append(got, page[0].Ref.Name)
		}
		same(t, "page after page", names, got)
	})
}

func TestADeletedClusterTakesItsJobAndVersionsWithIt(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		version := cluster.Version{JobUID: "j1", Number: 1}
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error {
			return first(
				tx.InsertVersion(version),
				tx.InsertIncarnation(anIncarnation("i1", "j1", cluster.Live)),
				tx.InsertTrigger(aTrigger("t1", "j1", "i1", cluster.TriggerOpen)),
				tx.PutSavepoint(aSavepoint("t1", "j1", "abfs://a", noon), "c1", "p1"),
				tx.InsertOperation(anOperation("o1", "j1", Active)),
			)
		})
		change(t, s, Scope{ClusterRow("c1"), JobRow("j1")}, func(tx *Tx) error { return tx.DeleteCluster("c1") })
		read(t, s, func(tx *Tx) error {
			if _, err := tx.Job("j1"); !isNotFound(err) {
				t.Errorf("the job: got %v, want ErrNotFound", err)
			}
			if _, err := tx.Version("j1", 1); !isNotFound(err) {
				t.Errorf("the version: got %v, want ErrNotFound", err)
			}
			_, err1 := tx.Incarnation("i1")
			_, err2 := tx.Trigger("t1")
			_, err3 := tx.Savepoint("t1")
			_, err4 := tx.Operation("o1")
			return first(err1, err2, err3, err4)
		})
	})
}

func TestJobsAreStoredAndTouched(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		j1, j2 := aJob("j1", "c1"), aJob("j2", "c2")
		change(t, s, nil, func(tx *Tx) error { return first(tx.InsertCluster(aCluster("c2", "two")), tx.InsertJob(j2)) })
		j1.Name, j1.Goal = "renamed", 9
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error { return tx.SaveJob(j1) })
		same(t, "of the cluster", j1, get(t, s, func(tx *Tx) (cluster.Job, error) { return tx.JobOf("c1") }))
		same(t, "by uid", j2, get(t, s, func(tx *Tx) (cluster.Job, error) { return tx.Job("j2") }))

		seen := noon.Add(2 * time.Hour)
		change(t, s, Scope{Target("here")}, func(tx *Tx) error {
			return first(tx.TouchJobs(nil, noon), tx.TouchJobs([]string{"j1", "gone"}, seen), tx.SaveJob(j1))
		})
		j1.SeenAt = seen
		same(t, "touched, then saved with the time before", j1, get(t, s, func(tx *Tx) (cluster.Job, error) { return tx.Job("j1") }))
		same(t, "not touched", j2, get(t, s, func(tx *Tx) (cluster.Job, error) { return tx.Job("j2") }))

		twin := aJob("j3", "c2")
		twin.RunID = j1.RunID
		refused(t, s, "a run id that is taken", ErrExists, func(tx *Tx) error { return tx.InsertJob(twin) })
	})
}

func TestVersionsAreListedNewestFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		v1, v2 := filled[cluster.Version](), filled[cluster.Version]()
		v1.JobUID, v1.Number, v2.JobUID, v2.Number = "j1", 1, "j1", 2
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error { return first(tx.InsertVersion(v1), tx.InsertVersion(v2)) })
		v1.State, v1.JarSHA256 = cluster.Frozen, "abc"
		change(t, s, Scope{JobRow("j1")}, func(tx *Tx) error { return tx.SaveVersion(v1) })
		same(t, "one", v1, get(t, s, func(tx *Tx) (cluster.Version, error) { return tx.Version("j1", 1) }))
		same(t, "all", []cluster.Version{v2, v1}, get(t, s, func(tx *Tx) ([]cluster.Version, error) { return tx.Versions("j1") }))
		refused(t, s, "a number that is taken", ErrExists, func(tx *Tx) error { return tx.InsertVersion(v2) })
	})
}

func TestAuditIsListedNewestFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.open(t)
		a1, a2 := filled[AuditRow](), filled[AuditRow]()
		a1.RequestID, a2.RequestID, a2.At = "1", "2", noon.Add(-time.Hour) // the clock went back
		change(t, s, nil, func(tx *Tx) error { return first(tx.AddAudit(a1), tx.AddAudit(a2)) })
		same(t, "all", []AuditRow{a2, a1}, get(t, s, func(tx *Tx) ([]AuditRow, error) { return tx.Audit(0) }))
		same(t, "the last", []AuditRow{a2}, get(t, s, func(tx *Tx) ([]AuditRow, error) { return tx.Audit(1) }))
	})
}
