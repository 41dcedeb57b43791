package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"drey/internal/flink"
	"drey/internal/runtime/local"
	"drey/internal/store"
)

const (
	archivesFolder = "archives"
	archiveFile    = "archive.json" // in each: a flink.ArchiveSource
	halfMade       = ".tmp-"

	lookEvery     = 5 * time.Second
	archiveDiskMB = 1024 // an archive of both roles has 120 to 250 MB; making it takes about twice that
	archiveFreeMB = 2048
)

// archives are the class-data archives of one data directory: DIR/archives/<key>/{jobmanager,taskmanager}.{jsa,aot}. They make
// starts faster and nothing else: whatever is wrong with one, processes start without it.
type archives struct {
	dir     string
	java    flink.Java
	dists   flink.Distributions
	jar     Carried
	runtime *local.Runtime
	store   *store.Store
	log     *slog.Logger

	failed map[string]bool // keys that were tried; of run alone
}

// of finds the archives that fit a release as it lies there now.
func (a *archives) of(version string) flink.Archives {
	source, err := a.source(version)
	if err != nil {
		return flink.Archives{}
	}
	made := flink.Archives{JobManager: a.path(source, flink.RoleJobManager), TaskManager: a.path(source, flink.RoleTaskManager)}
	if _, err := os.Stat(made.JobManager); err != nil {
		return flink.Archives{}
	}
	return made
}

// HasArchives says that a data directory has archives of a release; whether they fit is for its server to say.
func HasArchives(data, version string) bool {
	found, err := filepath.Glob(filepath.Join(data, archivesFolder, "*", archiveFile))
	return err == nil && slices.ContainsFunc(found, func(file string) bool {
		var made flink.ArchiveSource
		return readJSON(file, &made) == nil && made.Flink == version
	})
}

func (a *archives) source(version string) (flink.ArchiveSource, error) {
	d, err := a.dists.Show(version)
	if err != nil {
		return flink.ArchiveSource{}, err
	}
	return flink.NewArchiveSource(a.java, d, a.jar.Path, a.jar.SHA256)
}

func (a *archives) path(s flink.ArchiveSource, role string) string {
	return filepath.Join(a.dir, s.Key(), role+a.java.ArchiveSuffix())
}

// run makes what is missing, one at a time, whenever nothing else is to be done, until ctx ends.
func (a *archives) run(ctx context.Context) {
	if a.java.ArchiveSuffix() == "" {
		return
	}
	a.failed = map[string]bool{}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.look(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// look makes the first archive that is missing, if this is the moment, and removes what is of no more use.
func (a *archives) look(ctx context.Context) {
	wanted, err := a.wanted()
	if err != nil {
		a.log.DebugContext(ctx, "cannot see which class-data archives are missing", "error", err)
		return
	}
	a.sweep(ctx, wanted)
	for _, source := range wanted {
		key := source.Key()
		if a.of(source.Flink) != (flink.Archives{}) || a.failed[key] || !a.idle(ctx) {
			continue
		}
		began := time.Now()
		err := a.make(ctx, source)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			a.failed[key] = true
			a.log.WarnContext(ctx, "cannot make class-data archives; starts stay slower until a next server tries again", "flink", source.Flink, "error", err)
			continue
		}
		a.log.InfoContext(ctx, "class-data archives are ready; starts are faster from here on", "flink", source.Flink, "seconds", int(time.Since(began).Seconds()))
	}
}

// wanted is what archives should be made from: each installed release that this Java runs.
func (a *archives) wanted() ([]flink.ArchiveSource, error) {
	all, err := a.dists.List()
	if err != nil {
		return nil, err
	}
	var out []flink.ArchiveSource
	for _, d := range all {
		if a.java.Runs(d.Version) != nil {
			continue
		}
		s, err := flink.NewArchiveSource(a.java, d, a.jar.Path, a.jar.SHA256)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// idle says that no operation runs. What starts later goes before a training run by its priority.
func (a *archives) idle(ctx context.Context) bool {
	busy := 0
	err := a.store.Read(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenHeads(localTarget)
		busy = len(open)
		return err
	})
	return err == nil && busy == 0
}

// sweep removes what was half made, and archives whose release is gone or has newer ones. A process that uses one keeps it: it
// is mapped.
func (a *archives) sweep(ctx context.Context, wanted []flink.ArchiveSource) {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return // there are none yet
	}
	for _, e := range entries {
		if a.needed(e.Name(), wanted) {
			continue
		}
		if err := removeTree(filepath.Join(a.dir, e.Name())); err != nil {
			a.log.WarnContext(ctx, "cannot remove a class-data archive", "key", e.Name(), "error", err)
		}
	}
}

func (a *archives) needed(name string, wanted []flink.ArchiveSource) bool {
	if slices.ContainsFunc(wanted, func(s flink.ArchiveSource) bool { return s.Key() == name }) {
		return true
	}
	var made flink.ArchiveSource
	if strings.HasPrefix(name, halfMade) || readJSON(filepath.Join(a.dir, name, archiveFile), &made) != nil {
		return false
	}
	installed := slices.ContainsFunc(wanted, func(s flink.ArchiveSource) bool { return s.Flink == made.Flink })
	return installed && a.of(made.Flink) == (flink.Archives{}) // its successor is not there yet
}

// make makes the archives of a source, whole or not at all.
func (a *archives) make(ctx context.Context, source flink.ArchiveSource) error {
	if err := a.room(); err != nil {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of archives: %w", err)
	}
	tmp, err := os.MkdirTemp(a.dir, halfMade)
	if err != nil {
		return fmt.Errorf("cannot make a folder for a training run: %w", err)
	}
	defer func() { _ = removeTree(tmp) }()
	run := training{archives: a, source: source, dir: filepath.Join(tmp, "run"), out: filepath.Join(tmp, "out")}
	if err := run.run(ctx); err != nil {
		return err
	}
	if err := errors.Join(writeJSON(filepath.Join(run.out, archiveFile), source), seal(run.out)); err != nil {
		return fmt.Errorf("cannot finish the archives: %w", err)
	}
	if err := os.Rename(run.out, filepath.Join(a.dir, source.Key())); err != nil {
		return fmt.Errorf("cannot put the archives in place: %w", err)
	}
	return syncDir(a.dir)
}

// room refuses to begin where memory or disk are needed by others.
func (a *archives) room() error {
	free, err := FreeMemoryMB()
	if err != nil {
		return err
	}
	if free < archiveFreeMB {
		return fmt.Errorf("a training run needs %d MB of free memory; there are %d", archiveFreeMB, free)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(a.dir), &s); err != nil {
		return fmt.Errorf("cannot see how much disk is free: %w", err)
	}
	if mb := int64(s.Bavail) * s.Bsize >> 20; mb < archiveDiskMB {
		return fmt.Errorf("a training run needs %d MB of free disk; there are %d", archiveDiskMB, mb)
	}
	return nil
}
