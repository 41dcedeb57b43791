package simtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
	"drey/internal/store"
)

// trial is one way to an operation of a kind: what must be there before, what brings it about, and where all is afterwards.
type trial struct {
	kind    string
	before  []event
	ask     event
	phase   cluster.Phase // afterwards; "": the cluster is gone, or there never was one
	version int           // that runs
	// settles are the phases that it may leave if it fails for good (docs/decisions/0001).
	settles []cluster.Phase
}

var (
	declares = create(2)
	stops    = runs("c2", cluster.RunJob{Action: cluster.ActionStop})
	updates  = runs("c2", cluster.RunJob{Action: cluster.ActionUpdate, Args: ptr("two")})
	other    = pools(true)
	running  = []cluster.Phase{cluster.Running}
	either   = []cluster.Phase{cluster.Running, cluster.Failed}
)

// trials are all of them by what they are; every kind has one.
var trials = map[string]trial{
	"create":                     {cluster.KindCreate, nil, declares, cluster.Running, 1, []cluster.Phase{cluster.Failed}},
	"start":                      {cluster.KindStart, []event{declares, stops}, runs("c2", cluster.RunJob{Action: cluster.ActionStart}), cluster.Running, 1, []cluster.Phase{cluster.Failed}},
	"stop":                       {cluster.KindStop, []event{declares}, stops, cluster.Stopped, 0, []cluster.Phase{cluster.Running, cluster.Stopped, cluster.Failed}},
	"savepoint":                  {cluster.KindSavepoint, []event{declares}, runs("c2", cluster.RunJob{Action: cluster.ActionSavepoint}), cluster.Running, 1, running},
	"update from a savepoint":    {cluster.KindUpdate, []event{declares}, updates, cluster.Running, 2, either},
	"update from the last state": {cluster.KindLastStateUpdate, []event{declares}, runs("c2", cluster.RunJob{Action: cluster.ActionLastStateUpdate, Args: ptr("two")}), cluster.Running, 2, either},
	"update without state":       {cluster.KindStatelessUpdate, []event{declares}, runs("c2", cluster.RunJob{Action: cluster.ActionStatelessUpdate, Args: ptr("two")}), cluster.Running, 2, either},
	"update, cold":               {cluster.KindUpdate, []event{declares}, changes("c2", "warm=false", "", cold), cluster.Running, 2, either},
	"rescale in place":           {cluster.KindUpdate, []event{declares, changes("c2", "parallelism 1", "", parallel(1))}, changes("c2", "parallelism 2", "", parallel(2)), cluster.Running, 3, either},
	"rollback":                   {cluster.KindUpdate, []event{declares, updates}, rollsBack("c2", 1, false), cluster.Running, 1, either},
	"rollback to a savepoint":    {cluster.KindUpdate, []event{declares, updates}, rollsBack("c2", 1, true), cluster.Running, 1, either},
	"a new version that fails":   {cluster.KindUpdate, []event{declares}, runs("c2", cluster.RunJob{Action: cluster.ActionUpdate, Configuration: conf(fake.Key, "trouble=restore")}), cluster.Running, 1, either},
	"relaunch":                   {cluster.KindRelaunch, []event{declares}, runs("c2", cluster.RunJob{Action: cluster.ActionRelaunch}), cluster.Running, 1, either},
	"cancel":                     {cluster.KindCancel, []event{declares}, runs("c2", cluster.RunJob{Action: cluster.ActionCancel}), cluster.Stopped, 0, []cluster.Phase{cluster.Running, cluster.Stopped}},
	"delete":                     {cluster.KindDelete, []event{declares}, removes("c2"), "", 0, []cluster.Phase{cluster.Deleting}},
	"recovery":                   {cluster.KindRecover, []event{declares}, ends("JobManager killed", "c2", runtime.JobManager), cluster.Running, 1, either},
	"replacement":                {cluster.KindReplace, []event{declares}, ends("TaskManager killed", "c2", runtime.TaskManager), cluster.Running, 1, either},
	"the end of a bounded job":   {"job.retire", nil, bounded(), cluster.Stopped, 0, []cluster.Phase{cluster.Running, cluster.Stopped}},
	"create of a pool":           {"pool.create", nil, other, "", 0, nil},
	"change of a pool":           {"pool.update", []event{other}, retagged(), "", 0, nil},
	"delete of a pool":           {"pool.delete", []event{other}, pools(false), "", 0, nil},
}

func cold(s *cluster.Spec) { confOf(s, map[string]string{"drey.update.warm": "false"}) }

