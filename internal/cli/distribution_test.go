package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/daemon"
	"drey/internal/flink"
)

const coreJar = "lib/flink-dist-2.3.0.jar"

// dataWithFlink is a data directory with a small release in it.
func dataWithFlink(t *testing.T) (data string) {
	t.Helper()
	t.Setenv("DREY_DISTRIBUTIONS", "")
	data, from := t.TempDir(), t.TempDir()
	t.Cleanup(func() { open(t, data) })
	if err := os.Mkdir(filepath.Join(from, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, coreJar), []byte("Flink"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := runIn(t, t.TempDir(), "distribution", "install", "2.3.0", "--data", data, "--from", from); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	return data
}

// open makes everything below dir writable again.
func open(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// spoil changes the main jar of the release.
func spoil(t *testing.T, data string) {
	t.Helper()
	open(t, data)
	if err := os.WriteFile(filepath.Join(data, "distributions", "2.3.0", coreJar), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDistributionCommands(t *testing.T) {
	for why, tt := range map[string]struct {
		args   []string
		spoilt bool
		code   int
		says   string // on stdout or stderr
	}{
		"list":                             {[]string{"list", "-o", "name"}, false, exitOK, "2.3.0\n"},
		"show":                             {[]string{"show", "2.3.0", "-o", "json"}, false, exitOK, `"extras": []`},
		"show what is not there":           {[]string{"show", "2.2.0"}, false, exitNotFound, "hint: use `drey distribution install 2.2.0`"},
		"install it again":                 {[]string{"install", "2.3.0"}, false, exitOK, "is there already"},
		"install something else":           {[]string{"install", "2.2.1", "--from", "/nowhere.tgz"}, false, exitFailed, "Cannot install Flink 2.2.1: cannot read nowhere.tgz"},
		"an extra that is none":            {[]string{"install", "2.3.0", "--with", "ftp"}, false, exitUsage, "there are s3, s3-presto"},
		"a jar of an extra that is none":   {[]string{"install", "2.3.0", "--extra-from", "ftp=x.jar"}, false, exitUsage, "there are s3, s3-presto"},
		"an extra's jar without the extra": {[]string{"install", "2.3.0", "--extra-from", "x.jar"}, false, exitUsage, "no key=value"},
		"verify":                           {[]string{"verify", "2.3.0"}, false, exitOK, "Flink 2.3.0 is as it was installed."},
		"verify a damaged one":             {[]string{"verify", "2.3.0", "-o", "tsv"}, true, exitFailed, coreJar + "\tchanged\n"},
		"verify what is not there":         {[]string{"verify", "2.2.0"}, false, exitNotFound, "not installed"},
		"remove":                           {[]string{"remove", "2.3.0"}, false, exitOK, ""},
		"remove what is not there":         {[]string{"remove", "2.2.0"}, false, exitNotFound, "not installed"},
	} {
		t.Run(why, func(t *testing.T) {
			data := dataWithFlink(t)
			if tt.spoilt {
				spoil(t, data)
			}
			out, stderr, code := runIn(t, t.TempDir(), append([]string{"distribution", "--data", data}, tt.args...)...)
			if code != tt.code || !strings.Contains(out+stderr, tt.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s%s", code, tt.code, tt.says, out, stderr)
			}
		})
	}
}

func TestAReleaseIsRemovedOnlyIfTheServerOfItsDataDirectoryHasNoClusterOfIt(t *testing.T) {
	for why, tt := range map[string]struct {
		server, answers bool
		code            int
		says            string
	}{
		"a cluster is of it":      {true, true, exitConflict, "in use by cluster orders"},
		"the server is not heard": {true, false, exitUnavailable, "Cannot remove Flink 2.3.0"},
		"no server runs":          {false, true, exitOK, ""}, // what its connection file says is old
	} {
		t.Run(why, func(t *testing.T) {
			data, f := dataWithFlink(t), newFake(t)
			if tt.answers {
				f.connectionIn(t, data)
			}
			if tt.server {
				lock, err := daemon.TakeLock(data)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = lock.Release() }()
			}
			_, stderr, code := runIn(t, t.TempDir(), "distribution", "remove", "2.3.0", "--data", data)
			if code != tt.code || !strings.Contains(stderr, tt.says) {
				t.Errorf("exit code %d, want %d and %q: %s", code, tt.code, tt.says, stderr)
			}
			_, err := os.Stat(filepath.Join(data, "distributions", "2.3.0"))
			if gone := os.IsNotExist(err); gone != (tt.code == exitOK) {
				t.Errorf("gone: %v", gone)
			}
		})
	}
}

func TestTheDoctorLooksAtEachRelease(t *testing.T) {
	for why, tt := range map[string]struct {
		java int // major
		do   func(t *testing.T, data string)
		mark string
		text string
		fix  string
	}{
		"one that is sound":   {17, func(*testing.T, string) {}, "ok", "Flink 2.3.0, runs on Java 11, 17, 21 or 25", ""},
		"one that is damaged": {17, spoil, "bad", "is not the file that was installed", "drey distribution verify 2.3.0"},
		"one that cannot be read": {17, func(t *testing.T, data string) {
			open(t, data)
			if err := os.Remove(filepath.Join(data, "distributions", "2.3.0", coreJar)); err != nil {
				t.Fatal(err)
			}
		}, "bad", "cannot be read", "drey distribution remove 2.3.0"},
		"one that this Java does not run": {8, func(*testing.T, string) {}, "bad", "wrong Java", "install a JDK 17"},
		"none": {17, func(t *testing.T, data string) {
			if err := (flink.Distributions{Dir: filepath.Join(data, "distributions")}).Remove(t.Context(), "2.3.0"); err != nil {
				t.Fatal(err)
			}
		}, "bad", "no Flink is installed", "drey distribution install"},
	} {
		t.Run(why, func(t *testing.T) {
			data := dataWithFlink(t)
			tt.do(t, data)
			got := checkFlink(t.Context(), data, flink.Java{Major: tt.java}, true)
			if len(got) != 1 || got[0].Mark != tt.mark || !strings.Contains(got[0].Text, tt.text) || !strings.Contains(got[0].Fix, tt.fix) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
