package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Distribution is an unpacked Flink release: read-only, found by its version.
type Distribution struct {
	Version     string    `json:"version"`
	Digest      string    `json:"digest"` // SHA-256 in hex over the sorted paths and contents
	Source      string    `json:"source"` // "pip", or the base name of what it was installed from
	InstalledAt time.Time `json:"installedAt"`
	Path        string    `json:"path,omitempty"` // FLINK_HOME; where it lies now
}

// Distributions are the releases installed below one folder: Dir/<version> is a FLINK_HOME.
type Distributions struct{ Dir string }

// Progress is how far an installation is; Total is 0 where it is not known.
type Progress struct {
	Text        string
	Done, Total int64 // bytes
}

const (
	markerFile = "drey-distribution.json"
	tmpPrefix  = ".tmp-"
)

// kept are the parts of a release that are used; configuration is rendered for each incarnation.
var kept = []string{"lib", "opt", "plugins", "bin", "LICENSE", "NOTICE", "licenses"}

// Install unpacks a release unless it is there. from is a folder, .tgz, .zip or .whl; "" downloads the wheel
// apache-flink-libraries by pip. A half-unpacked one is never seen under its version.
func (d Distributions) Install(ctx context.Context, version, from string, progress func(Progress)) (Distribution, error) {
	if !versionForm.MatchString(version) {
		return Distribution{}, fmt.Errorf("%q is no Flink version; try 2.3.0", version)
	}
	if done, err := d.Show(version); err == nil {
		return done, nil
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return Distribution{}, fmt.Errorf("cannot make the folder of distributions: %w", err)
	}
	d.sweep()
	tmp, err := os.MkdirTemp(d.Dir, tmpPrefix)
	if err != nil {
		return Distribution{}, fmt.Errorf("cannot make a folder to unpack to: %w", err)
	}
	defer removeAll(tmp)
	source := filepath.Base(from)
	if from == "" {
		source = "pip"
		if from, err = download(ctx, version, tmp, progress); err != nil {
			return Distribution{}, err
		}
	}
	home := filepath.Join(tmp, "home")
	if err := unpack(ctx, from, home, progress); err != nil {
		return Distribution{}, err
	}
	return d.place(home, version, source, progress)
}

// place checks what was unpacked, and moves it to its name.
func (d Distributions) place(home, version, source string, progress func(Progress)) (Distribution, error) {
	found, err := versionOf(home)
	if err != nil {
		return Distribution{}, err
	}
	if found != version {
		return Distribution{}, fmt.Errorf("this is Flink %s, not %s; use `drey distribution install %s`", found, version, found)
	}
	progress(Progress{Text: "checking"})
	digest, err := seal(home)
	if err != nil {
		return Distribution{}, err
	}
	dist := Distribution{Version: version, Digest: digest, Source: source, InstalledAt: time.Now().UTC().Truncate(time.Second)}
	raw, err := json.MarshalIndent(dist, "", "  ")
	if err != nil {
		return Distribution{}, err
	}
	if err := os.WriteFile(filepath.Join(home, markerFile), append(raw, '\n'), 0o444); err != nil {
		return Distribution{}, fmt.Errorf("cannot write the marker of a distribution: %w", err)
	}
	dist.Path = filepath.Join(d.Dir, version)
	if err := os.Rename(home, dist.Path); err != nil {
		if done, e := d.Show(version); e == nil {
			return done, nil // another install was first
		}
		return Distribution{}, fmt.Errorf("cannot put the distribution in place: %w", err)
	}
	return dist, errors.Join(os.Chmod(dist.Path, 0o555), syncFolder(d.Dir))
}

// sweep removes what an interrupted installation left.
func (d Distributions) sweep() {
	entries, err := os.ReadDir(d.Dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), tmpPrefix) && time.Since(info.ModTime()) > time.Hour {
			removeAll(filepath.Join(d.Dir, e.Name()))
		}
	}
}

// Show finds an installed release.
func (d Distributions) Show(version string) (Distribution, error) {
	path := filepath.Join(d.Dir, version)
	raw, err := os.ReadFile(filepath.Join(path, markerFile))
	if err != nil || !versionForm.MatchString(version) {
		return Distribution{}, fmt.Errorf("Flink %s is not installed; use `drey distribution install %s`", version, version)
	}
	var dist Distribution
	if err := json.Unmarshal(raw, &dist); err != nil {
		return Distribution{}, fmt.Errorf("the marker of Flink %s cannot be read: %w", version, err)
	}
	dist.Path = path
	return dist, nil
}

// List lists the installed releases, oldest version first.
func (d Distributions) List() ([]Distribution, error) {
	entries, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot list the distributions: %w", err)
	}
	var all []Distribution
	for _, e := range entries {
		if dist, err := d.Show(e.Name()); err == nil {
			all = append(all, dist)
		}
	}
	slices.SortFunc(all, func(a, b Distribution) int { return CompareVersions(a.Version, b.Version) })
	return all, nil
}

// Remove removes a release. inUse names a user of it, or "".
func (d Distributions) Remove(version string, inUse func(version string) string) error {
	dist, err := d.Show(version)
	if err != nil {
		return err
	}
	if user := inUse(version); user != "" {
		return fmt.Errorf("Flink %s is in use by %s", version, user)
	}
	tmp := filepath.Join(d.Dir, tmpPrefix+"remove-"+version)
	if err := os.Rename(dist.Path, tmp); err != nil {
		return fmt.Errorf("cannot remove Flink %s: %w", version, err)
	}
	removeAll(tmp)
	return nil
}

// CompareVersions orders two versions by their numbers.
func CompareVersions(a, b string) int {
	as, bs := strings.FieldsFunc(a, notDigit), strings.FieldsFunc(b, notDigit)
	for i := range min(len(as), len(bs)) {
		if len(as[i]) != len(bs[i]) {
			return len(as[i]) - len(bs[i])
		}
		if c := strings.Compare(as[i], bs[i]); c != 0 {
			return c
		}
	}
	return len(as) - len(bs)
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// versionOf reads the version off lib/flink-dist-<version>.jar.
func versionOf(home string) (string, error) {
	jars, err := filepath.Glob(filepath.Join(home, "lib", "flink-dist-*.jar"))
	if err != nil || len(jars) != 1 {
		return "", fmt.Errorf("this is no Flink release: there is no lib/flink-dist-<version>.jar")
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(jars[0]), "flink-dist-"), ".jar"), nil
}

// download fetches the wheel of a release by pip, which checks its digest.
func download(ctx context.Context, version, tmp string, progress func(Progress)) (string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("python3 was not found: pip fetches the release. Install python3 and python3-pip, or use --from FILE")
	}
	progress(Progress{Text: "downloading apache-flink-libraries " + version})
	dest := filepath.Join(tmp, "download")
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", dest, "apache-flink-libraries=="+version)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pip cannot fetch apache-flink-libraries %s: %s", version, lastLine(string(out), err))
	}
	files, err := filepath.Glob(filepath.Join(dest, "*"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("pip left no package of apache-flink-libraries %s", version)
	}
	return files[0], nil
}

func lastLine(out string, err error) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}
