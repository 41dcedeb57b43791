package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/store"
)

// Whoever kept what he made of a view takes it for that of each cluster of the same digest.
func TestViewsThatDifferHaveDigestsThatDiffer(t *testing.T) {
	t.Parallel()
	s := &Service{world: &world{Config{Domain: "localhost"}}}
	of := func(change func(*store.ShownCluster)) store.ShownCluster {
		row := store.ShownCluster{Cluster: `{"UID":"c","Phase":"Running"}`, Job: `{"UID":"j"}`, Flink: "2.3.0", Newest: store.OperationHead{Verb: "PUT", State: store.Ended, Outcome: store.Succeeded, Turn: 1}}
		change(&row)
		return row
	}
	all := map[string]store.ShownCluster{
		"as it is":             of(func(*store.ShownCluster) {}),
		"another document":     of(func(r *store.ShownCluster) { r.Cluster = `{"UID":"c","Phase":"Failed"}` }),
		"another Flink":        of(func(r *store.ShownCluster) { r.Flink = "2.2.1" }),
		"no Flink yet":         of(func(r *store.ShownCluster) { r.Flink = "" }),
		"the newest failed":    of(func(r *store.ShownCluster) { r.Newest.Outcome = store.FailedOp }),
		"the newest runs":      of(func(r *store.ShownCluster) { r.Newest.State, r.Newest.Outcome = store.Active, "" }),
		"it is being deleted":  of(func(r *store.ShownCluster) { r.Newest = store.OperationHead{Verb: "DELETE", State: store.Active} }),
		"one of before runs":   of(func(r *store.ShownCluster) { r.Newest.Turn, r.ActiveVerb = 0, "PUT" }),
		"seen another time":    of(func(r *store.ShownCluster) { r.SeenAt = r.SeenAt.AddDate(1, 0, 0) }),
		"another job":          of(func(r *store.ShownCluster) { r.Job = `{"UID":"j","Status":"RUNNING"}` }),
		"another newest, same": of(func(r *store.ShownCluster) { r.Newest.Turn = 7 }),
	}
	for nameA, a := range all {
		for nameB, b := range all {
			viewA, viewB := withoutJob(t, s, a), withoutJob(t, s, b)
			if alike := cmp.Equal(viewA, viewB); alike != (s.stored(a).Digest == s.stored(b).Digest) {
				t.Errorf("%s and %s: alike %v, and their digests say the opposite", nameA, nameB, alike)
			}
		}
	}
}

func withoutJob(t *testing.T, s *Service, row store.ShownCluster) ClusterView {
	t.Helper()
	v, err := s.stored(row).View()
	if err != nil {
		t.Fatal(err)
	}
	v.Job = cluster.Job{}
	return v
}

func TestADocumentThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	s := &Service{world: &world{Config{}}}
	for _, row := range []store.ShownCluster{{Cluster: "{", Job: "{}"}, {Cluster: "{}", Job: "{"}} {
		if v, err := s.stored(row).View(); err == nil {
			t.Errorf("it is shown as %+v", v)
		}
	}
}
