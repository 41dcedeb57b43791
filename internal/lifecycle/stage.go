package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"drey/internal/cluster"
	"drey/internal/storage"
	"drey/internal/store"
)

// Staging freezes a version's jars: they are copied to <deployment>/jars/<sha256>.jar, and what was found is written down under the
// operation's name, last. So the next Look finds it, whoever was killed in between.

const (
	jarsFolder    = "jars"
	manifestLimit = 1 << 20
)

func (w *world) parse(uri string) (cluster.StorageURI, error) {
	return cluster.ParseURI(uri, cluster.StorageURI{}, w.Limits.StorageSuffixes...)
}

// stagedAt is where the stage step of an operation leaves its result.
func (w *world) stagedAt(r launchRows, op string) (cluster.StorageURI, error) {
	prefix, err := r.version.Launch.Prefix(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	return prefix.Join(jarsFolder, op+".json"), err
}

// readStaged answers nil while nothing is staged.
func (w *world) readStaged(ctx context.Context, op string, f facts) (*staged, error) {
	r, err := w.launchRows(ctx, f)
	if err != nil {
		return nil, err
	}
	at, err := w.stagedAt(r, op)
	if err != nil {
		return nil, err
	}
	raw, err := w.Storage.Read(ctx, at, manifestLimit)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what was staged: %w", err)
	}
	var s staged
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("cannot read what was staged: %w", err)
	}
	return &s, w.compareStaged(ctx, f, r.version, &s)
}

// compareStaged finds out whether a change asks for what there is (R24).
func (w *world) compareStaged(ctx context.Context, f facts, v cluster.Version, s *staged) error {
	if !f.Change || f.Previous == 0 || s.Error != nil {
		return nil
	}
	return w.Store.Read(ctx, func(tx *store.Tx) error {
		old, err := tx.Version(f.Job, f.Previous)
		if err == nil && old.State == cluster.Frozen && old.Launch.Equal(v.Launch) && old.Flink == v.Flink &&
			old.JarSHA256 == s.Jar.SHA256 && slices.Equal(old.Lib, s.Lib) {
			s.SameAs = old.Number
		} else if err == nil && f.Way == bySavepoint && f.SavePointName == "" && len(old.Scalable) > 0 && old.State == cluster.Frozen && old.Flink == v.Flink &&
			old.JarSHA256 == s.Jar.SHA256 && slices.Equal(old.Lib, s.Lib) && old.Launch.OnlyParallelism(v.Launch) {
			s.Rescale = v.Launch.Parallelism()
		}
		return err
	})
}

// stage copies and checks the jars. What is wrong with them is a result too; what is wrong with the storage is tried again.
func (w *world) stage(ctx context.Context, op string, f facts) error {
	r, err := w.launchRows(ctx, f)
	if err != nil {
		return err
	}
	at, err := w.stagedAt(r, op)
	if err != nil {
		return err
	}
	s, err := w.stageJars(ctx, r)
	if e := cluster.AsError(err); e != nil && e.Kind == cluster.Invalid {
		s, err = staged{Error: &failure{Code: e.Code, Message: e.Message, Hint: e.Hint}}, nil
	}
	if err != nil {
		return err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, _, err = w.Storage.Put(ctx, at, bytes.NewReader(raw), manifestLimit)
	return err
}

func (w *world) stageJars(ctx context.Context, r launchRows) (s staged, err error) {
	l, suffixes := r.version.Launch, w.Limits.StorageSuffixes
	prefix, err := l.Prefix(r.cluster.DeploymentID, suffixes...)
	if err != nil {
		return s, err
	}
	folder := prefix.Join(jarsFolder)
	from, err := l.JarURI(suffixes...)
	if err != nil {
		return s, err
	}
	if s.Jar, err = w.stageProgram(ctx, l, from, folder); err != nil {
		return s, err
	}
	if s.Lib, err = w.stageLib(ctx, l, folder); err != nil {
		return s, err
	}
	if l.Script() || l.Python() {
		return s, nil // Flink's own program runs it
	}
	paths := make([]string, 0, 1+len(s.Lib))
	for _, jar := range append([]cluster.Jar{s.Jar}, s.Lib...) {
		path, err := w.Storage.Local(ctx, folder.Join(jarFile(jar.SHA256)))
		if err != nil {
			return s, err
		}
		paths = append(paths, path)
	}
	s.MainClass, err = storage.EntryClass(paths[0], l.EntryClass, paths[1:]...)
	return s, err
}

func (w *world) stageProgram(ctx context.Context, l cluster.Launch, from, folder cluster.StorageURI) (cluster.Jar, error) {
	switch {
	case l.Script():
		return w.Storage.StageScript(ctx, from, folder, scriptSuffix)
	case l.Python():
		return w.Storage.StageScript(ctx, from, folder, pythonSuffix)
	}
	return w.Storage.StageJar(ctx, from, folder)
}

// stageLib stages the jars in <jobJarDirectory>/lib/ (R19).
func (w *world) stageLib(ctx context.Context, l cluster.Launch, folder cluster.StorageURI) ([]cluster.Jar, error) {
	lib, err := l.LibURI(w.Limits.StorageSuffixes...)
	if err != nil {
		return nil, err
	}
	entries, err := w.Storage.List(ctx, lib)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var jars []cluster.Jar
	for _, e := range entries {
		if e.Dir || !strings.HasSuffix(strings.ToLower(e.Name), ".jar") {
			continue
		}
		jar, err := w.Storage.StageJar(ctx, lib.Join(e.Name), folder)
		if err != nil {
			return nil, err
		}
		jars = append(jars, jar)
	}
	return jars, nil
}

// Upload puts a file into a mounted storage account.
func (s *Service) Upload(ctx context.Context, c Caller, pool cluster.PoolRef, uri string, body io.Reader) (Uploaded, error) {
	if _, err := s.Pool(ctx, pool); err != nil {
		return Uploaded{}, err
	}
	at, err := s.parse(uri)
	if err != nil {
		return Uploaded{}, err
	}
	sha, n, err := s.Storage.Put(ctx, at, body, s.UploadBytes)
	switch {
	case errors.Is(err, storage.ErrTooLarge):
		return Uploaded{}, cluster.Errorf(cluster.TooLarge, "RequestContentTooLarge", "", "The file is larger than %d bytes.", s.UploadBytes)
	case errors.Is(err, storage.ErrFull):
		return Uploaded{}, &cluster.Error{Kind: cluster.InsufficientStorage, Code: "InsufficientStorage", Err: err,
			Message: "The disk of the storage account is full: nothing was stored.", Hint: "free some space and try again"}
	case errors.Is(err, storage.ErrNotMounted):
		return Uploaded{}, cluster.Errorf(cluster.Invalid, "StorageAccountNotMounted", "uri", "No storage is mounted for %s.", uri)
	case errors.Is(err, storage.ErrNotFound):
		return Uploaded{}, cluster.Errorf(cluster.Invalid, "InvalidStorageUri", "uri", "%s does not name a file that could be written.", uri)
	case err != nil:
		return Uploaded{}, err
	}
	row := store.AuditRow{At: s.Now(), Principal: c.Principal, Action: "upload", Resource: uri, Decision: "allowed", RequestID: c.RequestID, Detail: fmt.Sprintf("sha256 %s, %d bytes", sha, n)}
	if err := s.Store.Change(ctx, nil, func(tx *store.Tx) error { return tx.AddAudit(row) }); err != nil {
		return Uploaded{}, err
	}
	return Uploaded{URI: uri, SHA256: sha, Bytes: n}, nil
}
