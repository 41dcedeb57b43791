package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

func sweptOfRecovery(p engine.Point) bool {
	return p.Kind == cluster.KindRecover || p.Kind == cluster.KindReplace
}

// The server is killed at every moment of every step of a recovery and of the replacement of a TaskManager, also of those that fail at
// first. Each time the job comes back, there are never two copies, and the witness is clean.
func TestTheServerKilledAtEachMomentOfARecovery(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_FAILPOINTS"))
	s.write(tireless + "  registerSeconds: 3\n")
	s.start()
	trouble := s.shared("trouble")
	s.be(trouble, "")
	var cells []cell
	sweep := func(kind string, args ...string) {
		w, r := s.witness(strings.TrimPrefix(kind, "job."), false, append([]string{"--arg", "--trouble", "--arg", "@" + trouble}, args...)...)
		if r.code != 0 {
			t.Fatalf("create: %s", r.err)
		}
		for _, p := range pointsOf(kind) {
			cells = append(cells, cell{p, w.killedInRecovery(p, trouble)})
		}
		report := w.clean("after all kills", false)
		t.Logf("%s: %d incarnations, %d records", kind, report.Incarnations, report.Records)
		s.must("cluster", "delete", w.name, "--yes")
	}
	sweep(cluster.KindRecover, "--conf", "restart-strategy.type=none") // so that a start in trouble fails at once
	sweep(cluster.KindReplace)
	t.Logf("%d kills\n%s", len(cells), table(t, cells, sweptOfRecovery))
}

func (w *witnessed) killedInRecovery(p engine.Point, trouble string) string {
	w.t.Helper()
	w.grows(600)
	before := len(w.starts())
	living := w.oneIncarnation()
	w.killedAt(p, func() {
		switch {
		case p.Kind == cluster.KindReplace:
			w.signal(living+"/taskmanager-0", false)
			if p.Step == "bury" {
				w.standStill(living + "/taskmanager-0")
			}
		case p.Step == "withdraw":
			w.be(trouble, "loop")
			w.signal(living+"/jobmanager-0", false)
		default:
			w.signal(living+"/jobmanager-0", false)
		}
	})
	w.be(trouble, "")
	w.until(p.String()+": the job runs again", func() bool {
		newest := read[[]operation](w.server, "operation", "list", "--cluster", w.name)[0].Properties
		return (newest.Kind == cluster.KindRecover || newest.Kind == cluster.KindReplace) && newest.Status == string(store.Succeeded) && w.settled()
	})
	w.mayRepeat(len(w.starts()) - before + 1)
	w.grows(50)
	w.oneCopy(p.String(), 1)
	w.clean(p.String(), false)
	return string(store.Succeeded)
}

// be says what trouble the job's next attempts make.
func (s *server) be(file, what string) {
	s.t.Helper()
	if err := os.WriteFile(file, []byte(what), 0o644); err != nil { // for the pods' user too
		s.t.Fatal(err)
	}
}

// standStill stops the process that comes up in place of one that ended: it will not register.
func (w *witnessed) standStill(marker string) {
	w.t.Helper()
	w.until(marker+" is there again", func() bool {
		for pid, name := range w.processes() {
			if name == marker && strings.HasSuffix(exe(pid), "java") {
				return syscall.Kill(pid, syscall.SIGSTOP) == nil
			}
		}
		return false
	})
}
