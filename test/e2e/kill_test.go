package e2e

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"drey/internal/engine"
	"drey/internal/lifecycle"
	"drey/internal/store"
)

// cell is one step and moment at which the server was killed, and what came of it.
type cell struct {
	point   engine.Point
	outcome string
}

// onFlink are the steps whose cells are swept on real Flink each time: those in which a job ends, begins, changes in place or is in nobody's
// hands. Every other cell is swept each time on the simulated target (test/simulated), and here with DREY_TEST_SWEEP=all (`make failpoints-real`).
var onFlink = []string{"stop", "await", "hand-over", "release", "await-running", "rescale", "scale", "await-registered"}

// inTheGap are those between the last word to the old processes and the first to the new ones: what CI sweeps on Kubernetes
// (DREY_TEST_SWEEP=gap), but for the moment before each, at which stands what stands after the step before it.
var inTheGap = []string{"stop", "await", "hand-over", "release", "await-running"}

func sweeps(p engine.Point) bool {
	switch os.Getenv("DREY_TEST_SWEEP") {
	case "all":
		return true
	case "gap":
		return slices.Contains(inTheGap, p.Step) && p.Moment != engine.Before
	}
	return slices.Contains(onFlink, p.Step)
}

// pointsOf lists the failpoints of a kind that are swept, or of some of its steps.
func pointsOf(kind string, steps ...string) []engine.Point {
	var all []engine.Point
	for _, p := range engine.Points(lifecycle.Kinds()) {
		if sweeps(p) && p.Kind == kind && (len(steps) == 0 || slices.Contains(steps, p.Step)) {
			all = append(all, p)
		}
	}
	return all
}

// launched are the steps of a launch that succeeds; withdraw is reached by one that fails.
var launched = []string{"stage", "room", "intend", "prepare", "preflight", "release", "await-running", "measure"}

// buriesBefore is the cell that a START reaches only after a stop whose savepoint could not be verified (internal/simtest has that).
var buriesBefore = engine.Point{Kind: "job.start", Step: "room", Moment: engine.Sent}

// The server is killed at every moment of every step of create, stop and start. Each time the operation ends true, there are never
// two copies of the job, and the witness is clean.
func TestTheServerKilledAtEachMomentOfEachStep(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_FAILPOINTS"))
	var cells []cell
	s.start()
	for i, p := range pointsOf("cluster.create", launched...) {
		cells = append(cells, cell{p, s.killedInCreate(p, fmt.Sprintf("create-%d", i))})
	}
	w, r := s.witness("swept", true)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	for _, p := range pointsOf("job.stop") {
		cells = append(cells, cell{p, w.killedInStop(p)})
	}
	s.must("job", "stop", "swept")
	for _, p := range pointsOf("job.start", launched...) {
		if p != buriesBefore {
			cells = append(cells, cell{p, w.killedInStart(p)})
		}
	}
	report := w.clean("after all kills", true)
	for _, kind := range []string{"cluster.create", "job.start"} {
		for i, p := range pointsOf(kind, "withdraw") {
			cells = append(cells, cell{p, s.killedInFailure(p, fmt.Sprintf("fails-%s-%d", strings.ReplaceAll(kind, ".", "-"), i))})
		}
	}
	t.Logf("%d kills; %d incarnations, %d records\n%s", len(cells), report.Incarnations, report.Records,
		table(t, cells, func(p engine.Point) bool {
			return p.Kind == "cluster.create" || p.Kind == "job.start" && p != buriesBefore || p.Kind == "job.stop"
		}))
}

// killedAt restarts the server with a failpoint armed, does what reaches it, waits for the death, and starts a server again.
func (s *server) killedAt(p engine.Point, do func()) {
	s.t.Helper()
	s.kill()
	s.start("DREY_FAILPOINT=" + p.String())
	do()
	s.ended()
	s.start()
}

type operation struct {
	Name       string
	Properties struct {
		Kind, Status, Step, EndTime string
		Error                       *struct{ Code, Message string }
	}
}

// outcome waits for the end of the newest operation of a kind on a cluster.
func (s *server) outcome(cluster, kind string) operation {
	s.t.Helper()
	var found operation
	s.until(kind+" of "+cluster+" ends", func() bool {
		for _, op := range read[[]operation](s, "operation", "list", "--cluster", cluster) {
			if op.Properties.Kind == kind {
				found = op
				return op.Properties.EndTime != ""
			}
		}
		return false
	})
	return found
}

