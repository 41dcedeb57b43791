package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"drey/internal/runtime"
)

// bring sends an artifact to a keeper that waits for it.
func (r *Runtime) bring(ctx context.Context, a at, digest string, artifacts []runtime.Artifact) error {
	i := slices.IndexFunc(artifacts, func(a runtime.Artifact) bool { return a.SHA256 == digest })
	if i < 0 {
		return fmt.Errorf("nobody knows an artifact with digest %s", digest)
	}
	f, err := os.Open(artifacts[i].Source)
	if err != nil {
		return fmt.Errorf("cannot open artifact %s: %w", artifacts[i].Name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := r.keepers.of(a).Bring(ctx, digest, f, info.Size()); err != nil {
		return fmt.Errorf("%s: %w", artifacts[i].Name, err)
	}
	return nil
}

// checkSources refuses artifacts that no keeper would take, before anything is made.
func checkSources(artifacts []runtime.Artifact) error {
	seen := map[string]bool{}
	for _, a := range artifacts {
		if seen[a.Source] {
			continue
		}
		seen[a.Source] = true
		f, err := os.Open(a.Source)
		if err != nil {
			return fmt.Errorf("cannot open artifact %s: %w", a.Name, err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return fmt.Errorf("cannot read artifact %s: %w", a.Name, err)
		}
		if hex.EncodeToString(sum.Sum(nil)) != a.SHA256 {
			return fmt.Errorf("artifact %s is not what it should be: its digest is another one", a.Name)
		}
	}
	return nil
}

var fileName = regexp.MustCompile(`^[A-Za-z0-9][-._A-Za-z0-9]{0,200}$`) // as a key of a Secret may be

// check refuses what would leave the folders of the incarnation, or could never start.
func check(inc runtime.Incarnation) error {
	if err := checkID(inc.ID); err != nil {
		return err
	}
	for _, f := range inc.Files {
		if !fileName.MatchString(f.Name) {
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
		if seen[p.ProcessID] || p.Index < 0 || !roleName.MatchString(string(p.Role)) {
			return fmt.Errorf("%q is no process, or is there twice", p.ProcessID)
		}
		seen[p.ProcessID] = true
		if len(p.Args) == 0 || !path.IsAbs(p.Args[0]) {
			return fmt.Errorf("%s names no executable by absolute path", p.ProcessID)
		}
	}
	if len(inc.Processes) == 0 {
		return errors.New("it has no processes")
	}
	return nil
}

var roleName = regexp.MustCompile(`^[a-z]{1,16}$`)
