package simtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
	"drey/internal/store"
)

// play is one schedule while it is played: clients, faults, one server after the other, and the judge.
type play struct {
	*rig
	plan  schedule
	judge *judge
	books books
	began time.Time

	mu      sync.Mutex
	current *server       // nil: none lives
	late    time.Duration // how long the next one is waited for
	over    bool
	served  chan struct{} // closed when nobody serves any more
	yield   chan struct{} // the one that serves does not end, but another one comes
	olds    []*server
	ticked  chan struct{} // closed when the judge looks no more
	asked   []request
	counts  counts
}

// counts are what a run of schedules did.
type counts struct {
	Schedules, Calls, Accepted, Refused, Faults, Kills, Servers, Violations int
	Operations                                                              map[string]int            // ended, by kind and outcome
	Met                                                                     map[string]map[string]int // faults that met an operation, by kind
}

func newCounts() counts {
	return counts{Operations: map[string]int{}, Met: map[string]map[string]int{}}
}

// request is one that a client made, and may make again.
type request struct {
	name   string
	caller lifecycle.Caller
	do     func(*server, lifecycle.Caller) (string, error)
	op     string // that it was answered with; "": it was not
}

// perform plays a schedule to its end, and a quiet phase after it.
func perform(t *testing.T, plan schedule) counts {
	p := raise(t, plan)
	for _, e := range plan.Events {
		time.Sleep(time.Until(p.began.Add(e.At)))
		e.do(p)
	}
	p.calm()
	p.judge.quiet(plan.Long)
	p.fall()
	return p.counts
}

// raise begins a play: a server serves, the judge looks on.
func raise(t *testing.T, plan schedule) *play {
	return raiseIn(newRig(t, quick), plan)
}

// raiseIn is raise in a world that may be made otherwise before.
func raiseIn(r *rig, plan schedule) *play {
	t := r.T
	st, err := r.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &play{rig: r, plan: plan, books: books{st}, began: time.Now(), served: make(chan struct{}), ticked: make(chan struct{}), yield: make(chan struct{}),
		counts: newCounts()}
	p.counts.Schedules = 1
	r.weather.chance = rand.New(rand.NewPCG(plan.Seed, 1))
	p.judge = newJudge(p)
	r.ledger.onBegan(p.judge.began)
	go p.serving()
	go func() {
		defer close(p.ticked)
		for !p.done() {
			time.Sleep(time.Second)
			p.judge.tick()
		}
	}()
	return p
}

// fall ends a play, and lets the judge speak.
func (p *play) fall() {
	p.end()
	p.judge.verdict()
	_ = p.books.Close()
}

// end ends a play.
func (p *play) end() {
	p.mu.Lock()
	p.over = true
	s := p.current
	p.mu.Unlock()
	if s != nil {
		s.stop()
	}
	<-p.served
	p.mu.Lock()
	olds := p.olds
	p.mu.Unlock()
	for _, old := range olds {
		old.seam.die()
		<-old.ended
	}
	<-p.ticked
	p.counts.Violations = len(p.judge.found)
}

func (p *play) done() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// quick is a Flink that does not keep one waiting, but for a job that fails again and again.
var quick = func() fake.Behaviour {
	b := fake.All(50 * time.Millisecond)
	b.Restart = time.Second
	return b
}()

// serving lets one server live after the other.
func (p *play) serving() {
	defer close(p.served)
	for !p.done() {
		s, err := p.live(nil, p.judge.effect, p.judge.committed)
		if err != nil { // it could not come up: whoever supervises it tries again
			time.Sleep(time.Second)
			continue
		}
		p.mu.Lock()
		p.current = s
		p.counts.Servers++
		p.mu.Unlock()
		p.judge.came(s)
		select {
		case <-s.ended:
		case <-p.yield:
		}
		p.mu.Lock()
		if p.current == s {
			p.current = nil
		}
		late := p.late
		p.late = 0
		p.mu.Unlock()
		p.judge.went(s)
		time.Sleep(late)
	}
}

// handOver lets another server come while one lives on that serves.
func (p *play) handOver(old *server) {
	p.mu.Lock()
	p.olds = append(p.olds, old)
	p.mu.Unlock()
	select {
	case p.yield <- struct{}{}:
	case <-p.served:
	}
}