// oneCopy checks that exactly one incarnation's processes are there, or none.
func (s *server) oneCopy(when string, want int) {
	s.t.Helper()
	incarnations := map[string]bool{}
	var held map[int]string
	s.until(fmt.Sprintf("%s: %d incarnations have processes", when, want), func() bool {
		clear(incarnations)
		held = s.processes()
		for _, name := range held {
			incarnations[strings.SplitN(name, "/", 2)[0]] = true
		}
		return len(incarnations) == want
	})
	if want == 1 && len(held) != 2 {
		s.t.Errorf("%s: the processes are %v, want one JobManager and one TaskManager", when, held)
	}
}

func (s *server) killedInCreate(p engine.Point, name string) string {
	s.t.Helper()
	var w *witnessed
	s.killedAt(p, func() { w, _ = s.witness(name, false, "--no-wait") })
	op := s.outcome(name, "cluster.create")
	if op.Properties.Status != string(store.Succeeded) {
		s.t.Errorf("%s: create ended %+v", p, op.Properties)
		return op.Properties.Status
	}
	w.grows(50)
	s.oneCopy(p.String(), 1)
	s.must("job", "stop", name)
	w.clean(p.String(), true)
	s.must("cluster", "delete", name, "--yes")
	s.oneCopy(p.String()+", deleted", 0)
	return op.Properties.Status
}

func (w *witnessed) killedInStop(p engine.Point) string {
	w.t.Helper()
	w.grows(50)
	w.killedAt(p, func() { w.cli("job", "stop", w.name, "--no-wait") })
	op := w.outcome(w.name, "job.stop")
	if op.Properties.Status != string(store.Succeeded) {
		w.t.Errorf("%s: stop ended %+v", p, op.Properties)
	}
	w.oneCopy(p.String(), 0)
	w.clean(p.String(), true)
	w.must("job", "start", w.name)
	return op.Properties.Status
}

func (w *witnessed) killedInStart(p engine.Point) string {
	w.t.Helper()
	args := []string{"job", "start", w.name, "--no-wait"}
	if p.Step == "stage" {
		args = append(args, "--jar", jar(w.t, "witness.jar")) // a frozen version has nothing to stage
	}
	w.killedAt(p, func() { w.cli(args...) })
	op := w.outcome(w.name, "job.start")
	if op.Properties.Status != string(store.Succeeded) {
		w.t.Errorf("%s: start ended %+v", p, op.Properties)
	}
	w.grows(50)
	w.oneCopy(p.String(), 1)
	w.must("job", "stop", w.name)
	w.clean(p.String(), true)
	return op.Properties.Status
}

// killedInFailure kills the server while a launch that failed is cleaned up: the cause must still be told.
func (s *server) killedInFailure(p engine.Point, name string) string {
	s.t.Helper()
	create := func() {
		s.cli("cluster", "create", name, "--jar", jar(s.t, "jobs.jar"), "--arg", "throws", "--no-wait")
	}
	if p.Kind == "cluster.create" {
		s.killedAt(p, create)
	} else {
		create()
		s.outcome(name, "cluster.create")
		s.killedAt(p, func() { s.cli("job", "start", name, "--no-wait") })
	}
	op := s.outcome(name, p.Kind)
	if e := op.Properties.Error; op.Properties.Status != string(store.FailedOp) || e == nil || e.Code != "ApplicationMainFailed" {
		s.t.Errorf("%s: ended %+v, want Failed with the cause", p, op.Properties)
	}
	s.oneCopy(p.String(), 0)
	s.must("cluster", "delete", name, "--yes")
	return op.Properties.Status
}

// table prints step × moment; an empty cell that was to be swept fails the test.
func table(t *testing.T, cells []cell, swept func(engine.Point) bool) string {
	t.Helper()
	got := map[string]map[engine.Moment]string{}
	for _, c := range cells {
		row := c.point.Kind + "/" + c.point.Step
		if got[row] == nil {
			got[row] = map[engine.Moment]string{}
		}
		got[row][c.point.Moment] = c.outcome
	}
	rows := make([]string, 0, len(got))
	for row := range got {
		rows = append(rows, row)
	}
	sort.Strings(rows)
	var b strings.Builder
	fmt.Fprintf(&b, "%-36s %-12s %-12s %-12s\n", "step", engine.Before, engine.After, engine.Sent)
	for _, row := range rows {
		fmt.Fprintf(&b, "%-36s %-12s %-12s %-12s\n", row, got[row][engine.Before], got[row][engine.After], got[row][engine.Sent])
	}
	for _, p := range engine.Points(lifecycle.Kinds()) {
		if swept(p) && sweeps(p) && got[p.Kind+"/"+p.Step][p.Moment] == "" {
			t.Errorf("the cell %s is empty", p)
		}
	}
	return b.String()
}
