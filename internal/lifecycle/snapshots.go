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
	entries, err := w.Storage.List(ctx, uri) // once: for each of many files a bucket would be asked over the network
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, e := range entries {
		sizes[e.Name] = e.Bytes
	}
	a := &metadataAnswer{CheckpointID: m.CheckpointID, Bytes: int64(len(raw)), Format: m.Version}
	for _, f := range m.Files {
		size, there := sizes[f.Path]
		switch {
		case !there:
			a.Problem = fmt.Sprintf("its file %s is missing", f.Path)
			return a, nil
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
	if newer := flink.CannotRead(r.version.Flink, m.Format); newer {
		return &restoreAnswer{Problem: &failure{Code: codeLineGoesBack, Message: fmt.Sprintf("The savepoint %s was written by a newer line of Flink than %s, which cannot read it.", uri, r.version.Flink),
			Hint: "choose a savepoint that this line wrote (`drey savepoint list`), or start with the newer line"}}, nil
	}
	return &restoreAnswer{URI: uri}, nil
}

// newestGood is what a START goes on from without a name (R24): the job's newest provable state, if that is a savepoint or what the job began
// from. It is found by what the last incarnation that ran has left, not by the list of savepoints: one that a failed change took is not
// verified yet, and one that is older would lose silently what came after it. A checkpoint is refused, and RE_LAUNCH offered; so is what was
// before a stop whose savepoint cannot be read. A job that never completed anything starts empty.
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
	complete := slices.DeleteFunc(slices.Clone(all), func(s cluster.Savepoint) bool { return !s.Complete })
	ran := slices.IndexFunc(incs, func(i cluster.Incarnation) bool { return !i.ReleasedAt.IsZero() }) // newest first
	switch {
	case len(complete) > 0 && (ran < 0 || r.job.Status == cluster.JobFinished):
		return complete[0].URI, nil, nil
	case ran < 0:
		return "", nil, nil
	}
	newest, err := w.provable(ctx, r, incs[ran].ID, 0)
	if err != nil {
		return "", nil, err
	}
	unread := slices.IndexFunc(all, func(s cluster.Savepoint) bool {
		return s.Incarnation == incs[ran].ID && s.Origin == originStop && !s.Complete && !sameURI(s.URI, newest.URI)
	})
	switch {
	case newest.Problem != nil:
		return "", newest.Problem, nil
	case unread >= 0:
		return "", stoppedUnread(all[unread], newest.URI), nil
	case newest.URI == "":
		return "", nil, nil
	case sameURI(newest.URI, incs[ran].Restore), slices.ContainsFunc(all, func(s cluster.Savepoint) bool { return sameURI(s.URI, newest.URI) }):
		return newest.URI, nil, nil
	case len(complete) == 0:
		return "", &failure{Code: "NoSavepoint", Message: "The job has checkpoints but no savepoint, so a START would begin without its state.",
			Hint: "RE_LAUNCH goes on from the newest state; START with savePointName takes what it names"}, nil
	}
	return "", &failure{Code: "SavepointBehindState",
		Message: fmt.Sprintf("The newest savepoint, %s, is older than the job's newest state, %s: a START would go back behind it.", complete[0].Name, newest.URI),
		Hint:    "RE_LAUNCH goes on from the newest state; START with savePointName takes what it names"}, nil
}

// stoppedUnread refuses to go on from what is left of a job whose last savepoint cannot be read.
func stoppedUnread(s cluster.Savepoint, left string) *failure {
	would := "without any state"
	if left != "" {
		would = "from " + left
	}
	return &failure{Code: "RestoreNeedsChoice",
		Message: fmt.Sprintf("The job was stopped with the savepoint %s, which cannot be read: a START would begin %s.", s.URI, would),
		Hint:    "RE_LAUNCH does that; START with savePointName takes what it names"}
}

// named finds the savepoint a name or URI means: in the job's catalogue, the savepoint folder and one level below, the newest
// run's checkpoints, and the pool's catalogue.
func (w *world) named(ctx context.Context, r launchRows, text string) (string, *failure, error) {
	name, fault := cluster.ParseSavePointName(text, w.Limits)
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
