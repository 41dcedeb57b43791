package flink

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wheel writes a small wheel with these files.
func wheel(t *testing.T, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "apache_flink_libraries-2.3.0-py3-none-any.whl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func quiet(Progress) {}

// install installs Flink 2.3.0; how may ask for more.
func install(t *testing.T, d Distributions, from string, how ...func(*Installation)) (Distribution, error) {
	t.Helper()
	t.Cleanup(func() { removeAll(d.Dir) })
	in := Installation{Version: "2.3.0", From: from, Progress: quiet}
	for _, h := range how {
		h(&in)
	}
	return d.Install(t.Context(), in)
}

// leftIn fails for anything that lies below d.
func leftIn(t *testing.T, d Distributions) {
	t.Helper()
	if entries, err := os.ReadDir(d.Dir); err != nil || len(entries) != 0 {
		t.Errorf("left are %v, %v", entries, err)
	}
}

func TestAReleaseIsInstalledOnceAndReadOnly(t *testing.T) {
	d := Distributions{filepath.Join(t.TempDir(), "distributions")}
	from := wheel(t, "pyflink/lib/flink-dist-2.3.0.jar", "pyflink/plugins/metrics/m.jar", "pyflink/other.py", "../../evil/lib/x.jar")
	dist, err := install(t, d, from)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dist.Path, "lib", "flink-dist-2.3.0.jar"))
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("the jar: %v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dist.Path, "other.py")); !os.IsNotExist(err) {
		t.Errorf("a file that is not used was installed: %v", err)
	}
	again, err := install(t, d, "/nowhere")
	if err != nil || again.Digest != dist.Digest {
		t.Errorf("the second installation: %+v, %v", again, err)
	}
	other := Distributions{filepath.Join(t.TempDir(), "d2")}
	same, err := install(t, other, from)
	if err != nil || same.Digest != dist.Digest {
		t.Errorf("the same release has digest %s and %s: %v", dist.Digest, same.Digest, err)
	}
	if list, err := d.List(); err != nil || len(list) != 1 || list[0].Version != "2.3.0" {
		t.Errorf("the list is %v, %v", list, err)
	}
}

func TestWhatIsNoReleaseLeavesNothing(t *testing.T) {
	for why, tt := range map[string]struct{ file, want string }{
		"another version": {"pyflink/lib/flink-dist-2.2.1.jar", "this is Flink 2.2.1"},
		"no Flink at all": {"pyflink/lib/other.jar", "no Flink release"},
	} {
		t.Run(why, func(t *testing.T) {
			d := Distributions{filepath.Join(t.TempDir(), "distributions")}
			_, err := install(t, d, wheel(t, tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			leftIn(t, d)
		})
	}
}

func TestAReleaseIsNotRemovedWhileAJobRunsFromIt(t *testing.T) {
	d := Distributions{filepath.Join(t.TempDir(), "distributions")}
	dist, err := install(t, d, wheel(t, "pyflink/lib/flink-dist-2.3.0.jar"))
	if err != nil {
		t.Fatal(err)
	}
	job := exec.Command("sleep", "600")
	link := filepath.Join(t.TempDir(), "flink") // the same folder by another name
	if err := os.Symlink(dist.Path, link); err != nil {
		t.Fatal(err)
	}
	job.Env = []string{"FLINK_HOME=" + link, "DREY_INCARNATION=3f9a/jobmanager-0"}
	if err := job.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = job.Process.Kill() })
	if err := d.Remove(t.Context(), "2.3.0"); err == nil || !strings.Contains(err.Error(), "3f9a/jobmanager-0") {
		t.Errorf("got %v", err)
	}
	if _, err := d.Show("2.3.0"); err != nil {
		t.Fatalf("it was removed: %v", err)
	}
	if err := job.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = job.Wait() // it was killed
	if err := d.Remove(t.Context(), "2.3.0"); err != nil {
		t.Fatal(err)
	}
	leftIn(t, d)
	for _, version := range []string{"2.3.0", "../distributions"} {
		if err := d.Remove(t.Context(), version); err == nil || !strings.Contains(err.Error(), "is not installed") {
			t.Errorf("%s: got %v", version, err)
		}
	}
}

