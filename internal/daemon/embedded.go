package daemon

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed embedded
var embedded embed.FS

// Carried is one of the files that the binary carries inside, written out below the data directory.
type Carried struct {
	Path   string // absolute
	SHA256 string // 64 lower-case hex digits
}

// ErrBare says that this binary carries nothing inside.
var ErrBare = errors.New("this binary was built without the keeper and the Java jar; use make build")

// unpack writes keeper and jar to DIR/bin under names made of their digests. Files of other binaries that were used here
// before stay: processes may still run from them.
func unpack(dir string, from fs.FS) (keeper, jar Carried, err error) {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return keeper, jar, fmt.Errorf("cannot make the folder of programs: %w", err)
	}
	if keeper, err = carry(from, "embedded/drey-keep", filepath.Join(bin, "drey-keep-%s"), 0o700); err != nil {
		return keeper, jar, err
	}
	jar, err = carry(from, "embedded/drey-flink.jar", filepath.Join(bin, "drey-flink-%s.jar"), 0o600)
	return keeper, jar, err
}

func carry(from fs.FS, name, pattern string, mode os.FileMode) (Carried, error) {
	content, err := fs.ReadFile(from, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Carried{}, ErrBare
	} else if err != nil {
		return Carried{}, err
	}
	sum := sha256.Sum256(content)
	c := Carried{SHA256: hex.EncodeToString(sum[:])}
	c.Path = fmt.Sprintf(pattern, c.SHA256)
	if there, err := os.ReadFile(c.Path); err == nil && sha256.Sum256(there) == sum {
		return c, nil
	}
	if err := writeFile(c.Path, content, mode); err != nil {
		return Carried{}, fmt.Errorf("cannot write out %s: %w", filepath.Base(name), err)
	}
	return c, nil
}
