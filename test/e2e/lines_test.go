package e2e

import (
	"strings"
	"testing"

	"drey/internal/flink"
)

// versions are the releases of Flink that a test is for: one of each line.
func versions(t *testing.T) []string {
	t.Helper()
	return strings.Fields(env(t, "DREY_TEST_LINES"))
}

// A whole life on each line: created, saved, updated warm, stopped, started, its processes killed, two updates that fail, cancelled.
func TestALifeOnEachLineOfFlink(t *testing.T) {
	for _, version := range versions(t) {
		t.Run(version, func(t *testing.T) {
			s := newServer(t)
			s.configure(tireless)
			w, r := s.witness("life", true, "--flink-version", version)
			if r.code != 0 {
				t.Fatalf("create: %s", r.err)
			}
			w.runs(version, version)
			w.grows(300)
			s.must("job", "savepoint", w.name)
			s.must(w.update(trouble{}, append(w.toSink(), "--arg", "--version", "--arg", "v2", "--timeout", "3m")...)...)
			gap := w.starts()[0].Properties.Gap
			if gap == nil || gap.Seconds <= 0 || len(gap.Parts) < 4 {
				t.Fatalf("the update has the gap %+v", gap)
			}
			t.Logf("a warm update on %s: gap %.2f s, %+v", version, gap.Seconds, gap.Parts)
			w.grows(100)
			w.clean("after the update", false)
			s.must("job", "stop", w.name)
			w.clean("stopped", true)
			s.must("job", "start", w.name, "--timeout", "3m")
			w.dies("jobmanager-0", false)
			w.dies("taskmanager-0", false)
			for _, why := range []string{"main() fails", "the restore fails"} {
				w.grows(300)
				fails := troubles[why]
				fails.args = append(w.toSink(), fails.args...)
				w.comesBack(why, fails)
			}
			s.must("job", "cancel", w.name, "--yes")
			s.oneCopy("cancelled", 0)
			report := w.clean("at the end", false)
			t.Logf("Flink %s: %d incarnations, %d records", version, report.Incarnations, report.Records)
		})
	}
}

// From the oldest line to the newest, the job goes on with its state; back, only with a savepoint that the older line wrote.
func TestAJobGoesOverToANewerLineAndBackOnlyWithAnOldSavepoint(t *testing.T) {
	all := versions(t)
	oldest, newest := all[0], env(t, "DREY_TEST_FLINK")
	if !flink.OlderLine(oldest, newest) {
		t.Fatalf("DREY_TEST_LINES begins with %s, which is not older than %s", oldest, newest)
	}
	s := newServer(t)
	w, r := s.witness("upgrade", false, "--flink-version", oldest)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(300)
	s.must("cluster", "update", w.name, "--flink-version", newest, "--timeout", "3m")
	w.runs(newest, newest)
	w.grows(300)
	w.clean("after the upgrade", false)
	old := w.starts()[0].Properties.RestoredFrom

	refused := s.cli("cluster", "update", w.name, "--flink-version", oldest)
	const goesBack = "of an older line, is not made to read it"
	if refused.code == 0 || !strings.Contains(refused.err, goesBack) || !strings.Contains(refused.err, "drey cluster version rollback") {
		t.Errorf("back to %s: exit code %d\n%s", oldest, refused.code, refused.err)
	}
	if refused := s.cli("cluster", "version", "rollback", w.name, "1"); refused.code == 0 || !strings.Contains(refused.err, goesBack) {
		t.Errorf("rollback without a savepoint: exit code %d\n%s", refused.code, refused.err)
	}
	w.runs(newest, newest)
	w.grows(100)
	w.clean("after the refusals", false)

	s.must("job", "savepoint", w.name)
	held := w.held(old)
	s.must("cluster", "version", "rollback", w.name, "1", "--savepoint", old, "--timeout", "3m")
	w.fresh[w.starts()[0].Name] = held + 1 // what came after that savepoint is given up
	w.until("the old version writes again", func() bool { return w.lives() == 3 })
	w.clean("after the way back", false)
	s.must("job", "stop", w.name)
	if _, r := s.witness("older", false, "--flink-version", oldest, "--savepoint", w.newerSavepoint()); r.code == 0 || !strings.Contains(r.err, "by a newer line of Flink") {
		t.Errorf("a start from a newer line's savepoint: exit code %d\n%s", r.code, r.err)
	}
}

// The original's Flink versions run on the oldest line, and whoever asks is told (R03).
func TestTheOriginalsVersionsRunOnTheOldestLine(t *testing.T) {
	oldest := versions(t)[0]
	s := newServer(t)
	for _, legacy := range []string{"1.16.0", "1.17.0"} {
		name := "legacy-" + strings.ReplaceAll(legacy, ".", "-")
		w, r := s.witness(name, false, "--flink-version", legacy)
		if r.code != 0 {
			t.Fatalf("create: %s", r.err)
		}
		w.runs(legacy, oldest)
		op := s.outcome(name, "cluster.create")
		if lines := s.must("operation", "show", op.Name); !strings.Contains(lines, legacy+" runs as "+oldest) {
			t.Errorf("the operation's log does not say what %s runs as:\n%s", legacy, lines)
		}
		w.grows(100)
		s.must("cluster", "delete", name, "--yes")
	}
}

// runs checks which version is declared, and which one really runs.
func (w *witnessed) runs(declared, real string) {
	w.t.Helper()
	p := read[struct {
		Properties struct {
			ClusterProfile struct {
				OSSVersion string
				Components []struct{ Name, Version string }
			}
		}
	}](w.server, "cluster", "show", w.name).Properties.ClusterProfile
	if p.OSSVersion != declared || len(p.Components) == 0 || p.Components[0].Version != real {
		w.t.Errorf("the cluster is %+v, want %s that runs as %s", p, declared, real)
	}
}

// toSink are the arguments that a new version of a job with a sink needs.
func (w *witnessed) toSink() []string {
	return []string{"--arg", "--out", "--arg", "abfs://out@local.dfs.core.windows.net/" + w.name}
}

// newerSavepoint is a savepoint that version 2 of the job made.
func (w *witnessed) newerSavepoint() string {
	w.t.Helper()
	newer := map[string]bool{}
	for _, one := range w.starts() {
		newer[one.Name] = one.Properties.Version == 2
	}
	for _, p := range read[[]savepoint](w.server, "savepoint", "list", w.name) {
		if newer[p.Properties.Incarnation] {
			return p.Properties.URI
		}
	}
	w.t.Fatal("the newer line left no savepoint")
	return ""
}
