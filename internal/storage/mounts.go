// Package storage reaches files by URI: those of storage accounts, which are folders of this machine in this version, and those of the
// buckets of an S3 service. Nothing else is reached: what a URI says is looked up among what was configured, and never dialed.
package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"drey/internal/cluster"
)

// Errors of this package. Wrapped ones match by [errors.Is].
var (
	ErrNotFound   = errors.New("there is no such file")
	ErrTooLarge   = errors.New("the file is larger than allowed")
	ErrFull       = errors.New("the disk of the storage account is full")
	ErrNotMounted = errors.New("no storage is mounted for this URI")
)

// Mounts are the storage accounts and buckets of this server.
type Mounts struct {
	folders folders
	buckets map[string]*bucket
}

// New makes the mounts below root, which is made if needed.
func New(root string) (*Mounts, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of storage accounts: %w", err)
	}
	return &Mounts{folders: folders{root}}, nil
}

// Entry is one file or folder of a List.
type Entry struct {
	Name  string
	Dir   bool
	Bytes int64
}

// place is where files lie. The methods of [Mounts] say what each does.
type place interface {
	Open(ctx context.Context, uri cluster.StorageURI) (io.ReadCloser, int64, error)
	Stat(ctx context.Context, uri cluster.StorageURI) (int64, error)
	List(ctx context.Context, dir cluster.StorageURI) ([]Entry, error)
	Put(ctx context.Context, uri cluster.StorageURI, r io.Reader, limit int64) (sha string, n int64, err error)
	RemoveAll(ctx context.Context, uri cluster.StorageURI) error
	// freeze keeps what r has, if it is of a kind, as <folder>/<sha256><suffix>; else the error is an unusable.
	freeze(ctx context.Context, folder cluster.StorageURI, r io.Reader, k kind) (sha string, n int64, err error)
	// local is the path on this machine of a file that never changes.
	local(ctx context.Context, uri cluster.StorageURI) (string, error)
}

// at finds the place of a URI.
func (m *Mounts) at(uri cluster.StorageURI) (place, error) {
	if b, mounted := m.buckets[uri.Container]; mounted && uri.OfBucket() {
		return b, nil
	}
	if uri.OfAccount() {
		return m.folders, nil
	}
	return nil, fmt.Errorf("%s: %w", uri, ErrNotMounted)
}

// Open reads a file; the size is in bytes.
func (m *Mounts) Open(ctx context.Context, uri cluster.StorageURI) (io.ReadCloser, int64, error) {
	p, err := m.at(uri)
	if err != nil {
		return nil, 0, err
	}
	return p.Open(ctx, uri)
}

// Stat is the size of a file in bytes.
func (m *Mounts) Stat(ctx context.Context, uri cluster.StorageURI) (int64, error) {
	p, err := m.at(uri)
	if err != nil {
		return 0, err
	}
	return p.Stat(ctx, uri)
}

// List lists a folder, by name. In a bucket a folder is there as long as anything is in it.
func (m *Mounts) List(ctx context.Context, dir cluster.StorageURI) ([]Entry, error) {
	p, err := m.at(dir)
	if err != nil {
		return nil, err
	}
	return p.List(ctx, dir)
}

// Put writes a file of at most limit bytes, all of it or nothing. A file of that name is replaced.
func (m *Mounts) Put(ctx context.Context, uri cluster.StorageURI, r io.Reader, limit int64) (sha string, n int64, err error) {
	p, err := m.at(uri)
	if err != nil {
		return "", 0, err
	}
	return p.Put(ctx, uri, r, limit)
}

// RemoveAll removes a file or folder with all below it. A container or bucket itself is not removed.
func (m *Mounts) RemoveAll(ctx context.Context, uri cluster.StorageURI) error {
	p, err := m.at(uri)
	if err != nil {
		return err
	}
	return p.RemoveAll(ctx, uri)
}

// Local is the path on this machine of a file that this server wrote itself and that never changes. What lies in a bucket is brought here first.
func (m *Mounts) Local(ctx context.Context, uri cluster.StorageURI) (string, error) {
	p, err := m.at(uri)
	if err != nil {
		return "", err
	}
	return p.local(ctx, uri)
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
	if err != nil {
		return nil, fmt.Errorf("%s: %w", uri, err)
	}
	return data, nil
}

// transfer copies at most limit bytes, and answers their SHA-256 in hex and their number.
func transfer(ctx context.Context, to io.Writer, from io.Reader, limit int64) (sha string, n int64, err error) {
	sum := sha256.New()
	n, err = io.Copy(io.MultiWriter(to, sum), io.LimitReader(cancelable{ctx, from}, limit+1))
	if err == nil && n > limit {
		err = ErrTooLarge
	}
	return hex.EncodeToString(sum.Sum(nil)), n, err
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
