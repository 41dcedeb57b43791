package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// bring puts an artifact into its place, with the digest it must have. A file whose name carries its digest never changes,
// so it is linked if it can be; anything else is copied, because its owner may write into it while a process reads it.
func (i incarnation) bring(ctx context.Context, a runtime.Artifact) error {
	folder := jarsFolder
	if a.Plugin {
		folder = pluginsFolder
	}
	target := filepath.Join(i.path(folder), a.Name)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+randomHex(8))
	defer os.Remove(temp) // also after the rename: renaming onto another link of the same file leaves it
	digest, err := linkOrCopy(ctx, a, temp)
	if err != nil {
		return err
	}
	if digest != a.SHA256 {
		return fmt.Errorf("its SHA-256 is %s, not %s", digest, a.SHA256)
	}
	if err := os.Rename(temp, target); err != nil {
		return err
	}
	return keeper.SyncFolder(filepath.Dir(target))
}

// linkOrCopy makes temp out of the artifact's source and answers its digest.
func linkOrCopy(ctx context.Context, a runtime.Artifact, temp string) (string, error) {
	if a.SHA256 != "" && strings.Contains(filepath.Base(a.Source), a.SHA256) {
		if source, err := filepath.EvalSymlinks(a.Source); err == nil && os.Link(source, temp) == nil {
			return digestOf(ctx, temp, io.Discard)
		}
	}
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return "", err
	}
	defer out.Close()
	digest, err := digestOf(ctx, a.Source, out)
	if err != nil {
		return "", err
	}
	return digest, out.Sync()
}

// digestOf reads the file at path into w and answers its SHA-256 in hex.
func digestOf(ctx context.Context, path string, w io.Writer) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), stoppable{ctx, in}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// stoppable reads until its context ends: a jar may be large.
type stoppable struct {
	ctx context.Context
	io.Reader
}

// Read implements [io.Reader].
func (s stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(b)
}