// server is the one that serves; nil: none.
func (p *play) server() *server {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// call lets a client make a request.
func (p *play) call(name string, do func(*server, lifecycle.Caller) (string, error)) {
	c := p.caller()
	c.ClientRequestID = "client-" + c.RequestID
	p.make(request{name: name, caller: c, do: do}, false)
}

// again lets a client make one of its requests once more, whatever became of it.
func (p *play) again(n int) {
	if len(p.asked) == 0 {
		return
	}
	r := p.asked[n%len(p.asked)]
	r.caller.RequestID = p.caller().RequestID
	p.make(r, true)
}

func (p *play) make(r request, again bool) {
	p.counts.Calls++
	s := p.server()
	for i := 0; s == nil && i < 40; i++ {
		time.Sleep(500 * time.Millisecond)
		s = p.server()
	}
	if s == nil {
		p.judge.log("%s: nobody answers", r.name)
		return
	}
	before := r.op
	id, err := r.do(s, r.caller)
	switch known := cluster.AsError(err); {
	case err == nil:
		p.counts.Accepted++
		p.judge.log("%s: accepted, %s", r.name, id)
		if again && before != "" && id != "" && id != before {
			p.judge.violated("I13", "%s was answered with operation %s, and repeated with %s", r.name, before, id)
		}
		r.op = id
		p.judge.accepted(r)
	case known != nil:
		p.counts.Refused++
		p.judge.log("%s: %s", r.name, known.Code)
	default:
		p.judge.log("%s: %v", r.name, err)
		if s.seam.still() == nil && s.seam.full() == nil && !errors.Is(err, store.ErrClosed) && !errors.Is(err, errFrozen) {
			p.judge.violated("I10", "%s was answered with an error of Drey's own: %v", r.name, err)
		}
	}
	if !again {
		p.asked = append(p.asked, r)
	}
}

// fault notes a fault and what it meets: the operations at work.
func (p *play) fault(name string, of ...string) {
	p.counts.Faults++
	p.judge.log("FAULT %s %v", name, of)
	p.books.read(func(tx *store.Tx) error {
		open, err := tx.OpenOperations(target)
		for _, op := range open {
			p.meet(op.Kind, name)
		}
		return err
	})
}

// meet counts a fault that an operation of a kind met.
func (p *play) meet(kind, fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.counts.Met[kind] == nil {
		p.counts.Met[kind] = map[string]int{}
	}
	p.counts.Met[kind][fault]++
}

// incarnation is one of a cluster that is not dead, by chance: the one that runs, or the one that is held beside it; "" if there is none.
func (p *play) incarnation(name string) runtime.IncarnationID {
	var all []cluster.Incarnation
	p.books.read(func(tx *store.Tx) error {
		cl, err := tx.Cluster(named(name))
		if err != nil {
			return nil
		}
		job, err := tx.JobOf(cl.UID)
		if err != nil {
			return err
		}
		all, err = tx.Incarnations(job.UID)
		return err
	})
	all = slices.DeleteFunc(all, func(i cluster.Incarnation) bool { return i.Phase == cluster.Dead || i.Phase == cluster.Abandoned })
	if len(all) == 0 {
		return ""
	}
	p.weather.mu.Lock()
	defer p.weather.mu.Unlock()
	return runtime.IncarnationID(all[p.weather.chance.IntN(len(all))].ID)
}

// calm ends all faults.
func (p *play) calm() {
	p.weather.clear()
	p.storageGone(false)
	p.judge.log("calm")
}

func named(name string) cluster.Ref { return cluster.Ref{PoolRef: pool, Name: name} }

// caseOf is a cluster of the schedules.
func caseOf(n int) cluster.Spec {
	spec := counter()
	spec.Properties.Profile.Flink.Configuration = map[string]string{"execution.checkpointing.interval": "1500 ms"}
	if n == 0 { // its parallelism can be changed in place
		confOf(&spec, map[string]string{"jobmanager.scheduler": "adaptive", "parallelism.default": "2", "taskmanager.numberOfTaskSlots": "4"})
	}
	if n == 1 { // its updates are cold
		spec.Properties.Profile.Flink.Configuration["drey.update.warm"] = "false"
	}
	return spec
}

func conf(values ...string) map[string]string {
	all := map[string]string{"execution.checkpointing.interval": "1500 ms"}
	for i := 0; i < len(values); i += 2 {
		all[values[i]] = values[i+1]
	}
	return all
}

func describe(e event) string { return fmt.Sprintf("%6.2fs %s", e.At.Seconds(), e.Name) }
