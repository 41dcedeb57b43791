package flink

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// extraJar writes a jar that passes for an extra's.
func extraJar(t *testing.T, name, version string) string {
	t.Helper()
	e := extras[slices.IndexFunc(extras, func(e extra) bool { return e.name == name })]
	path := filepath.Join(t.TempDir(), "given.jar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for entry, text := range map[string]string{e.classes + "X.class": "", "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\nImplementation-Version: " + version + "\r\n"} {
		w, err := z.Create(entry)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// program puts a shell script first on the path.
func program(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// mvn puts a Maven on the path that has one jar, and wants to be called as the real one.
func mvn(t *testing.T, coordinates, jar string) {
	t.Helper()
	program(t, "mvn", `for arg; do case "$arg" in -DoutputDirectory=*) out=${arg#*=};; -Dartifact=*) what=${arg#*=};; esac; done
case " $* " in *" dependency:copy "*) ;; *) echo "no such goal: $*"; exit 2;; esac
[ "$what" = `+coordinates+` ] || { echo "[ERROR] Could not find artifact $what"; echo "[ERROR] [Help 1]"; exit 1; }
mkdir -p "$out"; name=${what#*:}; cp `+jar+` "$out/${name%:*}-${name#*:}.jar"`)
}

func TestAnExtraComesFromWhereItCanBeHad(t *testing.T) {
	const place = "plugins/s3-fs-hadoop/flink-s3-fs-hadoop-2.3.0.jar"
	s3 := func(in *Installation) { in.With = []string{"s3"} }
	for why, tt := range map[string]struct {
		from func(t *testing.T) string
		how  func(t *testing.T) func(*Installation)
	}{
		"the release's opt folder": {func(t *testing.T) string {
			home := unpacked(t, least...)
			if err := os.Mkdir(filepath.Join(home, "opt"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(extraJar(t, "s3", "2.3.0"), filepath.Join(home, "opt", "flink-s3-fs-hadoop-2.3.0.jar")); err != nil {
				t.Fatal(err)
			}
			return home
		}, func(t *testing.T) func(*Installation) { t.Setenv("PATH", t.TempDir()); return s3 }},
		"Maven": {nil, func(t *testing.T) func(*Installation) {
			mvn(t, "org.apache.flink:flink-s3-fs-hadoop:2.3.0", extraJar(t, "s3", "2.3.0"))
			return s3
		}},
		"a file": {nil, func(t *testing.T) func(*Installation) {
			jar := extraJar(t, "s3", "2.3.0")
			return func(in *Installation) { in.ExtraFrom = map[string]string{"s3": jar} }
		}},
	} {
		t.Run(why, func(t *testing.T) {
			from := unpacked(t, least...)
			if tt.from != nil {
				from = tt.from(t)
			}
			dist, err := install(t, Distributions{filepath.Join(t.TempDir(), "d")}, from, tt.how(t))
			if err != nil || !slices.Equal(dist.Extras, []string{"s3"}) {
				t.Fatalf("got %+v, %v", dist, err)
			}
			info, err := os.Stat(filepath.Join(dist.Path, place))
			if err != nil || info.Mode().Perm() != 0o444 {
				t.Errorf("the jar: %v, %v", info, err)
			}
			if faults, err := dist.Verify(t.Context()); err != nil || len(faults) != 0 {
				t.Errorf("faults: %v, %v", faults, err)
			}
		})
	}
}

func TestAnExtraThatCannotBeHadLeavesNothing(t *testing.T) {
	with := func(name string) func(*testing.T) func(*Installation) {
		return func(*testing.T) func(*Installation) {
			return func(in *Installation) { in.With = []string{name} }
		}
	}
	given := func(name, made, version string) func(*testing.T) func(*Installation) {
		return func(t *testing.T) func(*Installation) {
			jar := extraJar(t, made, version)
			return func(in *Installation) { in.ExtraFrom = map[string]string{name: jar} }
		}
	}
	for why, tt := range map[string]struct {
		how  func(t *testing.T) func(*Installation)
		want []string
	}{
		"no Maven": {func(t *testing.T) func(*Installation) { t.Setenv("PATH", t.TempDir()); return with("s3")(t) },
			[]string{"mvn was not found", "install Maven", "--extra-from s3=flink-s3-fs-hadoop-2.3.0.jar"}},
		"Maven has it not": {func(t *testing.T) func(*Installation) { mvn(t, "a:b:c", "/nowhere"); return with("gs")(t) },
			[]string{"Could not find artifact org.apache.flink:flink-gs-fs-hadoop:2.3.0", "--extra-from gs="}},
		"Maven leaves nothing":   {func(t *testing.T) func(*Installation) { program(t, "mvn", "exit 0"); return with("gs")(t) }, []string{"--extra-from gs="}},
		"a jar of another line":  {given("s3", "s3", "2.2.1"), []string{"is of Flink 2.2.1, not 2.3.0"}},
		"a jar of another extra": {given("s3", "azure", "2.3.0"), []string{"is no flink-s3-fs-hadoop"}},
		"an extra that is none":  {with("ftp"), []string{`"ftp" is no extra`, "s3, s3-presto, azure, gs, sql-gateway, python"}},
		"a file that is no jar": {func(*testing.T) func(*Installation) {
			return func(in *Installation) { in.ExtraFrom = map[string]string{"s3": "/dev/null"} }
		}, []string{"as a jar"}},
		"a file that is not there": {func(*testing.T) func(*Installation) {
			return func(in *Installation) { in.ExtraFrom = map[string]string{"s3": "/nowhere.jar"} }
		}, []string{"nowhere.jar"}},
	} {
		t.Run(why, func(t *testing.T) {
			d := Distributions{t.TempDir()}
			_, err := install(t, d, unpacked(t, least...), tt.how(t))
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			leftIn(t, d)
		})
	}
}

func TestAnExtraIsAddedToAReleaseThatJobsRunFrom(t *testing.T) {
	d := Distributions{t.TempDir()}
	before, err := install(t, d, unpacked(t, least...))
	if err != nil {
		t.Fatal(err)
	}
	core := filepath.Join(before.Path, least[0])
	was, err := os.Stat(core)
	if err != nil {
		t.Fatal(err)
	}
	jar := extraJar(t, "sql-gateway", "2.3.0")
	after, err := install(t, d, "", func(in *Installation) { in.ExtraFrom = map[string]string{"sql-gateway": jar} })
	if err != nil || after.Digest == before.Digest || after.Source != before.Source || !slices.Equal(after.Extras, []string{"sql-gateway"}) {
		t.Fatalf("got %+v, %v", after, err)
	}
	if is, err := os.Stat(core); err != nil || !os.SameFile(was, is) {
		t.Errorf("a running JVM's jar is another file: %v", err)
	}
	if faults, err := after.Verify(t.Context()); err != nil || len(faults) != 0 {
		t.Errorf("faults: %v, %v", faults, err)
	}
	if versions, err := os.ReadDir(d.Dir); err != nil || len(versions) != 1 {
		t.Errorf("there are %v, %v", versions, err)
	}
}

func TestADamagedReleaseGetsNoExtra(t *testing.T) {
	d := Distributions{t.TempDir()}
	dist, err := install(t, d, unpacked(t, least...))
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, filepath.Join(dist.Path, least[0]), "x")
	jar := extraJar(t, "s3", "2.3.0")
	_, err = install(t, d, "", func(in *Installation) { in.ExtraFrom = map[string]string{"s3": jar} })
	if err == nil || !strings.Contains(err.Error(), "lib/flink-dist-2.3.0.jar changed") {
		t.Errorf("got %v", err)
	}
}

func TestTheDocsHaveTheTableOfExtras(t *testing.T) {
	raw, err := os.ReadFile("../../docs/distributions.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(raw)
	for _, e := range extras {
		from := "`org.apache.flink:" + e.artifact + "`"
		if e.name == python {
			from = "by pip: `apache-flink`"
		}
		if want := fmt.Sprintf("| %s | `%s` |", from, e.folder); !strings.Contains(docs, "| `"+e.name+"` | ") || !strings.Contains(docs, want) {
			t.Errorf("docs/distributions.md lacks the extra %s with %s", e.name, want)
		}
	}
}
