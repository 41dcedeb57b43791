package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
)

func TestClustersAndOpenOperationsAreCounted(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		change(t, s, nil, func(tx *Tx) error {
			var errs []error
			for i, phase := range []cluster.Phase{cluster.Running, cluster.Running, cluster.Failed} {
				c := aCluster(string(rune('x'+i)), "c"+string(rune('x'+i)))
				c.Phase, c.DeploymentID = phase, c.UID
				errs = append(errs, tx.InsertCluster(c))
			}
			errs = append(errs, tx.InsertOperation(anOperation("o1", "j1", Active)), tx.InsertOperation(anOperation("o2", "j1", Waiting)),
				tx.InsertOperation(anOperation("o3", "j1", Ended)))
			return first(errs...)
		})
		want := get(t, s, func(tx *Tx) (map[string]int, error) {
			all, err := tx.AllClusters()
			n := map[string]int{}
			for _, c := range all {
				n[string(c.Phase)]++
			}
			return n, err
		})
		if got := get(t, s, (*Tx).ClusterPhases); !cmp.Equal(got, want) || got["Running"] < 2 || got["Failed"] < 1 {
			t.Errorf("clusters: got %v, want %v", got, want)
		}
		if got := get(t, s, (*Tx).OpenOperationStates); !cmp.Equal(got, map[string]int{"Active": 1, "Waiting": 1}) {
			t.Errorf("operations: got %v", got)
		}
	})
}

func TestEachCommitIsTold(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		var told []error
		s.OnCommit(func(_ time.Duration, err error) { told = append(told, err) })
		change(t, s, nil, func(tx *Tx) error { return tx.SetMeta("a", "b") })
		no := errors.New("no")
		if err := s.Change(t.Context(), nil, func(*Tx) error { return no }); !errors.Is(err, no) {
			t.Fatal(err)
		}
		if len(told) != 1 || told[0] != nil {
			t.Errorf("told %v; one commit was made, the other change was not to be", told)
		}
	})
}
