package e2e

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"drey/test/flink/witness"
)

// start is one incarnation as the API lists it.
type start struct {
	Name       string
	Properties struct {
		Version                                        int
		Phase, Origin, Cause, RestoredFrom, FlinkJobID string
		DeclaredDeadBy                                 string
		Gap                                            *struct {
			Seconds float64
			Parts   []struct {
				Name    string
				Seconds float64
			}
		}
	}
}

// starts lists the incarnations, newest first.
func (w *witnessed) starts() []start {
	w.t.Helper()
	return read[[]start](w.server, "job", "incarnation", "list", w.name)
}

// mayRepeat notes for the n newest incarnations from where on each may repeat: after what it was restored from; from the beginning if it
// started empty.
func (w *witnessed) mayRepeat(n int) {
	w.t.Helper()
	all := w.starts()
	for _, one := range all[:min(n, len(all))] {
		held := int64(0)
		if from := one.Properties.RestoredFrom; from != "" {
			held = w.held(from)
		}
		w.repeats(one.Name, held+1)
	}
}

// held is the last number that a checkpoint or savepoint holds.
func (w *witnessed) held(uri string) int64 {
	w.t.Helper()
	var id int64
	incarnation := ""
	if text, ok := strings.CutPrefix(path.Base(uri), "chk-"); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		id = n
		for _, one := range w.starts() {
			if one.Properties.FlinkJobID == path.Base(path.Dir(uri)) {
				incarnation = one.Name
			}
		}
	}
	for _, p := range read[[]savepoint](w.server, "savepoint", "list", w.name) {
		if p.Properties.URI == uri {
			id, incarnation = p.Properties.CheckpointID, p.Properties.Incarnation
		}
	}
	held, err := witness.Snapshot(w.ledger, incarnation, id)
	if err != nil || held == 0 || incarnation == "" {
		w.t.Fatalf("the ledger does not tell what %s (checkpoint %d) holds: %v", uri, id, err)
	}
	return held
}

// At least twenty changes of all kinds: nothing is lost, nothing repeated but what the last checkpoint allows, never two copies.
func TestUpdatesOfAllKindsLoseNothing(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("updated", true)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	changes := 1
	change := func(args ...string) {
		t.Helper()
		w.grows(100)
		s.must(append(args, "--timeout", "3m")...)
		changes++
		s.oneCopy(strings.Join(args, " "), 1)
		w.grows(20)
		w.clean(fmt.Sprintf("after change %d, %v", changes, args), false)
	}
	version := func(n int) []string {
		return []string{"--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500", "--arg", "--out", "--arg",
			"abfs://out@local.dfs.core.windows.net/" + w.name, "--arg", "--version", "--arg", fmt.Sprintf("v%d", n)}
	}
	for n := 2; n <= 10; n++ {
		change(append([]string{"job", "update", w.name}, version(n)...)...)
		if gap := w.starts()[0].Properties.Gap; gap == nil || gap.Seconds <= 0 || len(gap.Parts) < 4 {
			t.Errorf("update %d has the gap %+v", n, gap)
		}
	}
	for n := 11; n <= 15; n++ {
		w.grows(600) // so that there is a checkpoint of its own
		s.must(append([]string{"job", "last-state-update", w.name}, version(n)...)...)
		changes++
		w.mayRepeat(1)
		w.grows(20)
		w.clean(fmt.Sprintf("after change %d, last state", changes), false)
	}
	change("job", "relaunch", w.name)
	change("job", "update", w.name) // identical: no new version
	if all := read[[]start](s, "cluster", "version", "list", w.name); len(all) != 15 {
		t.Errorf("there are %d versions, want 15: an identical one makes none", len(all))
	}
	change("cluster", "version", "rollback", w.name, "12")
	change(append([]string{"job", "update", w.name, "--conf", "drey.update.warm=false", "--conf", "execution.checkpointing.interval=1s"}, version(16)...)...)
	s.must("job", "stop", w.name)
	w.clean("stopped", true)
	s.must(append([]string{"job", "update", w.name}, version(17)...)...)
	w.grows(100)
	s.must("job", "stop", w.name)
	changes += 3
	report := w.clean("at the end", true)
	if changes < 20 {
		t.Errorf("%d changes are too few", changes)
	}
	t.Logf("%d changes, %d incarnations, %d records, %d committed", changes, report.Incarnations, report.Records, report.Committed)
}

