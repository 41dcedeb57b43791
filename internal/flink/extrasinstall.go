package flink

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// add puts an extra where it belongs, unless it is there.
func (i *installer) add(ctx context.Context, e extra) error {
	switch {
	case e.in(i.home, i.Version):
		return nil
	case e.name == python:
		return i.addPython(ctx)
	}
	jar, err := i.jarOf(ctx, e)
	if err != nil {
		return err
	}
	if err := e.check(jar, i.Version); err != nil {
		return err
	}
	return i.copyFile(jar, path.Join(e.folder, e.jar(i.Version)))
}

// jarOf finds the jar of an extra: the one that was given, else the release's own, else Maven's.
func (i *installer) jarOf(ctx context.Context, e extra) (string, error) {
	if given := i.ExtraFrom[e.name]; given != "" {
		return given, nil
	}
	own := filepath.Join(i.home, "opt", e.jar(i.Version))
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return "", i.lacks(e, "this packing of the release has none, and mvn was not found", "install Maven (Debian: apt-get install maven)")
	}
	coordinates := e.coordinates(i.Version)
	i.say("fetching " + coordinates + " by mvn")
	dest := filepath.Join(i.tmp, "maven")
	out, err := i.run(ctx, mvn, "--batch-mode", "dependency:copy", "-Dartifact="+coordinates, "-DoutputDirectory="+dest)
	jar := filepath.Join(dest, e.jar(i.Version))
	if err == nil {
		_, err = os.Stat(jar)
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", i.lacks(e, "mvn cannot fetch it: "+mavenError(out, err), "see what `mvn dependency:copy -Dartifact="+coordinates+"` says")
	}
	return jar, nil
}

// lacks says that an extra cannot be had, and both ways out.
func (i *installer) lacks(e extra, why, maven string) error {
	return fmt.Errorf("there is no %s for Flink %s: %s; %s, or give the jar: --extra-from %s=%s", e.name, i.Version, why, maven, e.name, e.jar(i.Version))
}

// mavenError is the first line that mvn marks as an error.
func mavenError(out string, err error) string {
	for text := range strings.Lines(out) {
		if text, found := strings.CutPrefix(strings.TrimSpace(text), "[ERROR]"); found && strings.TrimSpace(text) != "" {
			return clip(strings.TrimSpace(text), 300)
		}
	}
	return lastLine(out, err)
}

// check refuses a jar that is something else, or of another version than the release.
func (e extra) check(jar, version string) error {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return fmt.Errorf("cannot read %s as a jar: %w", filepath.Base(jar), err)
	}
	defer func() { _ = z.Close() }()
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.HasPrefix(f.Name, e.classes) }) {
		return fmt.Errorf("%s is no %s: nothing of %s is in it", filepath.Base(jar), e.artifact, e.classes)
	}
	if found := implementationVersion(&z.Reader); found != "" && found != version {
		return fmt.Errorf("%s is of Flink %s, not %s; use %s", filepath.Base(jar), found, version, e.coordinates(version))
	}
	return nil
}

// implementationVersion is what a jar's manifest says, or "".
func implementationVersion(z *zip.Reader) string {
	f, err := z.Open("META-INF/MANIFEST.MF")
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(io.LimitReader(f, 1<<16))
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "Implementation-Version:"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
