package store

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// insert adds operations, the oldest first.
func insert(t *testing.T, s *Store, ops ...Operation) {
	t.Helper()
	change(t, s, nil, func(tx *Tx) error {
		for _, op := range ops {
			if err := tx.InsertOperation(op); err != nil {
				return err
			}
		}
		return nil
	})
}

// ids gives the ids of operations, in one word.
func ids(ops []Operation) string {
	var all []string
	for _, op := range ops {
		all = append(all, op.ID)
	}
	return strings.Join(all, " ")
}

func TestAnOperationIsSavedOnlyUnderTheFence(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		for why, tt := range map[string]struct {
			other func(tx *Tx, op Operation) error // what somebody else did since the worker read the operation
			epoch int64
			want  error
			turn  int64 // that the worker believes in
		}{
			"nothing happened":                 {nil, 1, nil, 0},
			"the target has a new owner":       {func(tx *Tx, _ Operation) error { return tx.PutTarget(TargetRow{Name: "here", Epoch: 2}) }, 1, ErrFenced, 0},
			"the epoch is not the target's":    {nil, 2, ErrFenced, 0},
			"another worker took the turn":     {func(tx *Tx, op Operation) error { return tx.SaveOperation(op, 1) }, 1, ErrFenced, 0},
			"it was forced":                    {func(tx *Tx, op Operation) error { return tx.ForceOperation(op) }, 1, ErrFenced, 0},
			"it was superseded":                {func(tx *Tx, op Operation) error { op.State = Ended; return tx.ForceOperation(op) }, 1, ErrFenced, 0},
			"it waits":                         {func(tx *Tx, op Operation) error { op.State = Waiting; return tx.ForceOperation(op) }, 1, ErrFenced, 0},
			"it waits, and its turn is known":  {func(tx *Tx, op Operation) error { op.State = Waiting; return tx.ForceOperation(op) }, 1, ErrFenced, 1},
			"it ended, and its turn is known":  {func(tx *Tx, op Operation) error { op.State = Ended; return tx.SaveOperation(op, 1) }, 1, ErrFenced, 1},
			"it is gone":                       {func(tx *Tx, _ Operation) error { _, err := tx.exec("DELETE FROM operation"); return err }, 1, ErrFenced, 0},
			"only the owner renewed its claim": {func(tx *Tx, _ Operation) error { return tx.PutTarget(TargetRow{Name: "here", Epoch: 1}) }, 1, nil, 0},
		} {
			t.Run(why, func(t *testing.T) {
				t.Parallel()
				s := db.seeded(t)
				op := anOperation("o1", "j1", Active)
				insert(t, s, op)
				if tt.other != nil {
					change(t, s, nil, func(tx *Tx) error { return tt.other(tx, op) })
				}
				op.Turn, op.Step, op.Facts = tt.turn, "bury", []byte(`{"done":true}`)
				err := s.Change(t.Context(), Scope{JobRow("j1")}, func(tx *Tx) error {
					return first(tx.SetMeta("k", "1"), tx.SaveOperation(op, tt.epoch))
				})
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if stored := meta(t, s, "k") == "1"; stored != (tt.want == nil) {
					t.Errorf("the rest of the change was stored: %v", stored)
				}
				if tt.want == nil {
					op.Turn = 1
					same(t, "saved", op, get(t, s, func(tx *Tx) (Operation, error) { return tx.Operation("O1") }))
				}
			})
		}
	})
}

func TestOfManyWorkersOneTakesTheTurn(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		op := anOperation("o1", "j1", Active)
		insert(t, s, op)
		var workers sync.WaitGroup
		var took atomic.Int64
		for range 32 {
			workers.Go(func() {
				err := s.Change(bounded(t), Scope{OperationRow("o1")}, func(tx *Tx) error { return tx.SaveOperation(op, 1) })
				switch {
				case err == nil:
					took.Add(1)
				case !errors.Is(err, ErrFenced):
					t.Error(err)
				}
			})
		}
		workers.Wait()
		if took.Load() != 1 {
			t.Errorf("%d workers took the turn", took.Load())
		}
	})
}

