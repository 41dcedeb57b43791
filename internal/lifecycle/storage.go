package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"drey/internal/cluster"
	"drey/internal/storage"
	"drey/internal/store"
)

// StoredFile is a file or folder of a mounted storage account.
type StoredFile struct {
	Name  string // last segment; "" for a container
	URI   string
	Dir   bool
	Bytes int64 // of a file
}

// Files lists a folder of a mounted storage account, by name.
func (s *Service) Files(ctx context.Context, pool cluster.PoolRef, uri string) ([]StoredFile, error) {
	dir, err := s.placeOf(ctx, pool, uri)
	if err != nil {
		return nil, err
	}
	entries, err := s.Storage.List(ctx, dir)
	if err != nil {
		return nil, storageError(err, uri)
	}
	all := make([]StoredFile, len(entries))
	for i, e := range entries {
		all[i] = StoredFile{e.Name, dir.Join(e.Name).String(), e.Dir, 0}
		if !e.Dir {
			all[i].Bytes = e.Bytes
		}
	}
	return all, nil
}

// File looks at one file or folder of a mounted storage account.
func (s *Service) File(ctx context.Context, pool cluster.PoolRef, uri string) (StoredFile, error) {
	at, err := s.placeOf(ctx, pool, uri)
	if err != nil {
		return StoredFile{}, err
	}
	f := StoredFile{Name: at.Base(), URI: at.String()}
	if f.Bytes, err = s.Storage.Stat(ctx, at); errors.Is(err, storage.ErrNotFound) {
		f.Dir = true
		_, err = s.Storage.List(ctx, at)
	}
	return f, storageError(err, uri)
}

// RemoveFile removes a file, or a folder with all in it, of a mounted storage account. What a job that is there needs of its past or
// present is refused: its cluster's own folder, its savepoints, and what its incarnations began from and write to.
func (s *Service) RemoveFile(ctx context.Context, c Caller, pool cluster.PoolRef, uri string) error {
	if _, err := s.File(ctx, pool, uri); err != nil {
		return err
	}
	at, err := s.parse(uri)
	if err != nil {
		return err
	}
	if at.Rel() == "" {
		return cluster.Errorf(cluster.Invalid, "InvalidStorageUri", "uri", "A whole container is not removed.")
	}
	row := store.AuditRow{At: s.Now(), Principal: c.Principal, Action: "remove", Resource: uri, Decision: "allowed", RequestID: c.RequestID}
	err = s.Store.Change(ctx, nil, func(tx *store.Tx) error {
		if err := s.unneeded(tx, at); err != nil {
			return err
		}
		return tx.AddAudit(row)
	})
	if err != nil {
		return err
	}
	return storageError(s.Storage.RemoveAll(ctx, at), uri)
}

// placeOf is the place that a URI means for who may use the pool.
func (s *Service) placeOf(ctx context.Context, pool cluster.PoolRef, uri string) (cluster.StorageURI, error) {
	if _, err := s.Pool(ctx, pool); err != nil {
		return cluster.StorageURI{}, err
	}
	return s.parse(uri)
}

func storageError(err error, uri string) error {
	switch {
	case errors.Is(err, storage.ErrNotMounted):
		return cluster.Errorf(cluster.Invalid, "StorageAccountNotMounted", "uri", "No storage is mounted for %s.", uri)
	case errors.Is(err, storage.ErrNotFound):
		return cluster.Errorf(cluster.NotFound, "FileNotFound", "uri", "There is no such file or folder: %s.", uri)
	}
	return err
}

// unneeded refuses a place that lies in, is, or holds one that a job needs.
func (s *Service) unneeded(tx *store.Tx, at cluster.StorageURI) error {
	clusters, err := tx.AllClusters()
	if err != nil {
		return err
	}
	for _, cl := range clusters {
		needed, err := s.needed(tx, cl)
		if err != nil {
			return err
		}
		for what, place := range needed {
			if at.Below(place) || place.Below(at) {
				return cluster.Errorf(cluster.Conflict, "StorageInUse", "uri", "Cluster %q needs it: %s.", cl.Ref.Name, what).
					WithHint("what a deleted cluster left can be removed; `drey cluster delete --purge` removes it together with the cluster")
			}
		}
	}
	return nil
}

// needed are the places that a cluster's job needs, by what they are.
func (s *Service) needed(tx *store.Tx, cl cluster.Cluster) (map[string]cluster.StorageURI, error) {
	places := map[string]cluster.StorageURI{}
	add := func(what string, place cluster.StorageURI, err error) {
		if err == nil { // what is no URI of an account lies in none
			places[what] = place
		}
	}
	suffixes := s.Limits.StorageSuffixes
	own, err := cluster.LaunchOf(cl.Spec).Prefix(cl.DeploymentID, suffixes...)
	add("it is of the cluster's own folder", own, err)
	job, err := tx.JobOf(cl.UID)
	if errors.Is(err, store.ErrNotFound) {
		return places, nil
	} else if err != nil {
		return nil, err
	}
	versions, err := tx.Versions(job.UID)
	if err != nil {
		return nil, err
	}
	launches := map[int]cluster.Launch{}
	for _, v := range versions {
		launches[v.Number] = v.Launch
		own, err := v.Launch.Prefix(cl.DeploymentID, suffixes...)
		add(fmt.Sprintf("version %d lies there", v.Number), own, err)
	}
	savepoints, err := tx.Savepoints(job.UID)
	if err != nil {
		return nil, err
	}
	for _, sp := range savepoints {
		at, err := s.parse(sp.URI)
		add("it is savepoint "+sp.Name, at, err)
	}
	incarnations, err := tx.Incarnations(job.UID)
	for _, inc := range incarnations {
		if inc.Restore != "" {
			at, err := s.parse(inc.Restore)
			add("incarnation "+short(inc.ID)+" began from it", at, err)
		}
		if l, known := launches[inc.Version]; known && inc.FlinkJobID != "" {
			dir, err := l.CheckpointDirectory(cl.DeploymentID, suffixes...)
			add("incarnation "+short(inc.ID)+" has its checkpoints there", dir.Join(inc.FlinkJobID), err)
		}
	}
	return places, err
}
