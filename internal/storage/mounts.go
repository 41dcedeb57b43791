// Package storage reaches files in storage accounts by URI. In this version every account is a folder: an account's container
// is Root/<account>/<container>. All access goes through [os.Root], so that no path and no link leads out of its container.
package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"drey/internal/cluster"
)

// Errors of this package. Wrapped ones match by [errors.Is].
var (
	ErrNotFound   = errors.New("there is no such file")
	ErrTooLarge   = errors.New("the file is larger than allowed")
	ErrFull       = errors.New("the disk of the storage account is full")
	ErrNotMounted = errors.New("no storage is mounted for this URI")
)

// Mounts are the storage accounts of this server.
type Mounts struct{ root string }

// New makes the mounts below root, which is made if needed.
func New(root string) (*Mounts, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of storage accounts: %w", err)
	}
	return &Mounts{root: root}, nil
}

// container opens the container of a URI; made says that it is made where it is missing.
func (m *Mounts) container(uri cluster.StorageURI, made bool) (*os.Root, string, error) {
	if !uri.OfAccount() {
		return nil, "", fmt.Errorf("%s: %w", uri, ErrNotMounted)
	}
	root, err := os.OpenRoot(m.root)
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
func (m *Mounts) Open(_ context.Context, uri cluster.StorageURI) (io.ReadCloser, int64, error) {
	root, name, err := m.container(uri, false)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = root.Close() }()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not hold us up
	if err != nil {
		return nil, 0, explain(uri, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, explain(uri, err)
	}
	return f, info.Size(), nil
}

// Stat is the size of a file in bytes.
func (m *Mounts) Stat(_ context.Context, uri cluster.StorageURI) (int64, error) {
	root, name, err := m.container(uri, false)
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

// Exists reports whether uri is a file.
func (m *Mounts) Exists(ctx context.Context, uri cluster.StorageURI) (bool, error) {
	_, err := m.Stat(ctx, uri)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Read reads a whole file of at most limit bytes.
func (m *Mounts) Read(ctx context.Context, uri cluster.StorageURI, limit int64) ([]byte, error) {
	f, size, err := m.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if size > limit {
		return nil, fmt.Errorf("%s: %w", uri, ErrTooLarge)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return data, explain(uri, err)
}

// Put writes a file of at most limit bytes: to a temporary name, synced, renamed. A file of that name is replaced.
func (m *Mounts) Put(ctx context.Context, uri cluster.StorageURI, r io.Reader, limit int64) (sha string, n int64, err error) {
	root, name, err := m.container(uri, true)
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
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(cancelable{ctx, r}, limit+1))
	if err == nil && n > limit {
		err = ErrTooLarge
	}
	if err == nil {
		err = f.Sync()
	}
	return hex.EncodeToString(sum.Sum(nil)), n, errors.Join(err, f.Close())
}

// cancelable ends reading when ctx ends.
type cancelable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
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

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
