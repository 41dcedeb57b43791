package e2e

import (
	"fmt"
	"strings"
	"testing"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

// unreachable are the cells that no call can reach: only what supersedes a recovery finds something to end in room.
func unreachable(p engine.Point) bool {
	return p.Kind == cluster.KindUpdate && (p == engine.Point{Kind: p.Kind, Step: "room", Moment: engine.Sent} || p == engine.Point{Kind: p.Kind, Step: "checkpoint", Moment: engine.Sent})
}

// sweptOfUpdates are the cells that the sweep must fill: all of an update, and of a last-state update those that it does not share.
func sweptOfUpdates(p engine.Point) bool {
	lastState := p.Kind == cluster.KindLastStateUpdate && (p.Step == "checkpoint" || p.Step == "hand-over" || p.Step == "room" && p.Moment == engine.Sent)
	return p.Kind == cluster.KindUpdate && p.Step != "rescale" && !unreachable(p) || lastState
}

// The server is killed at every moment of every step of an update, one that succeeds, one that is withdrawn, one that goes back, and one
// from the last state. Each ends true, there are never two copies, and the witness is clean.
func TestTheServerKilledAtEachMomentOfAnUpdate(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_FAILPOINTS"))
	s.start()
	w, r := s.witness("updates", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	var cells []cell
	for _, kind := range []string{cluster.KindUpdate, cluster.KindLastStateUpdate} {
		for _, p := range pointsOf(kind) {
			if sweptOfUpdates(p) {
				cells = append(cells, cell{p, w.killedInUpdate(p, len(cells))})
			}
		}
	}
	report := w.clean("after all kills", false)
	t.Logf("%d kills; %d incarnations, %d records\n%s", len(cells), report.Incarnations, report.Records, table(t, cells, sweptOfUpdates))
}

func (w *witnessed) killedInUpdate(p engine.Point, n int) string {
	w.t.Helper()
	w.grows(600) // so that there is a checkpoint of its own
	action := strings.TrimPrefix(p.Kind, "job.")
	args := []string{"job", action, w.name, "--no-wait", "--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500", "--arg", "--version", "--arg", fmt.Sprint(n)}
	want, code := string(store.Succeeded), ""
	switch p.Step {
	case "withdraw":
		args, want, code = append(args, "--arg", "--trouble", "--arg", "main"), string(store.FailedOp), "ApplicationMainFailed"
	case "return", "release":
		args, want, code = append(args, "--arg", "--trouble", "--arg", "main", "--conf", "drey.rehearse=false"), string(store.FailedOp), "RolledBack"
	}
	args = append(args, "--conf", "execution.checkpointing.interval=1s")
	w.killedAt(p, func() {
		if p.Step == "room" && p.Moment == engine.Sent {
			w.recovering()
		}
		w.cli(args...)
	})
	op := w.outcome(w.name, p.Kind)
	if op.Properties.Status != want || code != "" && (op.Properties.Error == nil || op.Properties.Error.Code != code) {
		w.t.Errorf("%s: ended %+v %+v, want %s %s", p, op.Properties, op.Properties.Error, want, code)
	}
	w.oneCopy(p.String(), 1)
	w.mayRepeat(3)
	w.grows(50)
	w.clean(p.String(), false)
	return op.Properties.Status
}

// recovering kills the JobManager, and waits until the recovery has prepared something.
func (w *witnessed) recovering() {
	w.t.Helper()
	before := w.oneIncarnation()
	w.signal(before+"/jobmanager-0", false)
	w.until("the recovery prepares", func() bool {
		for _, name := range w.processes() {
			if !strings.HasPrefix(name, before) {
				return true
			}
		}
		return false
	})
}

// adaptive is the configuration of a job that can change its parallelism in place.
func adaptive(parallelism int) []string {
	return []string{"--conf", "jobmanager.scheduler=adaptive", "--conf", "taskmanager.numberOfTaskSlots=2", "--conf", "execution.checkpointing.interval=1s",
		"--conf", fmt.Sprintf("parallelism.default=%d", parallelism)}
}

// The server is killed at every moment of the step that changes a parallelism in place. No process is started or ended by it.
func TestTheServerKilledAtEachMomentOfARescale(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_FAILPOINTS"))
	s.start()
	var cells []cell
	for _, p := range pointsOf(cluster.KindUpdate, "rescale") {
		cells = append(cells, cell{p, s.killedInRescale(p, "wide-"+string(p.Moment))})
	}
	t.Logf("%d kills\n%s", len(cells), table(t, cells, func(p engine.Point) bool { return p.Kind == cluster.KindUpdate && p.Step == "rescale" }))
}

func (s *server) killedInRescale(p engine.Point, name string) string {
	s.t.Helper()
	s.must(append([]string{"cluster", "create", name, "--jar", jar(s.t, "hello.jar")}, adaptive(1)...)...)
	before := fmt.Sprint(s.processes())
	s.killedAt(p, func() { s.cli(append([]string{"job", "update", name, "--no-wait"}, adaptive(2)...)...) })
	op := s.outcome(name, p.Kind)
	if op.Properties.Status != string(store.Succeeded) {
		s.t.Errorf("%s: ended %+v", p, op.Properties)
	}
	if now := fmt.Sprint(s.processes()); now != before {
		s.t.Errorf("%s: the processes were %s and are %s", p, before, now)
	}
	s.must("cluster", "delete", name, "--yes")
	return op.Properties.Status
}
