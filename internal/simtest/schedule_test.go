package simtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
)

// schedule is who does what when, from a seed. Ids and the order of goroutines are not of it: a seed gives the same calls and faults at the
// same moments, and nearly the same story.
type schedule struct {
	Seed   uint64
	Long   bool // the quiet phase lasts ten minutes
	Events []event
}

type event struct {
	At   time.Duration
	Name string
	do   func(*play)
}

const (
	clusters   = 3
	leastCalls = 8
	most       = 16 * time.Second // until the last call
)

// draw makes the schedule of a seed.
func draw(seed uint64) schedule {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := schedule{Seed: seed, Long: seed%200 == 0}
	for n := range clusters {
		s.add(time.Duration(rng.IntN(500))*time.Millisecond, create(n))
	}
	var moments []time.Duration
	for range leastCalls - clusters + rng.IntN(6) {
		at := time.Second + time.Duration(rng.Int64N(int64(most)))
		moments = append(moments, at)
		s.add(at, randomCall(rng))
	}
	for range 2 + rng.IntN(3) { // near calls, where most is at work
		at := moments[rng.IntN(len(moments))] + time.Duration(rng.IntN(1500))*time.Millisecond
		s.add(at, randomFault(rng))
	}
	if rng.IntN(2) == 0 {
		scenes[rng.IntN(len(scenes))](&s, rng)
	}
	slices.SortStableFunc(s.Events, func(a, b event) int { return int(a.At - b.At) })
	return s
}

func (s *schedule) add(at time.Duration, e event) {
	e.At = at
	s.Events = append(s.Events, e)
}

func create(n int) event {
	name := fmt.Sprintf("c%d", n)
	return event{Name: name + " PUT", do: func(p *play) {
		p.call(name+" PUT", func(s *server, c lifecycle.Caller) (string, error) {
			_, op, err := s.PutCluster(s.Context(), c, named(name), cluster.ByOurPut, caseOf(n), lifecycle.Conditions{})
			return op.ID, err
		})
	}}
}

// troubles of a new version, and of the one that runs.
var troubles = []fake.Trouble{fake.ThrowsInMain, fake.NoRestore, fake.Loops, fake.LoopsLate, fake.NoCheckpoint, fake.HangsClosing, fake.Forgets,
	fake.Lies, fake.Tears, fake.Empties, fake.NoSavepoint, fake.Exits, fake.NoExecute, fake.OutOfMemory, fake.Fails}

// randomCall draws a call to a cluster; many of them are refused where the cluster is then.
func randomCall(rng *rand.Rand) event {
	n := rng.IntN(clusters)
	name := fmt.Sprintf("c%d", n)
	at := rng.IntN(1000)
	switch w := rng.IntN(100); {
	case w < 16:
		return runs(name, cluster.RunJob{Action: cluster.ActionUpdate, Args: ptr(fmt.Sprint(at))})
	case w < 24:
		return troubled(name, cluster.ActionUpdate, troubles[rng.IntN(len(troubles))], 100*time.Millisecond)
	case w < 32:
		return runs(name, cluster.RunJob{Action: cluster.ActionLastStateUpdate, Args: ptr(fmt.Sprint(at))})
	case w < 37:
		return runs(name, cluster.RunJob{Action: cluster.ActionStatelessUpdate, Args: ptr(fmt.Sprint(at))})
	case w < 45:
		return runs(name, cluster.RunJob{Action: cluster.ActionStop})
	case w < 53:
		return runs(name, cluster.RunJob{Action: cluster.ActionStart})
	case w < 60:
		return runs(name, cluster.RunJob{Action: cluster.ActionSavepoint})
	case w < 67:
		return runs(name, cluster.RunJob{Action: cluster.ActionRelaunch})
	case w < 69:
		return runs(name, cluster.RunJob{Action: cluster.ActionCancel})
	case w < 70:
		return runs(name, cluster.RunJob{Action: cluster.ActionListSavepoint})
	case w < 73:
		return removes(name)
	case w < 75:
		return create(n)
	case w < 80:
		return changes(name, "memory", "", func(s *cluster.Spec) { s.Properties.Profile.Flink.TaskManager.MemoryMB = int64(2000 + at) })
	case w < 85:
		return changes(name, "parallelism", "", func(s *cluster.Spec) {
			confOf(s, map[string]string{"jobmanager.scheduler": "adaptive", "parallelism.default": fmt.Sprint(1 + at%4), "taskmanager.numberOfTaskSlots": "4"})
		})
	case w < 87:
		return changes(name, "nothing", "", func(*cluster.Spec) {})
	case w < 88:
		return changes(name, "with a stale ETag", "stale", func(s *cluster.Spec) { s.Tags = map[string]string{"a": "b"} })
	case w < 93:
		return rollsBack(name, at%3+1, false)
	case w < 95:
		return rollsBack(name, at%3+1, true)
	case w < 97:
		return pools(at%2 == 0)
	}
	return event{Name: fmt.Sprintf("an earlier request again (%d)", at), do: func(p *play) { p.again(at) }}
}

