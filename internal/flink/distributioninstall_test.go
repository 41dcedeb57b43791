package flink

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tgz writes an archive with these files, whose content is their name below the release.
func tgz(t *testing.T, top string, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flink-2.3.0-bin.tgz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: top + name, Mode: 0o644, Size: int64(len("pyflink/" + name))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("pyflink/" + name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// unpacked lays down a release as its owner has it, with its plugins behind a link.
func unpacked(t *testing.T, names ...string) string {
	t.Helper()
	home, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(home, "plugins")); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "conf/config.yaml") {
		path := filepath.Join(home, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("pyflink/"+name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

var least = []string{"lib/flink-dist-2.3.0.jar", "plugins/metrics/m.jar"}

func TestAReleaseIsTheSameFromEachPacking(t *testing.T) {
	linked := filepath.Join(t.TempDir(), "flink")
	if err := os.Symlink(unpacked(t, least...), linked); err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for why, from := range map[string]string{
		"a wheel":             wheel(t, "pyflink/"+least[0], "pyflink/"+least[1]),
		"a .tgz":              tgz(t, "flink-2.3.0/", least...),
		"what pip has of 1.x": tgz(t, "apache_flink_libraries-2.3.0/deps/", least...),
		"a folder":            unpacked(t, least...),
		"a link to a folder":  linked,
	} {
		dist, err := install(t, Distributions{filepath.Join(t.TempDir(), "d")}, from)
		if err != nil || dist.Source != filepath.Base(from) {
			t.Errorf("%s: %+v, %v", why, dist, err)
		}
		digests[dist.Digest] = true
	}
	if len(digests) != 1 {
		t.Errorf("the digests differ: %v", digests)
	}
}

func TestFlinkHomeIsTakenIfItIsTheVersionThatIsAskedFor(t *testing.T) {
	program(t, "python3", "echo no registry; exit 1")
	for why, tt := range map[string]struct {
		dist string // its main jar
		from string // "" is a failure of pip
		says string
	}{
		"the version":     {"2.3.0", "FLINK_HOME", "copying Flink 2.3.0 from FLINK_HOME"},
		"another version": {"2.2.1", "", "FLINK_HOME has Flink 2.2.1: it is not used"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Setenv("FLINK_HOME", unpacked(t, "lib/flink-dist-"+tt.dist+".jar"))
			var said []string
			dist, err := install(t, Distributions{filepath.Join(t.TempDir(), "d")}, "", func(in *Installation) {
				in.Progress = func(p Progress) { said = append(said, p.Text) }
			})
			if dist.Source != tt.from || (tt.from == "") != (err != nil && strings.Contains(err.Error(), "no registry; use --from")) {
				t.Errorf("got %+v, %v", dist, err)
			}
			if !slices.ContainsFunc(said, func(text string) bool { return strings.HasPrefix(text, tt.says) }) {
				t.Errorf("it said %q", said)
			}
		})
	}
}

func TestAnArchiveMustHaveTheDigestThatIsNamed(t *testing.T) {
	from := tgz(t, "flink-2.3.0/", least...)
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	sum256, sum512 := fmt.Sprintf("%x", sha256.Sum256(raw)), fmt.Sprintf("%X", sha512.Sum512(raw))
	for why, tt := range map[string]struct {
		from, sum256, sum512, want string
	}{
		"both":                     {from, sum256, sum512, ""},
		"another SHA-256":          {from, strings.Repeat("0", 64), "", "has the SHA-256 " + sum256},
		"another SHA-512":          {from, sum256, strings.Repeat("0", 128), "has the SHA-512 "},
		"half of one":              {from, sum256[:32], "", "that has 64 hexadecimal digits"},
		"of a folder":              {unpacked(t, least...), sum256, "", "a folder has no digest"},
		"of what pip has to fetch": {"", sum256, "", "name it with --from"},
	} {
		t.Run(why, func(t *testing.T) {
			d := Distributions{filepath.Join(t.TempDir(), "d")}
			_, err := install(t, d, tt.from, func(in *Installation) { in.SHA256, in.SHA512 = tt.sum256, tt.sum512 })
			if tt.want == "" && err == nil {
				return
			}
			if tt.want == "" || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			leftIn(t, d)
		})
	}
}

func TestInstallationsAtTheSameTimeLoseNothing(t *testing.T) {
	d := Distributions{filepath.Join(t.TempDir(), "distributions")}
	from := unpacked(t, least...)
	wanted := []string{"azure", "gs", "s3"}
	ended := make(chan error)
	for _, name := range wanted {
		jars := map[string]string{name: extraJar(t, name, "2.3.0")}
		go func() {
			_, err := d.Install(t.Context(), Installation{Version: "2.3.0", From: from, ExtraFrom: jars, Progress: quiet})
			ended <- err
		}()
	}
	for range wanted {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { removeAll(d.Dir) })
	dist, err := d.Show("2.3.0")
	if slices.Sort(dist.Extras); err != nil || !slices.Equal(dist.Extras, wanted) {
		t.Errorf("got %v, %v; want %v", dist.Extras, err, wanted)
	}
	if faults, err := dist.Verify(t.Context()); err != nil || len(faults) != 0 {
		t.Errorf("faults: %v, %v", faults, err)
	}
}

func TestAnInstallationThatWaitsForAnotherCanBeGivenUp(t *testing.T) {
	d := Distributions{t.TempDir()}
	unlock, err := d.lock(t.Context(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	in := Installation{Version: "2.3.0", From: "x", Progress: func(p Progress) {
		if strings.HasPrefix(p.Text, "waiting") {
			cancel()
		}
	}}
	if _, err := d.Install(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWhatAnInterruptedInstallationLeftIsRemoved(t *testing.T) {
	d := Distributions{t.TempDir()}
	left := filepath.Join(d.Dir, tmpPrefix+"1", "home")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(left, 0o555); err != nil {
		t.Fatal(err)
	}
	if _, err := install(t, d, unpacked(t, least...)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("it is there: %v", err)
	}
}
