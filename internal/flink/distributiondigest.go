package flink

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// summed is a file of a release: its path below FLINK_HOME, with slashes, and its SHA-256 in hex.
type summed struct{ path, sum string }

// sums are the files of a release in the order of a walk, without what we wrote about it, and without links: they lead to the machine's Python.
func sums(ctx context.Context, home string) (files []summed, err error) {
	err = filepath.WalkDir(home, func(p string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(home, p)
		if err != nil || rel == markerFile || rel == recordFile {
			return err
		}
		sum, err := fileDigest(p)
		files = append(files, summed{filepath.ToSlash(rel), sum})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the distribution: %w", err)
	}
	return files, nil
}

// digestOf is the digest of a whole release.
func digestOf(files []summed) string {
	whole := sha256.New()
	for _, f := range files {
		_, _ = fmt.Fprintf(whole, "%s %s\n", f.sum, f.path)
	}
	return hex.EncodeToString(whole.Sum(nil))
}

// record is the text that `sha256sum -c` reads.
func record(files []summed) string {
	var text strings.Builder
	for _, f := range files {
		fmt.Fprintf(&text, "%s  %s\n", f.sum, f.path)
	}
	return text.String()
}

// recorded reads the digests that were recorded for each file; nil for a release that was installed when none were.
func (d Distribution) recorded() (map[string]string, error) {
	f, err := os.Open(filepath.Join(d.Path, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the recorded digests of Flink %s: %w", d.Version, err)
	}
	defer func() { _ = f.Close() }()
	all := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		sum, path, _ := strings.Cut(lines.Text(), "  ")
		all[path] = sum
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cannot read the recorded digests of Flink %s: %w", d.Version, err)
	}
	return all, nil
}

// Fault is a file of a release that is not as it was installed.
type Fault struct {
	Path    string `json:"path"`    // below FLINK_HOME; "." is the whole release
	Problem string `json:"problem"` // changed, missing, or added
}

// Verify compares every file with the digest that was recorded for it.
func (d Distribution) Verify(ctx context.Context) ([]Fault, error) {
	missing, err := d.recorded()
	if err != nil {
		return nil, err
	}
	files, err := sums(ctx, d.Path)
	if err != nil {
		return nil, err
	}
	var faults []Fault
	for _, f := range files {
		want, known := missing[f.path]
		delete(missing, f.path)
		switch {
		case known && want != f.sum:
			faults = append(faults, Fault{f.path, "changed"})
		case !known && missing != nil:
			faults = append(faults, Fault{f.path, "added"})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(missing)) {
		faults = append(faults, Fault{path, "missing"})
	}
	if len(faults) == 0 && digestOf(files) != d.Digest {
		faults = []Fault{{".", "changed"}}
	}
	return faults, nil
}

// CheckCore says why the release's main jar is not the one that was installed, or nil. It is the short form of Verify.
func (d Distribution) CheckCore() error {
	all, err := d.recorded()
	if err != nil {
		return err
	}
	jar := "lib/flink-dist-" + d.Version + ".jar"
	sum, err := fileDigest(filepath.Join(d.Path, jar))
	if err != nil {
		return fmt.Errorf("%s of Flink %s cannot be read (%w); use `drey distribution remove %s`, and install it anew", jar, d.Version, err, d.Version)
	}
	if all != nil && all[jar] != sum {
		return fmt.Errorf("%s of Flink %s is not the file that was installed; `drey distribution verify %s` tells what else is not", jar, d.Version, d.Version)
	}
	return nil
}

// seal makes the files and folders of a release read-only and brings the folders to the disk. The top folder stays writable for
// the marker.
func seal(home string) error {
	err := filepath.WalkDir(home, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.Type().IsRegular():
			return readOnly(p, e)
		case !e.IsDir():
			return nil // to change a link's mode is to change what it leads to
		case p == home:
			return nil
		}
		return errors.Join(syncFolder(p), os.Chmod(p, 0o555))
	})
	if err != nil {
		return fmt.Errorf("cannot seal the distribution: %w", err)
	}
	return syncFolder(home)
}

// readOnly lets a file be read, and run if it could be.
func readOnly(p string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	return os.Chmod(p, 0o444|info.Mode().Perm()&0o111)
}

func fileDigest(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