func ptr(s string) *string { return &s }

func runs(name string, r cluster.RunJob) event {
	what := name + " " + string(r.Action)
	return event{Name: what, do: func(p *play) {
		p.call(what, func(s *server, c lifecycle.Caller) (string, error) {
			op, err := s.RunJob(s.Context(), c, named(name), r)
			return op.ID, err
		})
	}}
}

// troubled asks for a version with a trouble, which may show itself after a while.
func troubled(name string, action cluster.Action, t fake.Trouble, after time.Duration) event {
	e := runs(name, cluster.RunJob{Action: action, Configuration: conf(fake.Key, fmt.Sprintf("trouble=%s,run=%v", t, after))})
	return event{Name: e.Name + " trouble=" + string(t), do: func(p *play) {
		e.do(p)
		p.faultOf("trouble "+string(t), name)
	}}
}

func removes(name string) event {
	return event{Name: name + " DELETE", do: func(p *play) {
		p.call(name+" DELETE", func(s *server, c lifecycle.Caller) (string, error) {
			op, err := s.DeleteCluster(s.Context(), c, named(name), nil, lifecycle.Conditions{})
			if op == nil {
				return "", err
			}
			return op.ID, err
		})
	}}
}

func changes(name, why, etag string, change func(*cluster.Spec)) event {
	what := name + " PATCH " + why
	return event{Name: what, do: func(p *play) {
		p.call(what, func(s *server, c lifecycle.Caller) (string, error) {
			_, op, err := s.PatchCluster(s.Context(), c, named(name), func(v lifecycle.ClusterView) (cluster.Spec, error) {
				spec := v.Spec
				change(&spec)
				return spec, nil
			}, lifecycle.Conditions{IfMatch: etag})
			return op.ID, err
		})
	}}
}

func rollsBack(name string, version int, toSavepoint bool) event {
	what := fmt.Sprintf("%s rollback to %d", name, version)
	if toSavepoint {
		what += " from its last savepoint"
	}
	return event{Name: what, do: func(p *play) {
		p.call(what, func(s *server, c lifecycle.Caller) (string, error) {
			from := ""
			if all, err := s.Savepoints(s.Context(), named(name)); toSavepoint && err == nil && len(all) > 0 {
				from = all[0].URI
			}
			op, err := s.Rollback(s.Context(), c, named(name), version, from)
			return op.ID, err
		})
	}}
}

// pools makes or removes another pool.
func pools(made bool) event {
	other := cluster.PoolRef{Subscription: pool.Subscription, Group: pool.Group, Pool: "other"}
	if !made {
		return event{Name: "pool DELETE", do: func(p *play) {
			p.call("pool DELETE", func(s *server, c lifecycle.Caller) (string, error) {
				op, err := s.DeletePool(s.Context(), c, other, lifecycle.Conditions{})
				if op == nil {
					return "", err
				}
				return op.ID, err
			})
		}}
	}
	return event{Name: "pool PUT", do: func(p *play) {
		p.call("pool PUT", func(s *server, c lifecycle.Caller) (string, error) {
			_, op, err := s.PutPool(s.Context(), c, other, otherPool, lifecycle.Conditions{})
			return op.ID, err
		})
	}}
}

var otherPool = cluster.PoolSpec{Location: target, VMSize: "Standard_D4s_v5", Version: "1.2"}
