package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Installation is what is asked of [Distributions.Install].
type Installation struct {
	Version   string
	From      string            // a folder, a .tgz, .zip or .whl, or an archive's https URL; "": FLINK_HOME if it has this version, else by pip
	SHA256    string            // that an archive must have, in hex; "": not asked for
	SHA512    string            // the same; if neither is given for a URL, <URL>.sha512 must say it
	With      []string          // extras by name
	ExtraFrom map[string]string // jars of extras by the extra's name: these are wanted too
	Transport http.RoundTripper // nil: the environment's proxy, and the machine's authorities
	Progress  func(Progress)    // must not be nil
}

// installer is an installation that is under way.
type installer struct {
	Installation
	tmp string // a folder beside the place of the release
	*unpacker
}

// Install puts a release, or extras of one that is there, below its version: all of it in one step, or nothing.
func (d Distributions) Install(ctx context.Context, in Installation) (Distribution, error) {
	if !versionForm.MatchString(in.Version) {
		return Distribution{}, fmt.Errorf("%q is no Flink version; try 2.3.0", in.Version)
	}
	if _, err := LineOf(in.Version); err != nil {
		return Distribution{}, err
	}
	wanted, err := in.extras()
	if err != nil {
		return Distribution{}, err
	}
	if done, ok := d.has(in, wanted); ok {
		return done, nil
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return Distribution{}, fmt.Errorf("cannot make the folder of distributions: %w", err)
	}
	unlock, err := d.lock(ctx, in.Progress)
	if err != nil {
		return Distribution{}, err
	}
	defer unlock()
	if done, ok := d.has(in, wanted); ok { // another was first
		return done, nil
	}
	d.sweep()
	return d.build(ctx, in, wanted)
}

// build makes the release in a folder of its own, and puts it in place when it is whole.
func (d Distributions) build(ctx context.Context, in Installation, wanted []extra) (Distribution, error) {
	tmp, err := os.MkdirTemp(d.Dir, tmpPrefix)
	if err != nil {
		return Distribution{}, fmt.Errorf("cannot make a folder to unpack to: %w", err)
	}
	defer removeAll(tmp)
	home := filepath.Join(tmp, "home")
	u, err := newUnpacker(ctx, home, in.Progress)
	if err != nil {
		return Distribution{}, err
	}
	defer u.close()
	i := &installer{in, tmp, u}
	source, err := i.release(ctx, d)
	if err != nil {
		return Distribution{}, err
	}
	for _, e := range wanted {
		if err := i.add(ctx, e); err != nil {
			return Distribution{}, err
		}
	}
	return d.place(ctx, i, Distribution{Version: in.Version, Source: source})
}

// has finds a release with all extras that are wanted.
func (d Distributions) has(in Installation, wanted []extra) (Distribution, bool) {
	dist, err := d.Show(in.Version)
	for _, e := range wanted {
		if err != nil || !e.in(dist.Path, in.Version) {
			return Distribution{}, false
		}
	}
	if err == nil {
		in.Progress(Progress{Text: "Flink " + in.Version + " is there already"})
	}
	return dist, err == nil
}

// release fills home with the release, and answers what it is from: the one that is installed, if there is one.
func (i *installer) release(ctx context.Context, d Distributions) (source string, err error) {
	if old, err := d.Show(i.Version); err == nil {
		return old.Source, i.inherit(ctx, old)
	}
	from, source := i.From, filepath.Base(i.From)
	switch {
	case isURL(from):
		from, source, err = i.fetch(ctx)
	case from != "":
		err = i.checkFile(from)
	case i.SHA256 != "" || i.SHA512 != "":
		err = errors.New("a digest is for an archive; name it with --from FILE or URL")
	case i.flinkHome() != "":
		from, source = os.Getenv("FLINK_HOME"), "FLINK_HOME"
	default:
		source = "pip"
		from, err = i.pip(ctx)
	}
	if err == nil {
		err = i.take(from)
	}
	if err != nil {
		return "", err
	}
	found, err := versionOf(i.home)
	if err == nil && found != i.Version {
		err = fmt.Errorf("this is Flink %s, not %s; use `drey distribution install %s`", found, i.Version, found)
	}
	return source, err
}

// inherit links the files of the installed release, if they are as they were installed.
func (i *installer) inherit(ctx context.Context, old Distribution) error {
	faults, err := old.Verify(ctx)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return fmt.Errorf("the installed Flink %s is damaged (%s %s); use `drey distribution remove %s`, and install it anew", i.Version, faults[0].Path, faults[0].Problem, i.Version)
	}
	err = filepath.WalkDir(old.Path, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(old.Path, p)
		switch {
		case err != nil || rel == "." || rel == markerFile || rel == recordFile:
			return err
		case e.IsDir():
			return os.Mkdir(filepath.Join(i.home, rel), 0o755)
		}
		return os.Link(p, filepath.Join(i.home, rel))
	})
	if err != nil {
		return fmt.Errorf("cannot link the installed release: %w", err)
	}
	return nil
}

// place seals what is in home, and moves it to its name.
func (d Distributions) place(ctx context.Context, i *installer, dist Distribution) (Distribution, error) {
	i.Progress(Progress{Text: "checking"})
	files, err := sums(ctx, i.home)
	if err != nil {
		return dist, err
	}
	dist.Digest, dist.InstalledAt = digestOf(files), time.Now().UTC().Truncate(time.Second)
	dist.Extras = extrasIn(i.home, dist.Version)
	marker, err := json.MarshalIndent(dist, "", "  ")
	if err != nil {
		return dist, err
	}
	for name, text := range map[string]string{recordFile: record(files), markerFile: string(marker) + "\n"} {
		if err := i.write(name, strings.NewReader(text)); err != nil {
			return dist, err
		}
	}
	if err := seal(i.home); err != nil {
		return dist, err
	}
	dist.Path = filepath.Join(d.Dir, dist.Version)
	if err := moveTo(i.home, dist.Path); err != nil {
		return dist, fmt.Errorf("cannot put the distribution in place: %w", err)
	}
	return dist, errors.Join(os.Chmod(dist.Path, 0o555), syncFolder(d.Dir))
}

// moveTo renames a folder. One that has the name is exchanged for it, so that at each instant one of both is there: processes may
// run from it.
func moveTo(home, path string) error {
	if err := os.Chmod(path, 0o755); errors.Is(err, fs.ErrNotExist) { // to move a folder is to write its ".."
		return os.Rename(home, path)
	} else if err != nil {
		return err
	}
	err := unix.Renameat2(unix.AT_FDCWD, home, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE)
	if err != nil {
		return errors.Join(err, os.Chmod(path, 0o555))
	}
	return nil
}
