package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"drey/internal/flink"
)

// fakeArchives are archives of a data directory with one release that has one jar.
func fakeArchives(t *testing.T) *archives {
	t.Helper()
	dir := t.TempDir()
	a := &archives{
		dir: filepath.Join(dir, archivesFolder), java: flink.Java{Path: "/jdk/bin/java", Version: "17.0.15", Major: 17, Build: "17.0.15+6"},
		dists: flink.Distributions{Dir: filepath.Join(dir, "distributions")}, jar: Carried{Path: "/bin/drey.jar", SHA256: "cafe"}, log: slog.New(slog.DiscardHandler),
	}
	put(t, filepath.Join(a.dists.Dir, "2.3.0", "drey-distribution.json"), `{"version": "2.3.0", "digest": "d"}`)
	put(t, filepath.Join(a.dists.Dir, "2.3.0", "lib", "flink-dist-2.3.0.jar"), "jar")
	t.Cleanup(func() { _ = removeTree(a.dir) })
	return a
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// train does what a training run does, without one.
func train(t *testing.T, a *archives) (key string) {
	t.Helper()
	source, err := a.source("2.3.0")
	if err != nil {
		t.Fatal(err)
	}
	key = source.Key()
	for _, role := range []string{flink.RoleJobManager, flink.RoleTaskManager} {
		put(t, filepath.Join(a.dir, key, role+".jsa"), "classes")
	}
	if err := writeJSON(filepath.Join(a.dir, key, archiveFile), source); err != nil {
		t.Fatal(err)
	}
	if err := seal(filepath.Join(a.dir, key)); err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *archives) sweepNow(t *testing.T) []string {
	t.Helper()
	wanted, err := a.wanted()
	if err != nil {
		t.Fatal(err)
	}
	a.sweep(t.Context(), wanted)
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestArchivesAreUsedOnceTheyAreThere(t *testing.T) {
	t.Parallel()
	a := fakeArchives(t)
	if got := a.of("2.3.0"); got != (flink.Archives{}) {
		t.Errorf("before: got %+v", got)
	}
	key := train(t, a)
	want := flink.Archives{JobManager: filepath.Join(a.dir, key, "jobmanager.jsa"), TaskManager: filepath.Join(a.dir, key, "taskmanager.jsa")}
	if got := a.of("2.3.0"); got != want {
		t.Errorf("after: got %+v, want %+v", got, want)
	}
	if data := filepath.Dir(a.dir); !HasArchives(data, "2.3.0") || HasArchives(data, "2.2.0") {
		t.Error("the doctor does not see them, or others")
	}
	if got := a.of("2.2.0"); got != (flink.Archives{}) {
		t.Errorf("of a release that is not installed: got %+v", got)
	}
	for name, mode := range map[string]os.FileMode{"": 0o500, "jobmanager.jsa": 0o400, archiveFile: 0o400} {
		if info, err := os.Stat(filepath.Join(a.dir, key, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%q: got %v (%v), want %v", name, info.Mode(), err, mode)
		}
	}
}

func TestStaleArchivesAreNotUsed(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(t *testing.T, a *archives){
		"a jar was added": func(t *testing.T, a *archives) { put(t, filepath.Join(a.dists.Dir, "2.3.0", "lib", "more.jar"), "jar") },
		"a jar is another": func(t *testing.T, a *archives) {
			put(t, filepath.Join(a.dists.Dir, "2.3.0", "lib", "flink-dist-2.3.0.jar"), "another")
		},
		"a jar has another time": func(t *testing.T, a *archives) {
			if err := os.Chtimes(filepath.Join(a.dists.Dir, "2.3.0", "lib", "flink-dist-2.3.0.jar"), time.Time{}, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		},
		"Java was renewed":    func(_ *testing.T, a *archives) { a.java.Build = "17.0.16+8" },
		"Java is another":     func(_ *testing.T, a *archives) { a.java.Path, a.java.Major = "/jdk25/bin/java", 25 },
		"our jar was renewed": func(_ *testing.T, a *archives) { a.jar.SHA256 = "beef" },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			a := fakeArchives(t)
			train(t, a)
			if change(t, a); a.of("2.3.0") != (flink.Archives{}) {
				t.Errorf("got %+v", a.of("2.3.0"))
			}
		})
	}
}

func TestAHalfMadeArchiveIsNotUsedAndIsRemoved(t *testing.T) {
	t.Parallel()
	a := fakeArchives(t)
	put(t, filepath.Join(a.dir, halfMade+"1", "out", "jobmanager.jsa"), "half")
	if got := a.of("2.3.0"); got != (flink.Archives{}) {
		t.Errorf("got %+v", got)
	}
	if left := a.sweepNow(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestAnOldArchiveStaysUntilItsSuccessorIsThere(t *testing.T) {
	t.Parallel()
	a := fakeArchives(t)
	old := train(t, a)
	a.jar.SHA256 = "beef"
	if left := a.sweepNow(t); len(left) != 1 || left[0] != old {
		t.Errorf("before: left %q", left)
	}
	next := train(t, a)
	if left := a.sweepNow(t); len(left) != 1 || left[0] != next {
		t.Errorf("after: left %q, want %s", left, next)
	}
}

func TestArchivesGoWithTheirRelease(t *testing.T) {
	t.Parallel()
	a := fakeArchives(t)
	train(t, a)
	if err := os.RemoveAll(filepath.Join(a.dists.Dir, "2.3.0")); err != nil {
		t.Fatal(err)
	}
	if left := a.sweepNow(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestAJavaWithoutArchivesIsLeftAlone(t *testing.T) {
	t.Parallel()
	a := fakeArchives(t)
	a.java.Major = 11
	a.run(context.Background()) // comes back at once
}
