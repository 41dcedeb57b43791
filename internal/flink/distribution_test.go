package flink

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

func install(t *testing.T, d Distributions, from string) (Distribution, error) {
	t.Helper()
	t.Cleanup(func() { removeAll(d.Dir) })
	return d.Install(t.Context(), "2.3.0", from, quiet)
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
			if entries, err := os.ReadDir(d.Dir); err != nil || len(entries) != 0 {
				t.Errorf("left are %v, %v", entries, err)
			}
		})
	}
}

func TestAReleaseInUseIsNotRemoved(t *testing.T) {
	d := Distributions{filepath.Join(t.TempDir(), "distributions")}
	if _, err := install(t, d, wheel(t, "pyflink/lib/flink-dist-2.3.0.jar")); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove("2.3.0", func(string) string { return "cluster orders" }); err == nil || !strings.Contains(err.Error(), "cluster orders") {
		t.Errorf("got %v", err)
	}
	if err := d.Remove("2.3.0", func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Show("2.3.0"); err == nil || !strings.Contains(err.Error(), "drey distribution install 2.3.0") {
		t.Errorf("got %v", err)
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
		"21 is too new for 1": {21, "1.20.5", "Java 11 or 17"},
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
