package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gocloud.dev/blob"
	"golang.org/x/sync/errgroup"

	"drey/internal/cluster"
)

const (
	// maxEntries is how many entries of one folder are listed: they are held in memory.
	maxEntries = 1_000_000
	// deletesAtOnce are under way when a folder is removed, which S3 knows as single objects only.
	deletesAtOnce = 16
)

// bucket is one bucket of an S3 service. A folder is what is common to the keys of several objects.
type bucket struct {
	blobs *blob.Bucket
	// copies are files of the bucket that processes of this machine need as files: below the account "s3", under their own names.
	copies folders
}

// key is the key of a file, or of a folder without the slash at its end; "" is the bucket.
func key(uri cluster.StorageURI) string { return uri.Rel() }

// within is the prefix of the keys of all that is in a folder.
func within(dir cluster.StorageURI) string {
	if key(dir) == "" {
		return ""
	}
	return key(dir) + "/"
}

// copy is the place of a file's copy.
func (b *bucket) copy(uri cluster.StorageURI) cluster.StorageURI {
	return cluster.StorageURI{Scheme: "abfs", Account: "s3", Container: uri.Container, Path: uri.Path}
}

// Open implements [place].
func (b *bucket) Open(ctx context.Context, uri cluster.StorageURI) (io.ReadCloser, int64, error) {
	if key(uri) == "" {
		return nil, 0, fmt.Errorf("%s: %w", uri, ErrNotFound)
	}
	r, err := b.blobs.NewReader(ctx, key(uri), nil)
	if err != nil {
		return nil, 0, explainS3(uri, err)
	}
	return r, r.Size(), nil
}

// Stat implements [place].
func (b *bucket) Stat(ctx context.Context, uri cluster.StorageURI) (int64, error) {
	if key(uri) == "" {
		return 0, fmt.Errorf("%s: %w", uri, ErrNotFound)
	}
	a, err := b.blobs.Attributes(ctx, key(uri))
	if err != nil {
		return 0, explainS3(uri, err)
	}
	return a.Size, nil
}

// List implements [place].
func (b *bucket) List(ctx context.Context, dir cluster.StorageURI) ([]Entry, error) {
	prefix := within(dir)
	found := prefix == ""
	var all []Entry
	for objects := b.blobs.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"}); ; {
		o, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, explainS3(dir, err)
		}
		found = true
		if name := strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"); name != "" { // some tools keep an empty object for the folder itself
			all = append(all, Entry{Name: name, Dir: o.IsDir, Bytes: o.Size})
		}
		if len(all) > maxEntries {
			return nil, fmt.Errorf("%s has more than %d entries", dir, maxEntries)
		}
	}
	if !found {
		return nil, fmt.Errorf("%s: %w", dir, ErrNotFound)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// Put implements [place]. An object is there when its last byte was accepted, or not at all.
func (b *bucket) Put(ctx context.Context, uri cluster.StorageURI, r io.Reader, limit int64) (sha string, n int64, err error) {
	if key(uri) == "" {
		return "", 0, fmt.Errorf("%s names no file: %w", uri, ErrNotFound)
	}
	writing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	w, err := b.blobs.NewWriter(writing, key(uri), &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return "", 0, explainS3(uri, err)
	}
	sha, n, err = transfer(ctx, w, r, limit)
	if err != nil {
		giveUp() // a Close after that writes nothing
		_ = w.Close()
		return "", 0, explainS3(uri, err)
	}
	return sha, n, explainS3(uri, w.Close())
}

// RemoveAll implements [place].
func (b *bucket) RemoveAll(ctx context.Context, uri cluster.StorageURI) error {
	if key(uri) == "" {
		return fmt.Errorf("%s is a whole bucket: it is not removed", uri)
	}
	var all errgroup.Group
	all.SetLimit(deletesAtOnce)
	remove := func(key string) {
		all.Go(func() error { return absentIsNil(explainS3(uri, b.blobs.Delete(ctx, key))) })
	}
	remove(key(uri))
	var failed error
	for objects := b.blobs.List(&blob.ListOptions{Prefix: within(uri)}); ; {
		o, err := objects.Next(ctx)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				failed = explainS3(uri, err)
			}
			break
		}
		remove(o.Key)
	}
	return errors.Join(failed, all.Wait(), b.copies.RemoveAll(ctx, b.copy(uri)))
}

// freeze implements [place]: what was found to be of its kind is kept here as well, where it is needed next.
func (b *bucket) freeze(ctx context.Context, folder cluster.StorageURI, r io.Reader, k kind) (sha string, n int64, err error) {
	if sha, n, err = b.copies.freeze(ctx, b.copy(folder), r, k); err != nil {
		return "", 0, err
	}
	at := folder.Join(sha + k.suffix)
	if size, err := b.Stat(ctx, at); err == nil && size == n {
		return sha, n, nil
	}
	file, _, err := b.copies.Open(ctx, b.copy(at))
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = file.Close() }()
	_, _, err = b.Put(ctx, at, file, n)
	return sha, n, err
}

// local implements [place].
func (b *bucket) local(ctx context.Context, uri cluster.StorageURI) (string, error) {
	at := b.copy(uri)
	if _, err := b.copies.Stat(ctx, at); errors.Is(err, ErrNotFound) {
		r, size, err := b.Open(ctx, uri)
		if err != nil {
			return "", err
		}
		defer func() { _ = r.Close() }()
		if _, _, err := b.copies.Put(ctx, at, r, size); err != nil {
			return "", fmt.Errorf("cannot copy %s to this machine: %w", uri, err)
		}
	}
	return b.copies.local(ctx, at)
}
