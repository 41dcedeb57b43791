package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/storage"
	"drey/internal/store"
)

// What lies in the storage: complete savepoints, their metadata, and which of them is meant.

// completeIn lists the complete savepoints below a trigger's folder.
func (w *world) completeIn(ctx context.Context, dir string) ([]string, error) {
	uri, err := w.parse(dir)
	if err != nil {
		return nil, err
	}
	found, err := w.Storage.CompleteSnapshots(ctx, uri)
	var all []string
	for _, u := range found {
		all = append(all, u.String())
	}
	return all, err
}

// metadata reads a savepoint back: its _metadata to the end, and each file it refers to with its size.
func (w *world) metadata(ctx context.Context, at string) (*metadataAnswer, error) {
	uri, err := w.parse(at)
	if err != nil {
		return nil, err
	}
	raw, err := w.Storage.ReadMetadata(ctx, uri)
	if errors.Is(err, storage.ErrNotFound) {
		return &metadataAnswer{Problem: "there is no _metadata"}, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := flink.ReadMetadata(raw)
	if err != nil {
		return &metadataAnswer{Problem: err.Error()}, nil
	}
	a := &metadataAnswer{CheckpointID: m.CheckpointID, Bytes: int64(len(raw))}
	for _, f := range m.Files {
		size, err := w.Storage.Stat(ctx, uri.Join(f.Path))
		switch {
		case errors.Is(err, storage.ErrNotFound):
			a.Problem = fmt.Sprintf("its file %s is missing", f.Path)
			return a, nil
		case err != nil:
			return nil, err
		case size != f.Bytes:
			a.Problem = fmt.Sprintf("its file %s has %d bytes instead of %d", f.Path, size, f.Bytes)
			return a, nil
		}
		a.Bytes += size
	}
	return a, nil
}

// chooseRestore finds the savepoint a launch starts from (R25), and checks that it is there.
func (w *world) chooseRestore(ctx context.Context, f facts) (*restoreAnswer, error) {
	r, err := w.launchRows(ctx, f)
	if err != nil {
		return nil, err
	}
	uri, problem, err := "", (*failure)(nil), error(nil)
	switch {
	case f.SavePointName != "" && !f.Chosen: // once it is chosen, what is asked for is the way back
		uri, problem, err = w.named(ctx, r, f.SavePointName)
	case f.Provable != "":
		return w.provable(ctx, r, f.Provable, f.LastSeen)
	case f.Newest:
		uri, problem, err = w.newestGood(ctx, r)
	}
	if err != nil || problem != nil || uri == "" {
		return &restoreAnswer{Problem: problem}, err
	}
	m, err := w.metadata(ctx, uri)
	if err != nil {
		return nil, err
	}
	if m.Problem != "" {
		return &restoreAnswer{Problem: &failure{Code: flink.CodeSavepointNotFound, Message: fmt.Sprintf("The savepoint %s cannot be used: %s.", uri, m.Problem), Hint: "choose another savepoint"}}, nil
	}
	return &restoreAnswer{URI: uri}, nil
}

// newestGood is the newest complete savepoint of the job. A job that never completed any snapshot starts empty; one that has checkpoints but
// no savepoint does not, nor does one go back to a savepoint behind its newest checkpoint: that would lose what lies between silently (R24).
func (w *world) newestGood(ctx context.Context, r launchRows) (string, *failure, error) {
	var all []cluster.Savepoint
	var incs []cluster.Incarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if all, err = tx.Savepoints(r.job.UID); err != nil {
			return err
		}
		incs, err = tx.Incarnations(r.job.UID)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	for _, s := range all {
		if s.Complete {
			problem, err := w.goesBack(ctx, r, s, incs)
			return s.URI, problem, err
		}
	}
	dir, err := r.version.Launch.CheckpointDirectory(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	if err != nil {
		return "", nil, err
	}
	for _, inc := range incs {
		found, err := w.Storage.CompleteSnapshots(ctx, dir.Join(inc.FlinkJobID))
		if err != nil {
			return "", nil, err
		}
		if len(found) > 0 {
			return "", &failure{Code: "NoSavepoint", Message: "The job has checkpoints but no savepoint, so a START would begin without its state.",
				Hint: "START with savePointName chk-<n> or with the URI of a checkpoint"}, nil
		}
	}
	return "", nil, nil
}

// goesBack says what a start from a savepoint would silently give up: a checkpoint that the job completed after it. A job that has finished
// by itself gives up nothing.
func (w *world) goesBack(ctx context.Context, r launchRows, s cluster.Savepoint, newestFirst []cluster.Incarnation) (*failure, error) {
	if r.job.Status == cluster.JobFinished {
		return nil, nil
	}
	for _, inc := range newestFirst {
		own := inc.ID == s.Incarnation
		if !own && inc.CreatedAt.Before(s.CompletedAt) {
			return nil, nil
		}
		found, err := w.candidates(ctx, r, inc)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if c.Parses && c.URI != s.URI && (!own || c.CheckpointID > s.CheckpointID) {
				return &failure{Code: "SavepointBehindState", Message: fmt.Sprintf("The newest savepoint, %s, is older than the job's newest state, %s: a START would go back behind it.", s.Name, c.URI),
					Hint: "RE_LAUNCH goes on from the newest state; START with savePointName takes what it names"}, nil
			}
		}
		if own {
			return nil, nil
		}
	}
	return nil, nil
}

// named finds the savepoint a name or URI means: in the job's catalogue, the savepoint folder and one level below, the newest
// run's checkpoints, and the pool's catalogue.
func (w *world) named(ctx context.Context, r launchRows, text string) (string, *failure, error) {
	name, fault := cluster.ParseSavePointName(text, w.Limits.StorageSuffixes...)
	if fault != nil {
		return "", &failure{Code: fault.Code, Message: fault.Message, Hint: fault.Hint}, nil
	}
	if name.IsURI() {
		return strings.TrimRight(name.URI.String(), "/"), nil, nil
	}
	if name.Checkpoint > 0 {
		return w.namedCheckpoint(ctx, r, name.Name)
	}
	found, err := w.catalogued(ctx, r, name.Name)
	if err != nil {
		return "", nil, err
	}
	folder, err := r.version.Launch.SavepointDirectory(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	if err != nil {
		return "", nil, err
	}
	lying, err := w.lying(ctx, folder, name.Name)
	if err != nil {
		return "", nil, err
	}
	for _, uri := range lying {
		if !slices.ContainsFunc(found, func(f string) bool { return sameURI(f, uri) }) {
			found = append(found, uri)
		}
	}
	switch len(found) {
	case 0:
		return "", &failure{Code: flink.CodeSavepointNotFound, Message: fmt.Sprintf("There is no savepoint %q.", text), Hint: "`drey savepoint list` shows those that are there; a full URI works too"}, nil
	case 1:
		return found[0], nil, nil
	}
	return "", &failure{Code: "AmbiguousSavepoint", Message: fmt.Sprintf("%q means more than one savepoint: %s.", text, strings.Join(found, ", ")), Hint: "give the full URI"}, nil
}

// catalogued looks a name up in the job's catalogue, else in the pool's.
func (w *world) catalogued(ctx context.Context, r launchRows, name string) (found []string, err error) {
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.SavepointsNamed(r.cluster.PoolUID, name)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.JobUID == r.job.UID {
				found = []string{s.URI}
				return nil
			}
			found = append(found, s.URI)
		}
		return nil
	})
	return found, err
}

