package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/storage"
	"drey/internal/store"
)

// The newest provable state of an incarnation (R47): what lies in its checkpoint folder and its savepoints, by their own metadata.

// provable chooses what a job goes on from after its incarnation is proved dead.
func (w *world) provable(ctx context.Context, r launchRows, id string, seen int64) (*restoreAnswer, error) {
	inc, err := w.incarnation(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := w.candidates(ctx, r, inc)
	if err != nil {
		return nil, err
	}
	inc.LastSeen = max(inc.LastSeen, seen)
	choice := cluster.NewestProvable(found, inc.LastSeen)
	switch {
	case choice.Asks():
		return &restoreAnswer{Problem: restoreNeedsChoice(choice, inc)}, nil
	case choice.Found:
		return &restoreAnswer{URI: choice.From.URI}, nil
	}
	return &restoreAnswer{URI: inc.Restore}, nil // it completed nothing of its own
}

func restoreNeedsChoice(c cluster.Choice, inc cluster.Incarnation) *failure {
	var names []string
	for _, k := range c.AskPerson {
		text := k.URI
		if !k.Parses {
			text += " (damaged)"
		}
		names = append(names, text)
	}
	list := "nothing is left of it"
	if len(names) > 0 {
		list = "there are " + strings.Join(names, ", ")
	}
	return &failure{Code: "RestoreNeedsChoice",
		Message: fmt.Sprintf("The newest state of the job cannot be proved: checkpoint %d was seen complete, and %s.", inc.LastSeen, list),
		Hint:    "choose one yourself: START with savePointName"}
}

// candidates lists what an incarnation left: its checkpoints, and the savepoints that were asked of it.
func (w *world) candidates(ctx context.Context, r launchRows, inc cluster.Incarnation) ([]cluster.Candidate, error) {
	v, err := w.versionOf(ctx, inc)
	if err != nil {
		return nil, err
	}
	dir, err := v.Launch.CheckpointDirectory(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	if err != nil {
		return nil, err
	}
	places, err := w.checkpointsIn(ctx, dir.Join(inc.FlinkJobID))
	if err != nil {
		return nil, err
	}
	kept, err := w.savepointsOf(ctx, inc)
	if err != nil {
		return nil, err
	}
	var all []cluster.Candidate
	for _, at := range append(places, kept...) {
		c, err := w.candidate(ctx, at)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (w *world) versionOf(ctx context.Context, inc cluster.Incarnation) (v cluster.Version, err error) {
	err = w.Store.Read(ctx, func(tx *store.Tx) error {
		v, err = tx.Version(inc.JobUID, inc.Version)
		return err
	})
	return v, err
}

// checkpointsIn lists the chk-<n> folders of a Flink job.
func (w *world) checkpointsIn(ctx context.Context, folder cluster.StorageURI) ([]cluster.StorageURI, error) {
	entries, err := w.Storage.List(ctx, folder)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the checkpoints: %w", err)
	}
	var all []cluster.StorageURI
	for _, e := range entries {
		if e.Dir && checkpointNumber(e.Name) > 0 {
			all = append(all, folder.Join(e.Name))
		}
	}
	return all, nil
}

// checkpointNumber is n of chk-<n>, 0 of anything else.
func checkpointNumber(name string) int64 {
	digits, ok := strings.CutPrefix(name, "chk-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n
}

// savepointsOf are the savepoints that an incarnation wrote: those in the catalogue, and those of triggers whose outcome was not learned. One
// that could not be verified counts only if it is what a stop left: after another one the job ran on.
func (w *world) savepointsOf(ctx context.Context, inc cluster.Incarnation) ([]cluster.StorageURI, error) {
	var uris, folders []string
	err := w.Store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Savepoints(inc.JobUID)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.Incarnation == inc.ID && (s.Complete || s.Origin == originStop) {
				uris = append(uris, s.URI)
			}
		}
		open, err := tx.OpenTriggers(inc.JobUID)
		for _, t := range open {
			if t.Incarnation == inc.ID {
				folders = append(folders, t.Directory)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		found, err := w.completeIn(ctx, folder)
		if err != nil {
			return nil, err
		}
		uris = append(uris, found...)
	}
	all := make([]cluster.StorageURI, 0, len(uris))
	for _, text := range uris {
		uri, err := w.parse(text)
		if err != nil {
			return nil, err
		}
		all = append(all, uri)
	}
	return all, nil
}

// candidate reads what a snapshot says of itself.
func (w *world) candidate(ctx context.Context, at cluster.StorageURI) (cluster.Candidate, error) {
	c := cluster.Candidate{URI: at.String(), CheckpointID: checkpointNumber(at.Base())}
	raw, err := w.Storage.ReadMetadata(ctx, at)
	if errors.Is(err, storage.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("cannot read the metadata of %s: %w", at, err)
	}
	c.Metadata = true
	if m, err := flink.ReadMetadata(raw); err == nil {
		c.Parses, c.CheckpointID = true, m.CheckpointID
	}
	return c, nil
}

// ownCheckpoints are the complete checkpoints that a Flink job made itself.
func (w *world) ownCheckpoints(ctx context.Context, f facts, flinkJob string) ([]string, error) {
	r, err := w.launchRows(ctx, f)
	if err != nil {
		return nil, err
	}
	dir, err := r.version.Launch.CheckpointDirectory(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	if err != nil {
		return nil, err
	}
	return w.completeIn(ctx, dir.Join(flinkJob).String())
}
