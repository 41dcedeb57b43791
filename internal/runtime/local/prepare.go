package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// Prepare implements [runtime.Runtime]. It comes back when each process runs or has ended, not when the gate is ready.
func (r *Runtime) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	if err := check(inc); err != nil {
		return fmt.Errorf("cannot prepare incarnation %s: %w", inc.ID, err)
	}
	defer r.preparing.lock(string(inc.ID))()
	if err := r.prepare(ctx, inc, r.folder(inc.ID)); err != nil {
		return fmt.Errorf("cannot prepare incarnation %s: %w", inc.ID, err)
	}
	r.log.InfoContext(ctx, "incarnation prepared", "incarnation", inc.ID, "processes", len(inc.Processes))
	return nil
}

func (r *Runtime) prepare(ctx context.Context, inc runtime.Incarnation, f incarnation) error {
	if err := alive(f); err != nil {
		return err
	}
	there, err := exists(f.path(preparedFile))
	if err != nil {
		return fmt.Errorf("cannot see whether it was prepared: %w", err)
	}
	if !there {
		if err := r.write(ctx, inc, f); err != nil {
			return err
		}
	}
	processes, err := f.neverReplaced()
	if err != nil {
		return err
	}
	return r.startAll(ctx, f, processes)
}

// neverReplaced lists the processes but those that Scale is about to start anew, or has.
func (i incarnation) neverReplaced() (out []runtime.ProcessID, err error) {
	processes, err := i.roles()
	for _, p := range processes {
		replaced, existsErr := exists(filepath.Join(i.role(p), keeper.ReplacedFile))
		if err = errors.Join(err, existsErr); !replaced {
			out = append(out, p)
		}
	}
	return out, err
}

// alive answers [runtime.ErrDead] where a tombstone is.
func alive(f incarnation) error {
	dead, err := f.tombstoned()
	if err != nil {
		return fmt.Errorf("cannot look for a tombstone: %w", err)
	}
	if dead {
		return runtime.ErrDead
	}
	return nil
}

// check refuses what would leave the incarnation's folder, or could never start.
func check(inc runtime.Incarnation) error {
	if err := checkID(inc.ID); err != nil {
		return err
	}
	for _, f := range inc.Files {
		if f.Name == "" || f.Name == "." || f.Name == ".." || filepath.Base(f.Name) != f.Name {
			return fmt.Errorf("%q is no name of a file", f.Name)
		}
	}
	for _, a := range inc.Artifacts {
		if !filepath.IsLocal(a.Name) || a.Name == "." || !filepath.IsAbs(a.Source) {
			return fmt.Errorf("artifact %q has no proper name or source", a.Name)
		}
	}
	seen := map[runtime.ProcessID]bool{}
	for _, p := range inc.Processes {
		if err := checkProcess(p.ProcessID); err != nil {
			return err
		}
		if seen[p.ProcessID] {
			return fmt.Errorf("%s is there twice", p.ProcessID)
		}
		seen[p.ProcessID] = true
		if len(p.Args) == 0 || !filepath.IsAbs(p.Args[0]) {
			return fmt.Errorf("%s names no executable by absolute path", p.ProcessID)
		}
	}
	return nil
}

// write lays down all that the processes find, incarnation.json last. Half of it may lie there from a try before.
func (r *Runtime) write(ctx context.Context, inc runtime.Incarnation, f incarnation) error {
	for _, name := range []string{confFolder, jarsFolder, pluginsFolder, gateFolder, workFolder} {
		if err := os.MkdirAll(f.path(name), 0o700); err != nil {
			return fmt.Errorf("cannot make folder %s: %w", name, err)
		}
	}
	for _, file := range inc.Files {
		path := filepath.Join(f.path(confFolder), file.Name)
		if err := keeper.WriteFile(path, file.Mode.Perm(), []byte(file.Content.Reveal())); err != nil {
			return fmt.Errorf("cannot write file %s: %w", file.Name, err)
		}
	}
	for _, a := range inc.Artifacts {
		if err := f.bring(ctx, a); err != nil {
			return fmt.Errorf("cannot bring artifact %s: %w", a.Name, err)
		}
	}
	for _, p := range inc.Processes {
		if err := r.writeRole(p, f); err != nil {
			return fmt.Errorf("cannot write the folder of %s: %w", p.ProcessID, err)
		}
	}
	if err := keeper.WriteJSON(f.path(preparedFile), 0o600, describe(inc)); err != nil {
		return fmt.Errorf("cannot write down what was prepared: %w", err)
	}
	return keeper.SyncFolder(filepath.Dir(f.dir))
}

// writeRole makes the folders of one process and its keeper's input.
func (r *Runtime) writeRole(p runtime.Process, f incarnation) error {
	work := filepath.Join(f.path(workFolder), p.ProcessID.String())
	for _, dir := range []string{f.role(p.ProcessID), work} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	key := filepath.Join(f.role(p.ProcessID), keeper.KeyFile)
	if err := keeper.WriteFile(key, 0o600, []byte(randomHex(32)+"\n")); err != nil {
		return err
	}
	in := keeper.Input{
		Version:     keeper.Version,
		Incarnation: string(f.id),
		Process:     p.ProcessID.String(),
		Args:        p.Args,
		Env:         r.markedEnv(p, f),
		Folder:      work,
		Tombstone:   f.path(tombstoneFile),
	}
	if p.Gate {
		in.Gate = f.path(gateFolder)
	}
	return keeper.WriteJSON(filepath.Join(f.role(p.ProcessID), keeper.InputFile), 0o600, in)
}

// startAll starts the keepers that are still to be started, all at once, and waits for each to say that its process runs.
func (r *Runtime) startAll(ctx context.Context, f incarnation, processes []runtime.ProcessID) error {
	var waits []func() error
	var failed []error
	for _, p := range processes {
		ended, err := r.startKeeper(f, p)
		if err != nil {
			failed = append(failed, fmt.Errorf("cannot start the keeper of %s: %w", p, err))
			break // what is up stays up, held: the caller repeats or kills
		}
		waits = append(waits, func() error { return r.awaitKeeper(ctx, f, p, ended) })
	}
	for _, wait := range waits {
		failed = append(failed, wait())
	}
	return errors.Join(failed...)
}
