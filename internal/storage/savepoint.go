package storage

import (
	"context"
	"errors"

	"drey/internal/cluster"
)

const metadataName = "_metadata"

// CompleteSnapshots lists dir and the folders directly below it, as far as they hold a _metadata file: Flink writes it last.
func (m *Mounts) CompleteSnapshots(ctx context.Context, dir cluster.StorageURI) ([]cluster.StorageURI, error) {
	entries, err := m.List(ctx, dir)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	places := []cluster.StorageURI{dir}
	for _, e := range entries {
		if e.Dir {
			places = append(places, dir.Join(e.Name))
		}
	}
	var found []cluster.StorageURI
	for _, at := range places {
		complete, err := m.Exists(ctx, at.Join(metadataName))
		if err != nil {
			return nil, err
		}
		if complete {
			found = append(found, at)
		}
	}
	return found, nil
}

const metadataLimit = 256 << 20

// ReadMetadata reads the _metadata file of a snapshot.
func (m *Mounts) ReadMetadata(ctx context.Context, snapshot cluster.StorageURI) ([]byte, error) {
	return m.Read(ctx, snapshot.Join(metadataName), metadataLimit)
}
