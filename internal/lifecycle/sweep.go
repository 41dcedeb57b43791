package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/storage"
	"drey/internal/store"
)

// deleted is what a delete works on.
type deleted struct {
	prefix cluster.StorageURI
	incs   []cluster.Incarnation
}

func (w *world) deleted(ctx context.Context, f facts) (d deleted, err error) {
	var cl cluster.Cluster
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		if cl, err = tx.ClusterByUID(f.Cluster); err != nil {
			return err
		}
		d.incs, err = tx.Incarnations(f.Job)
		return err
	})
	if err != nil {
		return d, err
	}
	d.prefix, err = cluster.LaunchOf(cl.Spec).Prefix(cl.DeploymentID, w.Limits.StorageSuffixes...)
	return d, err
}

// leftovers: the folder of frozen jars is removed last, so its absence says that all else is gone.
func (w *world) leftovers(ctx context.Context, f facts) (*leftovers, error) {
	d, err := w.deleted(ctx, f)
	if err != nil {
		return nil, err
	}
	l := &leftovers{}
	for _, inc := range d.incs {
		l.Incarnations = append(l.Incarnations, inc.ID)
	}
	_, err = w.Storage.List(ctx, d.prefix.Join(jarsFolder))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	l.Forgotten = err != nil
	l.Kept, err = w.kept(ctx, d.prefix)
	return l, err
}

// kept names what stays in the user's storage (R17).
func (w *world) kept(ctx context.Context, prefix cluster.StorageURI) (string, error) {
	entries, err := w.Storage.List(ctx, prefix)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	if len(names) == 0 {
		return "nothing is kept", nil
	}
	return fmt.Sprintf("kept in %s: %s", prefix, strings.Join(names, ", ")), nil
}

// sweep removes what the incarnations left, what was asked to be purged, and the frozen jars last.
func (w *world) sweep(ctx context.Context, _ string, f facts) error {
	d, err := w.deleted(ctx, f)
	if err != nil {
		return err
	}
	for _, inc := range d.incs {
		rt, err := w.runtimeOf(inc.Target)
		if err != nil {
			return err
		}
		if err := rt.Forget(ctx, runtime.IncarnationID(inc.ID)); err != nil && !errors.Is(err, runtime.ErrNotFound) {
			return fmt.Errorf("cannot forget incarnation %s: %w", inc.ID, err)
		}
	}
	for _, part := range append(f.Purge, jarsFolder) {
		if err := w.Storage.RemoveAll(ctx, d.prefix.Join(part)); err != nil {
			return fmt.Errorf("cannot remove %s: %w", part, err)
		}
	}
	return nil
}
