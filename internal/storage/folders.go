package storage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"drey/internal/cluster"
)

// folders are storage accounts as folders of this machine: a container is root/<account>/<container>. All access goes through [os.Root], so that no
// path and no link leads out of its container.
type folders struct{ root string }

// container opens the container of a URI; made says that it is made where it is missing.
func (f folders) container(uri cluster.StorageURI, made bool) (*os.Root, string, error) {
	if !uri.OfAccount() {
		return nil, "", fmt.Errorf("%s: %w", uri, ErrNotMounted)
	}
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, "", fmt.Errorf("cannot open the folder of storage accounts: %w", err)
	}
	for _, label := range []string{uri.Account, uri.Container} {
		if root, err = step(root, label, made); err != nil {
			return nil, "", explain(uri, err)
		}
	}
	name := uri.Rel()
	if name == "" {
		name = "."
	}
	return root, name, nil
}

// step goes from a folder into one directly below it, which may not be a link to another place.
func step(from *os.Root, label string, made bool) (*os.Root, error) {
	defer func() { _ = from.Close() }()
	if made {
		if err := from.Mkdir(label, 0o700); err == nil {
			if err := syncIn(from, "."); err != nil {
				return nil, err
			}
		} else if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	info, err := from.Lstat(label)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fs.ErrNotExist
	}
	return from.OpenRoot(label)
}

// escapes is how [os.Root] says, in a value it does not export, that a link leads out of it.
const escapes = "path escapes from parent"

// explain turns the system's words into this package's.
func explain(uri cluster.StorageURI, err error) error {
	at, isPath := errors.AsType[*fs.PathError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ELOOP),
		isPath && at.Err.Error() == escapes:
		return fmt.Errorf("%s: %w", uri, ErrNotFound)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s: %w", uri, ErrFull)
	}
	return fmt.Errorf("%s: %w", uri, err)
}

// Open reads a file; the size is in bytes.
func (f folders) Open(_ context.Context, uri cluster.StorageURI) (io.ReadCloser, int64, error) {
	root, name, err := f.container(uri, false)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = root.Close() }()
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not hold us up
	if err != nil {
		return nil, 0, explain(uri, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, explain(uri, err)
	}
	return file, info.Size(), nil
}

// Stat is the size of a file in bytes.
func (f folders) Stat(_ context.Context, uri cluster.StorageURI) (int64, error) {
	root, name, err := f.container(uri, false)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return 0, explain(uri, err)
	}
	return info.Size(), nil
}

// Put writes a file of at most limit bytes: to a temporary name, synced, renamed. A file of that name is replaced.
func (f folders) Put(ctx context.Context, uri cluster.StorageURI, r io.Reader, limit int64) (sha string, n int64, err error) {
	root, name, err := f.container(uri, true)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = root.Close() }()
	if name == "." {
		return "", 0, fmt.Errorf("%s names no file: %w", uri, ErrNotFound)
	}
	dir := path.Dir(name)
	if err := root.MkdirAll(dir, 0o700); err != nil {
		return "", 0, explain(uri, err)
	}
	tmp := path.Join(dir, ".drey-"+randomName()+".tmp")
	sha, n, err = write(ctx, root, tmp, r, limit)
	if err == nil {
		err = root.Rename(tmp, name)
	}
	if err == nil {
		err = syncUp(root, dir)
	}
	if err != nil {
		_ = root.Remove(tmp)
		return "", 0, explain(uri, err)
	}
	return sha, n, nil
}

func write(ctx context.Context, root *os.Root, name string, r io.Reader, limit int64) (string, int64, error) {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, err
	}
	sha, n, err := transfer(ctx, f, r, limit)
	if err == nil {
		err = f.Sync()
	}
	return sha, n, errors.Join(err, f.Close())
}

func syncIn(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncUp syncs a folder and those it lies in: they may be new too.
func syncUp(root *os.Root, dir string) error {
	for ; dir != "."; dir = path.Dir(dir) {
		if err := syncIn(root, dir); err != nil {
			return err
		}
	}
	return syncIn(root, ".")
}

// local is where a file lies.
func (f folders) local(_ context.Context, uri cluster.StorageURI) (string, error) {
	if !uri.OfAccount() || uri.Rel() == "" {
		return "", fmt.Errorf("%s: %w", uri, ErrNotMounted)
	}
	return filepath.Join(f.root, uri.Account, uri.Container, filepath.FromSlash(uri.Rel())), nil
}

// freeze implements [place].
func (f folders) freeze(ctx context.Context, folder cluster.StorageURI, r io.Reader, k kind) (sha string, n int64, err error) {
	tmp := folder.Join(".staging-" + randomName() + k.suffix)
	if sha, n, err = f.Put(ctx, tmp, r, k.limit); err != nil {
		return "", 0, err
	}
	defer func() { _ = f.RemoveAll(context.WithoutCancel(ctx), tmp) }()
	if err := f.check(ctx, tmp, k); err != nil {
		return "", 0, err
	}
	return sha, n, f.rename(tmp, folder.Join(sha+k.suffix))
}

func (f folders) check(ctx context.Context, at cluster.StorageURI, k kind) error {
	file, size, err := f.Open(ctx, at)
	if err != nil {
		return fmt.Errorf("cannot read what was staged: %w", err)
	}
	defer func() { _ = file.Close() }()
	why, err := k.wrong(file.(io.ReaderAt), size) // it is an *os.File
	if err != nil {
		return fmt.Errorf("cannot read what was staged: %w", err)
	}
	if why != "" {
		return unusable(why)
	}
	return nil
}

// rename moves a file within its folder.
func (f folders) rename(from, to cluster.StorageURI) error {
	root, name, err := f.container(from, false)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := root.Rename(name, to.Rel()); err != nil {
		return explain(to, err)
	}
	return explain(to, syncIn(root, path.Dir(name)))
}

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