func parallel(n int) func(*cluster.Spec) {
	return func(s *cluster.Spec) {
		confOf(s, map[string]string{"jobmanager.scheduler": "adaptive", "parallelism.default": fmt.Sprint(n), "taskmanager.numberOfTaskSlots": "4"})
	}
}

func bounded() event {
	return event{Name: "c2 PUT of a bounded job", do: func(p *play) {
		p.call("c2 PUT", func(s *server, c lifecycle.Caller) (string, error) {
			spec := caseOf(2)
			spec.Properties.Profile.Flink.Configuration[fake.Key] = "run=3s"
			_, op, err := s.PutCluster(s.Context(), c, named("c2"), cluster.ByOurPut, spec, lifecycle.Conditions{})
			return op.ID, err
		})
		time.Sleep(5 * time.Second) // until it has ended
	}}
}

func retagged() event {
	at := cluster.PoolRef{Subscription: pool.Subscription, Group: pool.Group, Pool: "other"}
	return event{Name: "pool PATCH", do: func(p *play) {
		p.call("pool PATCH", func(s *server, c lifecycle.Caller) (string, error) {
			_, op, err := s.PatchPool(s.Context(), c, at, func(old cluster.Pool) (cluster.PoolSpec, error) {
				spec := old.Spec()
				spec.Tags = map[string]string{"a": "b"}
				return spec, nil
			}, lifecycle.Conditions{})
			return op.ID, err
		})
	}}
}

// outcome is what became of a trial.
type outcome struct {
	commits, effects, asked int
	ops                     []store.Operation // of its kind, newest first, when all had settled
}

// try makes a trial in a bubble of its own. meet brings about what happens meanwhile; it is told the server that is asked.
func try(t *testing.T, name string, meet func(*play, *server)) (o outcome) {
	t.Helper()
	tr := trials[name]
	synctest.Test(t, func(t *testing.T) {
		p := raise(t, schedule{Events: append(slices.Clone(tr.before), tr.ask)})
		p.settle()
		for _, e := range tr.before {
			e.do(p)
			p.settle()
		}
		s := p.server()
		s.seam.arm(&fate{})
		before := p.weather.soFar()
		meet(p, s)
		tr.ask.do(p)
		p.settle()
		o.commits, o.effects = s.seam.soFar()
		o.asked = p.weather.soFar() - before
		p.retry()
		p.calm()
		p.books.read(func(tx *store.Tx) (err error) {
			o.ops, err = tx.Operations(store.Filter{Kind: tr.kind})
			return err
		})
		p.judge.quiet(false)
		p.check(name, o.ops)
		p.fall()
		p.counts.Schedules = 0
		total.add(p.counts)
	})
	return o
}

// retry makes the newest request again if it was never answered, as a client does.
func (p *play) retry() {
	if n := len(p.asked); n > 0 && p.asked[n-1].op == "" {
		p.again(n - 1)
		p.settle()
	}
}

// settle waits until nothing is at work.
func (p *play) settle() {
	for calm := 0; calm < 3; {
		time.Sleep(500 * time.Millisecond)
		all, open := p.judge.rest()
		calm++
		if len(open) > 0 || p.server() == nil || slices.ContainsFunc(all, func(s state) bool { return s.Phase == cluster.Running && p.broken(s) }) {
			calm = 0
		}
	}
}

// broken says that the watcher has yet to see that something ended.
func (p *play) broken(s state) bool {
	for _, inc := range s.Incarnations {
		if inc.Phase != cluster.Live {
			continue
		}
		if !p.ledger.counting()[inc.FlinkJobID] {
			return true
		}
		seen, err := p.runtime.Observe(p.Context(), runtime.IncarnationID(inc.ID))
		return err == nil && slices.ContainsFunc(seen.Processes, func(q runtime.ProcessStatus) bool { return q.State == runtime.Exited })
	}
	return false
}

// check holds where all is against where the trial is to lead.
func (p *play) check(name string, ops []store.Operation) {
	tr := trials[name]
	all, _ := p.judge.rest()
	got, version := cluster.Phase(""), 0
	for _, s := range all {
		got, version = s.Phase, s.Job.RunningVersion
	}
	if got != tr.phase || version != tr.version {
		p.judge.violated("I10", "%s: the cluster is %q with version %d, want %q with %d", name, got, version, tr.phase, tr.version)
	}
	if len(ops) == 0 {
		p.judge.violated("I10", "%s: there was no %s", name, tr.kind)
	}
	if at := strings.HasPrefix(name, "a new version that fails"); len(ops) > 0 && (ops[0].Outcome == store.Succeeded) == at {
		p.judge.violated("I10", "%s: it ended %s", name, ops[0].Outcome)
	}
}
