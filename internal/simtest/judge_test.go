package simtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/runtime"
	"drey/internal/store"
)

// judge holds a play to the invariants (invariants_test.go, by their numbers): at every effect, every start of a job and every second.
type judge struct {
	p *play

	mu         sync.Mutex
	story      []string
	found      []string
	lives      map[string]*life // by Flink job
	released   map[runtime.IncarnationID]*life
	hurts      map[runtime.IncarnationID]bool
	epochs     map[*server]int64
	newest     int64
	open       map[string]store.Operation
	ended      map[string]store.Operation
	gone       map[string]time.Time // clusters that were deleted, by uid
	canceled   map[string]bool      // jobs, by uid
	unverified map[string]bool      // incarnations whose stop left a savepoint that could not be verified
	checked    map[string]bool      // savepoints
	triggers   map[string]string    // of one attempt of one operation
	requests   []request            // that were accepted
	before     map[string]bool      // jobs that counted when the server went
	steps      string               // of all operations at work, when the books were read last
}

// life is an incarnation that was released.
type life struct {
	start
	facts    known
	order    fake.Order
	ran      bool
	troubled bool
}

func newJudge(p *play) *judge {
	return &judge{p: p, lives: map[string]*life{}, released: map[runtime.IncarnationID]*life{}, hurts: map[runtime.IncarnationID]bool{},
		epochs: map[*server]int64{}, open: map[string]store.Operation{}, ended: map[string]store.Operation{}, gone: map[string]time.Time{}, canceled: map[string]bool{}, unverified: map[string]bool{},
		checked: map[string]bool{}, triggers: map[string]string{}}
}

// log writes a line of the story.
func (j *judge) log(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.write(format, args...)
}

func (j *judge) write(format string, args ...any) {
	j.story = append(j.story, fmt.Sprintf("%8.2fs %s", time.Since(j.p.began).Seconds(), fmt.Sprintf(format, args...)))
}

// violated notes that an invariant does not hold.
func (j *judge) violated(invariant, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.violate(invariant, format, args...)
}

func (j *judge) violate(invariant, format string, args ...any) {
	text := invariant + ": " + fmt.Sprintf(format, args...)
	j.found = append(j.found, text)
	j.write("VIOLATED %s", text)
}

// hurt notes that a fault ended processes of an incarnation.
func (j *judge) hurt(id runtime.IncarnationID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hurts[id] = true
}

// accepted notes a request that was answered with an operation.
func (j *judge) accepted(r request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

// came notes a server that serves from now on.
func (j *judge) came(s *server) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.p.books.read(func(tx *store.Tx) error {
		row, err := tx.Target(target)
		j.epochs[s], j.newest = row.Epoch, row.Epoch
		return err
	})
	j.write("server %d serves", j.epochs[s])
	outageDisturbsNoJob(j)
}

// went notes a server that serves no more.
func (j *judge) went(s *server) {
	counting := j.p.ledger.counting()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.write("server %d is gone", j.epochs[s])
	j.before = counting
}

