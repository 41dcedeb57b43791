package flink

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machinePython puts a Python 3 on the path that makes virtual environments and has a pip, as far as an installation calls them. An environment's
// Python is a link to this one.
func machinePython(t *testing.T, minor, pip string) {
	t.Helper()
	program(t, "python3", `case "$*" in
*version_info*) echo `+minor+`;;
*sysconfig*) echo "${0%/bin/python}/lib/site-packages";;
"-m venv --without-pip "*) mkdir -p "$4/bin" "$4/lib/site-packages"; ln -s "$0" "$4/bin/python"; ln -s lib "$4/lib64"; echo "$4" > "$4/bin/activate";;
"-m pip --python "*) site=${4%/bin/python}/lib/site-packages; `+pip+`;;
*) echo "not expected: $*"; exit 2;;
esac`)
	for n := range 16 { // others that this machine may have
		if n >= 9 {
			program(t, "python3."+numbers([]int{n}), "exit 1")
		}
	}
}

const goodPip = `[ "$8" = apache-flink==2.3.0 ] && [ -f "$site/apache_flink_libraries-2.3.0.dist-info/METADATA" ] || { echo "called with $*"; exit 1; }
mkdir -p "$site/pyflink"; echo run > "$site/pyflink/run.sh"; chmod 755 "$site/pyflink/run.sh"; echo x > "$site/../../bin/f2py"`

func TestPythonIsAddedToARelease(t *testing.T) {
	machinePython(t, "11", goodPip)
	d := Distributions{t.TempDir()}
	if _, err := install(t, d, unpacked(t, least...)); err != nil {
		t.Fatal(err)
	}
	with := func(in *Installation) { in.With = []string{"python"} }
	dist, err := install(t, d, "", with)
	if err != nil || !slices.Equal(dist.Extras, []string{"python"}) || !dist.HasPython() {
		t.Fatalf("got %+v, %v", dist, err)
	}
	if faults, err := dist.Verify(t.Context()); err != nil || len(faults) != 0 {
		t.Errorf("faults: %v, %v", faults, err)
	}
	for path, want := range map[string]os.FileMode{
		"python/lib/site-packages/pyflink/run.sh": 0o555, "python/lib/site-packages/apache_flink_libraries-2.3.0.dist-info/METADATA": 0o444,
		"python/bin/python": 0o755, // the machine's own, behind a link
	} {
		if info, err := os.Stat(filepath.Join(dist.Path, path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info, err, want)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dist.Path, "python", "bin")); err != nil || len(left) != 1 {
		t.Errorf("programs that name the folder they were made in: %v, %v", left, err)
	}
	jar := extraJar(t, "s3", "2.3.0") // a release with links gets other extras too
	dist, err = install(t, d, "", func(in *Installation) { in.ExtraFrom = map[string]string{"s3": jar} })
	if err != nil || !slices.Equal(dist.Extras, []string{"s3", "python"}) {
		t.Errorf("with another extra: %+v, %v", dist, err)
	}
}

func TestAPythonThatCannotBeHadIsToldAndLeavesNothing(t *testing.T) {
	for why, tt := range map[string]struct {
		minor, pip string
		want       []string
	}{
		"too new a Python": {"13", goodPip, []string{"built for Python 3.9 to 3.12, and this is 3.13", "; install python3.12"}},
		"too old a Python": {"8", goodPip, []string{"and this is 3.8"}},
		"no Python":        {"none", goodPip, []string{"and there is none"}},
		"a pip that fails": {"12", "echo no matching distribution; exit 1", []string{"Python 3.12: no matching distribution"}},
	} {
		t.Run(why, func(t *testing.T) {
			machinePython(t, tt.minor, tt.pip)
			d := Distributions{t.TempDir()}
			_, err := install(t, d, unpacked(t, least...), func(in *Installation) { in.With = []string{"python"} })
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			leftIn(t, d)
		})
	}
}

func TestAPythonThatThePackageIsBuiltForIsFoundByItsName(t *testing.T) {
	machinePython(t, "13", "")
	program(t, "python3.12", "echo 12")
	if p, err := FindPython(t.Context(), "2.3.0"); err != nil || p.Version != "3.12" {
		t.Errorf("for 2.3.0: got %+v, %v", p, err)
	}
	if p, err := FindPython(t.Context(), "1.20.5"); err == nil {
		t.Errorf("for 1.20.5: got %+v", p)
	}
}

func TestAReleaseWhosePythonIsGoneSaysSo(t *testing.T) {
	d := Distribution{Version: "2.3.0", Path: t.TempDir(), Extras: []string{"python"}}
	if err := d.CheckPython(t.Context()); err == nil || !strings.Contains(err.Error(), "; drey distribution remove 2.3.0") {
		t.Errorf("got %v", err)
	}
	d.Extras = nil
	if err := d.CheckPython(t.Context()); err != nil {
		t.Errorf("without the extra: %v", err)
	}
}