func TestASubjectHasOneActiveOperation(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		old, next := anOperation("o1", "j1", Active), anOperation("o2", "j1", Waiting)
		insert(t, s, old, next, anOperation("o3", "j2", Active))
		refused(t, s, "a second Active one", ErrExists, func(tx *Tx) error { return tx.InsertOperation(anOperation("o4", "j1", Active)) })
		next.State = Active
		refused(t, s, "made Active too early", ErrExists, func(tx *Tx) error { return tx.ForceOperation(next) })
		old.State, old.Outcome, old.EndedAt, old.SupersededBy = Ended, CanceledOp, noon, "o2"
		change(t, s, Scope{OperationRow("o1"), OperationRow("o2")}, func(tx *Tx) error {
			return first(tx.ForceOperation(old), tx.ForceOperation(next))
		})
		old.Turn, next.Turn = 1, 1
		same(t, "the active one", next, get(t, s, func(tx *Tx) (Operation, error) { return tx.ActiveOperation("j1") }))
		same(t, "the superseded one", old, get(t, s, func(tx *Tx) (Operation, error) { return tx.Operation("o1") }))
		open := get(t, s, func(tx *Tx) ([]Operation, error) { return tx.OpenOperations("here") })
		same(t, "open ones", "o2 o3", ids(open))
		heads := get(t, s, func(tx *Tx) ([]OpenHead, error) { return tx.OpenHeads("here") })
		same(t, "their heads", []OpenHead{{"o2", "j1", Active}, {"o3", "j2", Active}}, heads)
	})
}

func TestAnOperationWithoutFactsHasNone(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		insert(t, s, Operation{ID: "O1", Target: "here"})
		same(t, "stored", Operation{ID: "o1", Target: "here"}, get(t, s, func(tx *Tx) (Operation, error) { return tx.Operation("o1") }))
	})
}

func TestOperationsAreChosenAndListedNewestFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		const pool = "/subscriptions/S/resourceGroups/G/providers/Microsoft.HDInsight/clusterpools/P"
		add := func(id, resource, verb string, lane Lane, state State) Operation {
			op := anOperation(id, id, state)
			op.ResourceID, op.Verb, op.Lane = resource, verb, lane
			return op
		}
		ops := []Operation{
			add("o1", pool, "PUT", CallerLane, Ended),
			add("o2", pool+"/clusters/Word", "PUT", CallerLane, Ended),
			add("o3", pool+"/clusters/Wordcount", "PUT", CallerLane, Ended),
			add("o4", pool+"/clusters/word", "POST", CallerLane, Ended),
			add("o5", pool+"/clusters/word", "", WatcherLane, Active),
			add("o6", pool+"2/clusters/word", "DELETE", CallerLane, Active),
		}
		for i := range ops {
			ops[i].CreatedAt = noon.Add(-time.Duration(i) * time.Hour) // the clock goes back
		}
		ops[3].Kind = "job.stop"
		insert(t, s, ops...)
		for why, tt := range map[string]struct {
			filter Filter
			want   string
		}{
			"all":                        {Filter{}, "o6 o5 o4 o3 o2 o1"},
			"of a cluster":               {Filter{ResourcePrefixKey: strings.ToUpper(pool) + "/clusters/WORD"}, "o5 o4 o2"},
			"of a pool and its clusters": {Filter{ResourcePrefixKey: pool + "/"}, "o5 o4 o3 o2 o1"},
			"of a kind":                  {Filter{Kind: "job.stop"}, "o4"},
			"in a state":                 {Filter{State: Active}, "o6 o5"},
			"all of these":               {Filter{ResourcePrefixKey: pool, State: Active}, "o5"},
			"first page":                 {Filter{Limit: 4}, "o6 o5 o4 o3"},
			"next page":                  {Filter{Limit: 4, Before: "O3"}, "o2 o1"},
		} {
			got := get(t, s, func(tx *Tx) ([]Operation, error) { return tx.Operations(tt.filter) })
			same(t, why, tt.want, ids(got))
		}
		newest := get(t, s, func(tx *Tx) (Operation, error) {
			return tx.NewestOf(strings.ToUpper(pool+"/clusters/word"), []string{"PUT", "PATCH", "DELETE"}, CallerLane)
		})
		same(t, "the newest PUT", ops[1], newest)
		newest = get(t, s, func(tx *Tx) (Operation, error) { return tx.NewestOf(pool+"/clusters/word", []string{""}, WatcherLane) })
		same(t, "the watcher's newest", ops[4], newest)
		newest = get(t, s, func(tx *Tx) (Operation, error) { return tx.NewestOfKinds(pool+"/clusters/WORD", "job.stop", "none") })
		same(t, "the newest of two kinds", ops[3], newest)
	})
}

