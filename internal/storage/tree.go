package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"drey/internal/cluster"
)

// List implements [place].
func (f folders) List(_ context.Context, dir cluster.StorageURI) ([]Entry, error) {
	root, name, err := f.container(dir, false)
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

// RemoveAll implements [place]; links are removed, never followed.
func (f folders) RemoveAll(_ context.Context, uri cluster.StorageURI) error {
	root, name, err := f.container(uri, false)
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