func TestADamagedMarkerIsToldAndHealedByAnotherInstallation(t *testing.T) {
	d := Distributions{filepath.Join(t.TempDir(), "distributions")}
	from := wheel(t, "pyflink/lib/flink-dist-2.3.0.jar")
	dist, err := install(t, d, from)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, filepath.Join(dist.Path, markerFile), "{")
	if _, err := d.Show("2.3.0"); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
	if again, err := install(t, d, from); err != nil || again.Digest != dist.Digest {
		t.Errorf("got %+v, %v", again, err)
	}
	if versions, err := d.Versions(); err != nil || len(versions) != 1 {
		t.Errorf("there are %v, %v", versions, err)
	}
}

// overwrite writes a file of a sealed release anew.
func overwrite(t *testing.T, path, text string) {
	t.Helper()
	for _, p := range []string{filepath.Dir(path), path} {
		if err := os.Chmod(p, 0o755); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyNamesEachFileThatIsNotAsItWasInstalled(t *testing.T) {
	const core, plugin = "lib/flink-dist-2.3.0.jar", "plugins/metrics/m.jar"
	for why, tt := range map[string]struct {
		damage func(t *testing.T, home string)
		want   []Fault
		core   bool // the main jar is at fault
	}{
		"nothing":       {func(*testing.T, string) {}, nil, false},
		"a changed one": {func(t *testing.T, home string) { overwrite(t, filepath.Join(home, core), "x") }, []Fault{{core, "changed"}}, true},
		"an added one":  {func(t *testing.T, home string) { overwrite(t, filepath.Join(home, "lib/x.jar"), "x") }, []Fault{{"lib/x.jar", "added"}}, false},
		"a missing one": {func(t *testing.T, home string) {
			overwrite(t, filepath.Join(home, plugin), "x") // opens the folder
			if err := os.Remove(filepath.Join(home, plugin)); err != nil {
				t.Fatal(err)
			}
		}, []Fault{{plugin, "missing"}}, false},
		"no record, as of old, but nothing changed": {func(t *testing.T, home string) { forgetRecord(t, home) }, nil, false},
		"no record, and something changed": {func(t *testing.T, home string) {
			forgetRecord(t, home)
			overwrite(t, filepath.Join(home, plugin), "x")
		}, []Fault{{".", "changed"}}, false},
		"the record is changed with the file": {func(t *testing.T, home string) {
			overwrite(t, filepath.Join(home, core), "x")
			files, err := sums(t.Context(), home)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, filepath.Join(home, recordFile), record(files))
		}, []Fault{{".", "changed"}}, false},
	} {
		t.Run(why, func(t *testing.T) {
			d := Distributions{filepath.Join(t.TempDir(), "distributions")}
			dist, err := install(t, d, wheel(t, "pyflink/"+core, "pyflink/"+plugin))
			if err != nil {
				t.Fatal(err)
			}
			tt.damage(t, dist.Path)
			got, err := dist.Verify(t.Context())
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if err := dist.CheckCore(); (err != nil) != tt.core {
				t.Errorf("the main jar: %v", err)
			}
		})
	}
}

func forgetRecord(t *testing.T, home string) {
	t.Helper()
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(home, recordFile)); err != nil {
		t.Fatal(err)
	}
}

func TestWhichJavaRunsWhichFlink(t *testing.T) {
	for why, tt := range map[string]struct {
		major   int
		version string
		want    string
	}{
		"17 runs all":         {17, "2.3.0", ""},
		"17 runs the old one": {17, "1.20.5", ""},
		"8 runs none":         {8, "2.3.0", "Java 11, 17, 21 or 25"},
		"21 is too new for 1": {21, "1.20.5", "Java 11 or 17; install a JDK 17 "},
	} {
		t.Run(why, func(t *testing.T) {
			err := Java{Version: "x", Major: tt.major}.Runs(tt.version)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