// lying finds complete folders of a name in a folder and one level below it.
func (w *world) lying(ctx context.Context, folder cluster.StorageURI, name string) ([]string, error) {
	entries, err := w.Storage.List(ctx, folder)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		for _, at := range []cluster.StorageURI{folder.Join(e.Name), folder.Join(e.Name, name)} {
			if !e.Dir || at.Base() != name {
				continue
			}
			_, err := w.Storage.Stat(ctx, at.Join("_metadata"))
			if err == nil {
				found = append(found, at.String())
			} else if !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
		}
	}
	return found, nil
}

// namedCheckpoint is chk-<n> of the newest incarnation that has it.
func (w *world) namedCheckpoint(ctx context.Context, r launchRows, name string) (string, *failure, error) {
	var incs []cluster.Incarnation
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		incs, err = tx.Incarnations(r.job.UID)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	dir, err := r.version.Launch.CheckpointDirectory(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	if err != nil {
		return "", nil, err
	}
	for _, inc := range incs {
		at := dir.Join(inc.FlinkJobID, name)
		_, err := w.Storage.Stat(ctx, at.Join("_metadata"))
		if err == nil {
			return at.String(), nil, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return "", nil, err
		}
	}
	return "", &failure{Code: flink.CodeSavepointNotFound, Message: fmt.Sprintf("There is no checkpoint %q of this job.", name), Hint: "choose another savepoint"}, nil
}
