package flink

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unpack puts the used parts of a release into home, which is made. Everything is written through an [os.Root]: no name and no
// link of an archive can lead out of it.
func unpack(ctx context.Context, from, home string, progress func(Progress)) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", filepath.Base(from), err)
	}
	if err := os.Mkdir(home, 0o755); err != nil {
		return fmt.Errorf("cannot make a folder to unpack to: %w", err)
	}
	root, err := os.OpenRoot(home)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	u := &unpacker{ctx: ctx, root: root, progress: progress}
	switch name := strings.ToLower(from); {
	case info.IsDir():
		return u.folder(from)
	case strings.HasSuffix(name, ".whl"), strings.HasSuffix(name, ".zip"):
		return u.zip(from)
	case strings.HasSuffix(name, ".tgz"), strings.HasSuffix(name, ".tar.gz"):
		return u.tar(from)
	}
	return fmt.Errorf("%s is neither a folder nor a .tgz, .zip or .whl", filepath.Base(from))
}

type unpacker struct {
	ctx      context.Context
	root     *os.Root
	progress func(Progress)
	done     int64
	total    int64
}

// wanted is the name of an archive's entry inside FLINK_HOME, "" if it is not used. Archives have their release in a folder
// of its own; the wheel's is pyflink.
func wanted(name string) string {
	parts := strings.Split(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")[1:]
	for i := range min(2, len(parts)) {
		if slices.Contains(kept, parts[i]) {
			return path.Join(parts[i:]...)
		}
	}
	return ""
}

// put writes one file, to the disk.
func (u *unpacker) put(name string, r io.Reader) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	if dir := path.Dir(name); dir != "." {
		if err := u.root.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make %s: %w", dir, err)
		}
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", name, err)
	}
	n, err := io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	u.done += n
	u.progress(Progress{Text: "unpacking", Done: u.done, Total: u.total})
	return nil
}

func (u *unpacker) zip(from string) error {
	z, err := zip.OpenReader(from)
	if err != nil {
		return fmt.Errorf("cannot read %s as a zip: %w", filepath.Base(from), err)
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		if wanted(f.Name) != "" {
			u.total += int64(f.UncompressedSize64)
		}
	}
	for _, f := range z.File {
		name := wanted(f.Name)
		if name == "" || !f.Mode().IsRegular() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", f.Name, err)
		}
		if err := errors.Join(u.put(name, r), r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) tar(from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	gz, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("cannot read %s as gzip: %w", filepath.Base(from), err)
	}
	t := tar.NewReader(gz)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", filepath.Base(from), err)
		}
		name := wanted(h.Name)
		if name == "" || h.Typeflag != tar.TypeReg {
			continue
		}
		if err := u.put(name, t); err != nil {
			return err
		}
	}
}

func (u *unpacker) folder(from string) error {
	return filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		if !slices.Contains(kept, strings.Split(filepath.ToSlash(rel), "/")[0]) {
			return nil
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		return errors.Join(u.put(filepath.ToSlash(rel), f), f.Close())
	})
}

// seal makes a release read-only and answers its digest: SHA-256 over each path and the SHA-256 of its content, sorted.
// The top folder stays writable for the marker.
func seal(home string) (string, error) {
	sum := sha256.New()
	var folders []string
	err := filepath.WalkDir(home, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			folders = append(folders, p)
			return nil
		}
		rel, err := filepath.Rel(home, p)
		if err != nil {
			return err
		}
		content, err := fileDigest(p)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%s %s\n", content, filepath.ToSlash(rel))
		return os.Chmod(p, 0o444)
	})
	if err != nil {
		return "", fmt.Errorf("cannot seal the distribution: %w", err)
	}
	for _, dir := range folders {
		if err := syncFolder(dir); err != nil {
			return "", err
		}
		if dir != home {
			if err := os.Chmod(dir, 0o555); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
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

// removeAll removes a tree with read-only folders.
func removeAll(dir string) {
	_ = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}
