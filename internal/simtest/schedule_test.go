package simtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
	"drey/internal/store"
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
	fake.Lies, fake.NoSavepoint, fake.Exits, fake.NoExecute, fake.OutOfMemory, fake.Fails}

// randomCall draws a call to a cluster; many of them are refused where the cluster is then.
func randomCall(rng *rand.Rand) event {
	n := rng.IntN(clusters)
	name := fmt.Sprintf("c%d", n)
	at := rng.IntN(1000)
	switch w := rng.IntN(100); {
	case w < 16:
		return runs(name, cluster.RunJob{Action: cluster.ActionUpdate, Args: ptr(fmt.Sprint(at))})
	case w < 24:
		t := troubles[rng.IntN(len(troubles))]
		e := runs(name, cluster.RunJob{Action: cluster.ActionUpdate, Configuration: conf(fake.Key, "trouble="+string(t)+",run=100ms")})
		return event{Name: e.Name + " trouble=" + string(t), do: func(p *play) {
			e.do(p)
			p.faultOf("trouble "+string(t), name)
		}}
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

// randomFault draws a fault.
func randomFault(rng *rand.Rand) event {
	name := fmt.Sprintf("c%d", rng.IntN(clusters))
	d := time.Duration(1+rng.IntN(7)) * time.Second
	n := 1 + rng.IntN(6)
	before := rng.IntN(2) == 0
	switch w := rng.IntN(100); {
	case w < 14:
		return killed("server killed at a commit", fate{Commit: n, Before: before}, 0)
	case w < 28:
		return killed("server killed at an effect", fate{Effect: n, Before: before}, 0)
	case w < 36:
		return killed("server killed, its successor late", fate{Commit: n, Before: before}, d)
	case w < 48:
		return ends("JobManager killed", name, runtime.JobManager)
	case w < 60:
		return ends("TaskManager killed", name, runtime.TaskManager)
	case w < 68:
		return unreachable("JobManager unreachable", name, d, false)
	case w < 74:
		return unreachable("JobManager slow", name, d, true)
	case w < 82:
		return event{Name: fmt.Sprintf("answers lost (%d)", n), do: func(p *play) {
			p.fault("answers lost")
			p.weather.mu.Lock()
			p.weather.lost += n
			p.weather.mu.Unlock()
		}}
	case w < 88:
		return event{Name: fmt.Sprintf("storage gone for %v", d), do: func(p *play) {
			p.fault("storage gone")
			p.storageGone(true)
			time.AfterFunc(d, func() { p.storageGone(false) })
		}}
	case w < 94:
		return event{Name: fmt.Sprintf("disk full for %v", d), do: func(p *play) {
			p.fault("disk full")
			p.weather.mu.Lock()
			p.weather.fullTo = time.Now().Add(d)
			p.weather.mu.Unlock()
		}}
	}
	return twoServers(3*time.Second + d)
}

// killed lets the server die at a moment that is to come.
func killed(what string, f fate, late time.Duration) event {
	return event{Name: fmt.Sprintf("%s: %+v, %v", what, f, late), do: func(p *play) {
		s := p.server()
		if s == nil {
			return
		}
		p.fault(what)
		p.counts.Kills++
		p.mu.Lock()
		p.late = late
		p.mu.Unlock()
		s.seam.arm(&f)
	}}
}

// ends ends processes of the incarnation that a cluster has, as kill -9 does.
func ends(what, name string, role runtime.Role) event {
	return event{Name: name + " " + what, do: func(p *play) {
		id := p.incarnation(name)
		if id == "" {
			return
		}
		p.faultOf(what, name)
		p.judge.hurt(id)
		_ = p.runtime.Kill(p.Context(), id, role)
	}}
}

func unreachable(what, name string, d time.Duration, slow bool) event {
	return event{Name: fmt.Sprintf("%s %s for %v", name, what, d), do: func(p *play) {
		if id := p.incarnation(name); id != "" {
			p.faultOf(what, name)
			p.weather.hide(id, d, slow)
		}
	}}
}

// faultOf notes a fault that meets the operation on one cluster.
func (p *play) faultOf(what, name string) {
	p.counts.Faults++
	p.judge.log("FAULT %s %s", what, name)
	p.books.read(func(tx *store.Tx) error {
		cl, err := tx.Cluster(named(name))
		if err != nil {
			return nil
		}
		job, err := tx.JobOf(cl.UID)
		if err != nil {
			return err
		}
		if op, err := tx.ActiveOperation(job.UID); err == nil {
			p.meet(op.Kind, what)
		}
		return nil
	})
}

// twoServers lets the server stand still, another one come, and the first go on late.
func twoServers(still time.Duration) event {
	return event{Name: fmt.Sprintf("the server stands still for %v, and another one comes", still), do: func(p *play) {
		old := p.server()
		if old == nil {
			return
		}
		p.fault("two servers")
		thaw := old.seam.freeze()
		p.handOver()
		time.AfterFunc(still, func() {
			thaw()
			time.AfterFunc(6*time.Second, old.seam.die)
		})
	}}
}