// effect is what a server is about to do.
func (j *judge) effect(s *server, e effect) error {
	counting := j.p.ledger.counting()
	st, found := j.p.books.start(string(e.Incarnation))
	var seen runtime.Status
	if e.What == "Kill" {
		seen, _ = j.p.runtime.Observe(j.p.Context(), e.Incarnation)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.write("server %d: %s %v %.8s (%s %s)", j.epochs[s], e.What, e.Roles, e.Incarnation, st.op.Kind, st.op.Step)
	if !found && e.What == "Kill" {
		return nil // its cluster was deleted meanwhile, and it with it
	}
	if !found {
		j.violate("I14", "%s of incarnation %s, which the books do not know", e.What, e.Incarnation)
		return nil
	}
	deposedDoesNothing(j, s, e, seen)
	switch e.What {
	case "Release":
		l := &life{start: st, facts: factsOf(st.op)}
		_ = json.Unmarshal(e.Body, &l.order)
		j.p.books.read(func(tx *store.Tx) error {
			v, err := tx.Version(st.JobUID, st.Version)
			l.troubled = v.Launch.Config()[fake.Key] != ""
			return err
		})
		successorOnlyAfter(j, l, counting)
		ordersItsSource(j, l)
		terminalNeverStarts(j, l)
		if j.lives[l.order.JobID] == nil {
			j.lives[l.order.JobID], j.released[e.Incarnation] = l, l
		}
	case "Kill":
		unreachableIsNotDead(j, st, e, seen, counting)
	case "stop", "savepoints", "checkpoints", "cancel", "rescale":
		asksWhoItMeans(j, st, e)
		oneTokenForOneStep(j, st, e)
	}
	return nil
}

// began is a job that begins to count.
func (j *judge) began(run fake.Run, others []fake.Run) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.lives[run.Job]
	if l == nil {
		j.violate("I3", "job %s runs, and was never released", run.Job)
		return
	}
	atMostOneRuns(j, l, others)
	if !l.ran {
		l.ran = true
		j.write("%s: job %.8s of version %d counts from %d (%s)", l.cluster.Ref.Name, run.Job, l.Version, run.From, l.op.Kind)
		restoresItsSource(j, l, run)
		losesNothing(j, l, run)
	}
}

// committed looks at the books after a commit with which an operation came to another step, or began, or ended.
func (j *judge) committed() {
	var open []store.Operation
	j.p.books.read(func(tx *store.Tx) (err error) {
		open, err = tx.OpenOperations(target)
		return err
	})
	steps := ""
	for _, op := range open {
		steps += op.ID + " " + op.Step + " "
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if steps != j.steps {
		j.steps = steps
		j.look()
	}
}

// tick looks at the books.
func (j *judge) tick() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.look()
}

// look holds the books to what holds at every moment; the judge is locked.
func (j *judge) look() {
	var open, over []store.Operation
	var rows []cluster.Incarnation
	saved := map[string][]cluster.Savepoint{}
	j.p.books.read(func(tx *store.Tx) (err error) {
		if open, err = tx.OpenOperations(target); err != nil {
			return err
		}
		ids, err := tx.ReleasedIncarnations(target)
		if err != nil {
			return err
		}
		for _, id := range ids {
			inc, err := tx.Incarnation(id)
			if err != nil {
				return err
			}
			rows = append(rows, inc)
		}
		for id := range j.open {
			if !slices.ContainsFunc(open, func(op store.Operation) bool { return op.ID == id }) {
				op, err := tx.Operation(id)
				if err != nil {
					return err
				}
				over = append(over, op)
				if saved[op.Subject], err = tx.Savepoints(op.Subject); err != nil {
					return err
				}
			}
		}
		return nil
	})
	clear(j.open)
	for _, op := range open {
		j.open[op.ID] = op
	}
	oneOperationEach(j, open)
	everyOperationEnds(j, open)
	oneMayRun(j, rows)
	for _, op := range over {
		j.end(op)
		stopIsKept(j, op, saved[op.Subject])
		endsTrue(j, op, open, saved[op.Subject])
	}
	for _, all := range saved {
		acknowledgedIsComplete(j, all)
	}
}

// end is an operation that was seen to end.
func (j *judge) end(op store.Operation) {
	word := string(op.Outcome)
	if op.Error != nil {
		word += " " + op.Error.Code
		if op.Error.Code != "Superseded" {
			word += ": " + op.Error.Message
		}
	}
	j.write("%s %s ended %s", op.Kind, short(op.ID), word)
	terminalNeverChanges(j, op)
	if op.Error != nil && op.Error.Code == "SavepointUnverified" {
		j.unverified[factsOf(op).Source] = true
	}
	if op.Kind == cluster.KindCancel && op.Outcome == store.Succeeded {
		j.canceled[op.Subject] = true
	}
	if op.Kind == cluster.KindDelete && op.Outcome == store.Succeeded {
		j.gone[op.ClusterUID] = op.EndedAt
		deletedIsGone(j, op)
	}
}

func short(id string) string { return id[max(0, len(id)-4):] }