// A stateless update begins anew.
func TestAStatelessUpdateBeginsAnew(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("anew", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(600)
	s.must("job", "stateless-update", "anew")
	w.fresh[w.starts()[0].Name] = 1
	w.until("the new incarnation writes", func() bool { n, err := witness.Lives(w.ledger); return err == nil && n == 2 })
	s.oneCopy("after the stateless update", 1)
	s.must("job", "stop", "anew")
	w.clean("after a stateless update", true)
}

// What does not fit is refused before anything is stopped.
func TestAnUpdateThatDoesNotFitTouchesNothing(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("fits", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(600)
	base := []string{"job", "update", "fits", "--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500"}
	for why, c := range map[string]struct {
		args []string
		code string
	}{
		"state would be lost": {[]string{"--arg", "--counterUid", "--arg", "other"}, "PreflightFailed"},
		"main() throws":       {[]string{"--arg", "--trouble", "--arg", "main"}, "ApplicationMainFailed"},
		"there is no class":   {[]string{"--class", "no.such.Class"}, "ClassNotFound"},
	} {
		bad := s.cli(append(append([]string{}, base...), c.args...)...)
		if bad.code == 0 || !strings.Contains(bad.err+bad.out, c.code) {
			t.Errorf("%s: exit code %d, want the code %s\n%s%s", why, bad.code, c.code, bad.out, bad.err)
		}
		s.oneCopy(why, 1)
		w.grows(100)
		report := w.clean(why, false)
		if report.Incarnations != 1 {
			t.Errorf("%s: %d incarnations wrote records, want 1", why, report.Incarnations)
		}
	}
	s.must(append(base, "--arg", "--counterUid", "--arg", "other", "--allow-non-restored-state")...)
}

// trouble is a new version that fails, and how its failure is told.
type trouble struct {
	what  string   // the witness's --trouble
	args  []string // more
	cause string   // part of what is told
}

// troubles are the ways in which a new version fails after the old one gave way, before its first checkpoint: after a restore Flink makes
// one at once.
var troubles = map[string]trouble{
	"main() fails":              {"main", []string{"--conf", "drey.rehearse=false"}, "ApplicationMainFailed"}, // else it is refused beforehand
	"the restore fails":         {"", []string{"--arg", "--counterUid", "--arg", "other", "--conf", "drey.rehearse=false"}, "Cannot map"},
	"it loops after RUNNING":    {"loop", nil, "failed on request after 20 numbers"},
	"no checkpoint is complete": {"checkpoint", nil, "NoCheckpoint"},
	"it runs out of memory":     {"memory", nil, "OutOfMemory"},
}

// A new version that fails before its first own checkpoint gives way to the version before, by itself, from the state that one left.
func TestTheVersionBeforeComesBackByItself(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("back", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	for why, c := range troubles {
		w.grows(300)
		w.comesBack(why, c)
	}
	s.must("job", "stop", "back")
	w.clean("at the end", true)
}

// update are the words of an update to a version with a trouble.
func (w *witnessed) update(c trouble, more ...string) []string {
	args := []string{"job", "update", w.name, "--arg", "--ledger", "--arg", w.ledger, "--arg", "--rate", "--arg", "500",
		"--arg", "--trouble", "--arg", c.what, "--conf", "execution.checkpointing.interval=1s",
		"--conf", "restart-strategy.type=fixed-delay", "--conf", "restart-strategy.fixed-delay.attempts=1000", "--conf", "restart-strategy.fixed-delay.delay=100ms"}
	return append(append(args, c.args...), more...)
}

func (w *witnessed) comesBack(why string, c trouble) {
	w.t.Helper()
	begin, before := time.Now(), w.starts()[0].Properties.Version
	bad := w.cli(w.update(c)...)
	if bad.code == 0 || !strings.Contains(bad.err+bad.out, "RolledBack") || !strings.Contains(bad.err+bad.out, c.cause) {
		w.t.Fatalf("%s: exit code %d, want RolledBack for %q\n%s%s", why, bad.code, c.cause, bad.out, bad.err)
	}
	all := w.starts()
	if all[0].Properties.Origin != "return" || all[0].Properties.Version != before {
		w.t.Errorf("%s: the newest incarnation is %+v", why, all[0])
	}
	w.mayRepeat(2) // what the failed version wrote may be written again
	w.oneCopy(why, 1)
	w.grows(50)
	w.clean(why, false)
	if status := read[jobEntry](w.server, "job", "show", w.name).Properties; status.Status != "RUNNING" || status.ActionResult != "FAILED" {
		w.t.Errorf("%s: the job is %+v", why, status)
	}
	w.t.Logf("%s: back within %.1f s", why, time.Since(begin).Seconds())
}

// Once the new version has completed a checkpoint of its own, a person chooses: it is left running, or as it ended.
func TestAfterAnOwnCheckpointAPersonChooses(t *testing.T) {
	s := newServer(t)
	s.configure("gate:\n  minimumSeconds: 30\n  maximumSeconds: 60\n")
	w, r := s.witness("chooses", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(300)
	bad := s.cli(w.update(trouble{what: "late-loop"})...)
	if bad.code == 0 || !strings.Contains(bad.err, "RollbackNeedsChoice") {
		t.Fatalf("exit code %d, want RollbackNeedsChoice\n%s%s", bad.code, bad.out, bad.err)
	}
	s.oneCopy("after the update", 1)
	if all := w.starts(); all[0].Properties.Version != 2 || all[0].Properties.Phase != "Live" {
		t.Errorf("the new version is not left running: %+v", all[0])
	}
	back := w.starts()[0].Properties.RestoredFrom
	s.must("cluster", "version", "rollback", "chooses", "1", "--savepoint", back, "--timeout", "4m")
	w.fresh[w.starts()[0].Name] = w.held(back) + 1
	w.again[w.starts()[1].Name] = w.held(back) + 1 // it looped
	w.grows(50)
	s.must("job", "stop", "chooses")
	w.clean("after the choice", true)
}

// Where only the parallelism changes, and Flink can, the running job takes it over: no new process, nothing repeated but what the
// checkpoint before it allows.
func TestTheParallelismAloneChangesInPlace(t *testing.T) {
	s := newServer(t)
	if r := s.cli(append([]string{"cluster", "create", "wide", "--jar", jar(t, "hello.jar")}, adaptive(1)...)...); r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	before := s.processes()
	s.must(append([]string{"job", "update", "wide"}, adaptive(2)...)...)
	if now := s.processes(); len(now) != len(before) {
		t.Errorf("the processes were %v and are %v", before, now)
	}
	for pid, name := range s.processes() {
		if before[pid] != name {
			t.Errorf("%s is a new process", name)
		}
	}
	if all := read[[]start](s, "job", "incarnation", "list", "wide"); len(all) != 1 || all[0].Properties.Version != 2 {
		t.Errorf("the incarnations are %+v", all)
	}
}

// In its health gate a new version runs already: who asks for something then takes it as it is (R28).
func TestAnActionInTheHealthGateAcceptsTheVersion(t *testing.T) {
	s := newServer(t)
	s.configure("gate:\n  minimumSeconds: 600\n  maximumSeconds: 600\n")
	w, r := s.witness("accepted", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(300)
	for _, action := range []string{"savepoint", "stop"} {
		if action == "stop" {
			w.grows(300)
		}
		s.must(append(w.update(trouble{}, "--arg", "--version", "--arg", action), "--no-wait")...)
		var update operation
		s.until("the update is in its gate", func() bool {
			update = read[[]operation](s, "operation", "list", "--cluster", w.name)[0]
			return update.Properties.Kind == "job.update" && update.Properties.Step == "gate"
		})
		if refused := s.cli("job", "update", w.name); refused.code != 5 || !strings.Contains(refused.err, "Another operation (job.update) is in progress") {
			t.Errorf("a second update in the gate: exit code %d\n%s", refused.code, refused.err)
		}
		s.must("job", action, w.name)
		if ended := read[operation](s, "operation", "show", update.Name); ended.Properties.Status != "Succeeded" {
			t.Errorf("%s in the gate: the update ended %+v", action, ended.Properties)
		}
	}
	w.clean("after both", true)
}
