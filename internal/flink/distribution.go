package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Distribution is an unpacked Flink release: read-only, found by its version.
type Distribution struct {
	Version     string    `json:"version"`
	Digest      string    `json:"digest"` // SHA-256 in hex over the sorted paths and contents
	Source      string    `json:"source"` // "pip", "FLINK_HOME", or the base name of what it was installed from
	InstalledAt time.Time `json:"installedAt"`
	Extras      []string  `json:"extras"`         // names of those that it has, in the order of the table
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
	markerFile = "drey-distribution.json"   // a Distribution
	recordFile = "drey-distribution.sha256" // the digest of each file, as sha256sum writes and checks them
	tmpPrefix  = ".tmp-"
	lockPoll   = 100 * time.Millisecond
)

// kept are the parts of a release that are used; configuration is rendered for each incarnation.
var kept = []string{"lib", "opt", "plugins", "bin", "LICENSE", "NOTICE", "licenses"}

// Show finds an installed release.
func (d Distributions) Show(version string) (Distribution, error) {
	home := filepath.Join(d.Dir, version)
	raw, err := os.ReadFile(filepath.Join(home, markerFile))
	if errors.Is(err, fs.ErrNotExist) || !versionForm.MatchString(version) {
		return Distribution{}, NotInstalledError{version}
	}
	var dist Distribution
	if err == nil {
		err = json.Unmarshal(raw, &dist)
	}
	if err != nil {
		return Distribution{}, fmt.Errorf("the marker of Flink %s cannot be read (%w); use `drey distribution install %s`", version, err, version)
	}
	dist.Path, dist.Extras = home, append([]string{}, dist.Extras...) // [] in JSON too
	return dist, nil
}

// NotInstalledError says that a release is not here.
type NotInstalledError struct{ Version string }

// Error implements error.
func (e NotInstalledError) Error() string {
	return fmt.Sprintf("Flink %s is not installed; use `drey distribution install %s`", e.Version, e.Version)
}

// InUseError says what needs a release that was to be removed.
type InUseError struct{ Version, By string }

// Error implements error.
func (e InUseError) Error() string {
	return fmt.Sprintf("Flink %s is in use by %s; stop and delete the cluster first", e.Version, e.By)
}

// lock takes the folder for one installation or removal at a time, and waits for another's end. The lock ends with its process.
func (d Distributions) lock(ctx context.Context, progress func(Progress)) (unlock func(), err error) {
	f, err := os.Open(d.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the folder of distributions: %w", err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			_ = f.Close()
			return nil, fmt.Errorf("cannot lock the folder of distributions: %w", err)
		}
		progress(Progress{Text: "waiting for another installation"})
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		}
	}
}

// sweep removes what an interrupted installation left; the lock is held.
func (d Distributions) sweep() {
	left, _ := fs.Glob(os.DirFS(d.Dir), tmpPrefix+"*") // the pattern is well formed
	for _, name := range left {
		removeAll(filepath.Join(d.Dir, name))
	}
}

// Versions names what lies here under a version, oldest first; Show may find it damaged.
func (d Distributions) Versions() ([]string, error) {
	entries, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot list the distributions: %w", err)
	}
	var all []string
	for _, e := range entries {
		if versionForm.MatchString(e.Name()) {
			all = append(all, e.Name())
		}
	}
	slices.SortFunc(all, CompareVersions)
	return all, nil
}

// List lists the installed releases, oldest version first.
func (d Distributions) List() ([]Distribution, error) {
	versions, err := d.Versions()
	var all []Distribution
	for _, version := range versions {
		if dist, err := d.Show(version); err == nil {
			all = append(all, dist)
		}
	}
	return all, err
}

// Remove removes a release that no process of a job runs from. Clusters that are to start from it again are the caller's to ask for.
func (d Distributions) Remove(ctx context.Context, version string) error {
	if !versionForm.MatchString(version) {
		return NotInstalledError{version}
	}
	unlock, err := d.lock(ctx, func(Progress) {})
	if errors.Is(err, fs.ErrNotExist) {
		return NotInstalledError{version}
	}
	if err != nil {
		return err
	}
	defer unlock()
	d.sweep()
	home := filepath.Join(d.Dir, version)
	if _, err := os.Stat(home); err != nil {
		return NotInstalledError{version}
	}
	user, err := userOf(home)
	if err != nil {
		return err
	}
	if user != "" {
		return InUseError{version, user}
	}
	tmp := filepath.Join(d.Dir, tmpPrefix+"remove-"+version)
	if err := os.Rename(home, tmp); err != nil {
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
	jars, err := fs.Glob(os.DirFS(home), "lib/flink-dist-*.jar")
	if err != nil || len(jars) != 1 {
		return "", fmt.Errorf("this is no Flink release: there is no lib/flink-dist-<version>.jar")
	}
	return strings.TrimSuffix(strings.TrimPrefix(path.Base(jars[0]), "flink-dist-"), ".jar"), nil
}
