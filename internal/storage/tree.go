package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"drey/internal/cluster"
)

// Entry is one file or folder of a List.
type Entry struct {
	Name  string
	Dir   bool
	Bytes int64
}

// List lists a folder, by name.
func (m *Mounts) List(_ context.Context, dir cluster.StorageURI) ([]Entry, error) {
	root, name, err := m.container(dir, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return nil, explain(dir, err)
	}
	var all []Entry
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // it went between the two reads
		}
		all = append(all, Entry{Name: e.Name(), Dir: e.IsDir(), Bytes: info.Size()})
	}
	return all, nil
}

// RemoveAll removes a file or folder with all below it; links are removed, never followed. A container itself is not removed.
func (m *Mounts) RemoveAll(_ context.Context, uri cluster.StorageURI) error {
	root, name, err := m.container(uri, false)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if name == "." {
		return fmt.Errorf("%s is a whole container: it is not removed", uri)
	}
	if err := noLinkAbove(root, name); err != nil {
		return absentIsNil(explain(uri, err))
	}
	return absentIsNil(explain(uri, root.RemoveAll(name)))
}

var errLinked = errors.New("a folder above it is a link")

// noLinkAbove refuses a name that a link would lead elsewhere in the container.
func noLinkAbove(root *os.Root, name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		info, err := root.Lstat(dir)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return errLinked
		}
	}
	return nil
}

func absentIsNil(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// SizeOf sums the bytes of all files below a folder; links do not count, and what is absent has none.
func (m *Mounts) SizeOf(ctx context.Context, prefix cluster.StorageURI) (int64, error) {
	root, name, err := m.container(prefix, false)
	if err != nil {
		return 0, absentIsNil(err)
	}
	defer func() { _ = root.Close() }()
	var sum int64
	err = fs.WalkDir(root.FS(), name, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went while we looked
		}
		if err != nil || !e.Type().IsRegular() {
			return errors.Join(err, ctx.Err())
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		sum += info.Size()
		return ctx.Err()
	})
	return sum, absentIsNil(explain(prefix, err))
}

// LocalPath is where a file lies on this machine. It is for files that this server wrote itself.
func (m *Mounts) LocalPath(uri cluster.StorageURI) (string, error) {
	if !uri.OfAccount() || uri.Rel() == "" {
		return "", fmt.Errorf("%s: %w", uri, ErrNotMounted)
	}
	return filepath.Join(m.root, uri.Account, uri.Container, filepath.FromSlash(uri.Rel())), nil
}