func TestOperationsAreFoundByWhatTheClientSent(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		var ops []Operation
		for i, id := range []string{"o1", "o2", "o3", "o4"} {
			op := anOperation(id, id, Active)
			op.Principal, op.ClientRequestID, op.ClientToken = "ann", "request", "token"
			op.CreatedAt = noon.Add(time.Duration(i) * time.Minute)
			ops = append(ops, op)
		}
		ops[1].RequestHash = "another body"
		ops[2].Principal = "bob"
		ops[3].ClientRequestID, ops[3].ClientToken = "", ""
		insert(t, s, ops...)
		request := func(id string, since time.Time) string {
			return ids(get(t, s, func(tx *Tx) ([]Operation, error) { return tx.ByClientRequest("ann", id, since) }))
		}
		same(t, "by request id", "o2 o1", request("request", noon))
		same(t, "by request id, lately", "o2", request("request", noon.Add(1)))
		same(t, "by request id, too late", "", request("request", noon.Add(time.Hour)))
		same(t, "by no request id", "", request("", noon))
		same(t, "by token", ops[1], get(t, s, func(tx *Tx) (Operation, error) { return tx.ByClientToken("ann", "token", noon) }))
		read(t, s, func(tx *Tx) error {
			for token, since := range map[string]time.Time{"token": noon.Add(time.Hour), "": noon, "other": noon} {
				if op, err := tx.ByClientToken("ann", token, since); !isNotFound(err) {
					t.Errorf("by token %q since %v: got %s (%v), want ErrNotFound", token, since, op.ID, err)
				}
			}
			return nil
		})
	})
}

func TestOldOperationsGoButTheNewestOfWhatExistsStay(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		wordcount, pool := aCluster("c1", "Wordcount").Ref.ID(), aPool("p1", "Orders").Ref.ID()
		add := func(id, clusterUID, resource, verb, kind string, lane Lane, ended time.Time) Operation {
			op := anOperation(id, id, Ended)
			op.ClusterUID, op.ResourceID, op.Verb, op.Kind, op.Lane, op.EndedAt = clusterUID, resource, verb, kind, lane, ended
			return op
		}
		old, recent := noon.Add(-time.Hour), noon.Add(time.Hour)
		active := anOperation("stays-active", "j1", Active)
		active.EndedAt = time.Time{}
		insert(t, s,
			add("goes-1", "c1", wordcount, "PUT", "create", CallerLane, old),
			add("stays-1", "c1", wordcount, "PUT", "create", CallerLane, old),
			add("goes-2", "c1", wordcount, "POST", "job.stop", CallerLane, old),
			add("stays-2", "c1", wordcount, "POST", "job.stop", CallerLane, old),
			add("stays-3", "c1", wordcount, "POST", "job.start", CallerLane, old),
			add("stays-4", "c1", wordcount, "", "recover", WatcherLane, old),
			add("goes-3", "", pool, "PUT", "pool", CallerLane, old),
			add("stays-5", "", pool, "PUT", "pool", CallerLane, old),
			add("goes-4", "gone", wordcount+"-2", "DELETE", "delete", CallerLane, old),
			add("stays-6", "gone", wordcount+"-2", "DELETE", "delete", CallerLane, recent),
			active,
		)
		change(t, s, nil, func(tx *Tx) error {
			if err := tx.AddLine("goes-1", noon, "s", "text"); err != nil {
				return err
			}
			n, err := tx.DeleteOperationsEndedBefore(noon)
			same(t, "deleted", 4, n)
			return err
		})
		left := strings.Fields(ids(get(t, s, func(tx *Tx) ([]Operation, error) { return tx.Operations(Filter{}) })))
		slices.Sort(left)
		same(t, "left", []string{"stays-1", "stays-2", "stays-3", "stays-4", "stays-5", "stays-6", "stays-active"}, left)
		same(t, "its lines", nil, get(t, s, func(tx *Tx) ([]Line, error) { return tx.Lines("goes-1") }))
	})
}

func TestLinesAreNumberedPerOperation(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		insert(t, s, anOperation("o1", "j1", Active), anOperation("o2", "j2", Active))
		change(t, s, Scope{OperationRow("o1")}, func(tx *Tx) error {
			return first(tx.AddLine("O1", noon, "stop", "one"), tx.AddLine("o2", noon, "stop", "other"), tx.AddLine("o1", noon, "bury", "two"))
		})
		same(t, "lines", []Line{{1, noon, "stop", "one"}, {2, noon, "bury", "two"}}, get(t, s, func(tx *Tx) ([]Line, error) { return tx.Lines("O1") }))
		same(t, "lines of the other", []Line{{1, noon, "stop", "other"}}, get(t, s, func(tx *Tx) ([]Line, error) { return tx.Lines("o2") }))
	})
}
