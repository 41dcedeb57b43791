package flink

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
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

// mostUnpacked bounds what an archive becomes, in bytes.
const mostUnpacked = 8 << 30

// unpacker writes a release into home through an [os.Root]: no name and no link of an archive can lead out of it.
type unpacker struct {
	ctx      context.Context
	home     string
	root     *os.Root
	progress func(Progress)
	done     int64
	total    int64
}

// newUnpacker makes home; close ends it.
func newUnpacker(ctx context.Context, home string, progress func(Progress)) (*unpacker, error) {
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make a folder to unpack to: %w", err)
	}
	root, err := os.OpenRoot(home)
	return &unpacker{ctx: ctx, home: home, root: root, progress: progress}, err
}

func (u *unpacker) close() { _ = u.root.Close() }

// take puts the used parts of a release into home.
func (u *unpacker) take(from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", filepath.Base(from), err)
	}
	switch name := strings.ToLower(from); {
	case info.IsDir():
		return u.folder(from)
	case strings.HasSuffix(name, ".whl"), strings.HasSuffix(name, ".zip"):
		return u.zip(from)
	case isArchive(name):
		return u.tar(from)
	}
	return fmt.Errorf("%s is neither a folder nor a .tgz, .zip or .whl", filepath.Base(from))
}

func isArchive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{".whl", ".zip", ".tgz", ".tar.gz"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// wanted is the name of an archive's entry inside FLINK_HOME, "" if it is not used. Archives have their release in a folder
// of its own: the wheel's is pyflink, and what pip fetches of 1.x has it in deps, one deeper.
func wanted(name string) string {
	parts := strings.Split(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")[1:]
	for i := range min(3, len(parts)) {
		if slices.Contains(kept, parts[i]) {
			return path.Join(parts[i:]...)
		}
	}
	return ""
}

// put writes one file of the release.
func (u *unpacker) put(name string, r io.Reader) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	if err := u.write(name, r); err != nil {
		return err
	}
	u.progress(Progress{Text: "unpacking", Done: u.done, Total: u.total})
	return nil
}

// write writes one file, to the disk.
func (u *unpacker) write(name string, r io.Reader) error {
	if dir := path.Dir(name); dir != "." {
		if err := u.root.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make %s: %w", dir, err)
		}
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", name, err)
	}
	n, err := io.Copy(f, io.LimitReader(r, mostUnpacked-u.done+1))
	if u.done+n > mostUnpacked {
		err = fmt.Errorf("the release has more than %d bytes", int64(mostUnpacked))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	u.done += n
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
	u.total = 0 // extras come after, and were not counted
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

// folder copies an unpacked release. Its owner made its links, so they are followed.
func (u *unpacker) folder(from string) error {
	for _, name := range kept {
		top, err := filepath.EvalSymlinks(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot read the release: %w", err)
		}
		err = filepath.WalkDir(top, func(p string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(top, p)
			if err != nil {
				return err
			}
			return u.copyFile(p, path.Join(name, filepath.ToSlash(rel)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile puts a file of this machine; anything else is left out.
func (u *unpacker) copyFile(from, name string) error {
	info, err := os.Stat(from)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	return errors.Join(u.put(name, f), f.Close())
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
