package storage

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"drey/internal/cluster"
)

// Limits of a jar (SEC-17). The server reads its directory and single classes, and never unpacks it.
const (
	maxJarBytes    = 2 << 30
	maxJarEntries  = 200_000
	maxJarInflated = 8 << 30
	maxDirectory   = 64 << 20 // of bytes that list the entries
	maxRatio       = 200      // of the inflated to the jar's size, where the former is above smallInflated
	smallInflated  = 100 << 20
	maxManifest    = 1 << 20
	maxScript      = 1 << 20
)

// kind is what a staged program must be.
type kind struct {
	suffix string
	limit  int64 // bytes
	// wrong says why a file is none that can be used, or "". An error is of the file itself, not of what it holds.
	wrong func(file io.ReaderAt, size int64) (string, error)
	named func(uri, why string) *cluster.Error // the fault of one that is not
}

// unusable is why a file is not of its kind.
type unusable string

// Error implements [error].
func (u unusable) Error() string { return string(u) }

// StageJar copies a jar to <folder>/<sha256>.jar, where it stays as it is. The same content lies there once, however often it is
// staged.
func (m *Mounts) StageJar(ctx context.Context, from, folder cluster.StorageURI) (cluster.Jar, error) {
	return m.stage(ctx, from, folder, kind{".jar", maxJarBytes, harm, invalidJar})
}

// StageScript copies a program that is a text, of SQL or Python, to <folder>/<sha256><suffix> in the same way.
func (m *Mounts) StageScript(ctx context.Context, from, folder cluster.StorageURI, suffix string) (cluster.Jar, error) {
	return m.stage(ctx, from, folder, kind{suffix, maxScript, noText, invalidScript})
}

func (m *Mounts) stage(ctx context.Context, from, folder cluster.StorageURI, k kind) (cluster.Jar, error) {
	r, _, err := m.Open(ctx, from)
	if err != nil {
		return cluster.Jar{}, jarError(from, k.limit, err)
	}
	defer func() { _ = r.Close() }()
	to, err := m.at(folder)
	if err != nil {
		return cluster.Jar{}, err
	}
	sha, n, err := to.freeze(ctx, folder, r, k)
	if why := unusable(""); errors.As(err, &why) {
		return cluster.Jar{}, k.named(from.String(), string(why))
	}
	if errors.Is(err, ErrNotFound) {
		return cluster.Jar{}, fmt.Errorf("cannot make the folder of jars: %v", err) // it is not the jar that is missing
	}
	if err != nil {
		return cluster.Jar{}, jarError(from, k.limit, err)
	}
	return cluster.Jar{Name: from.Base(), SHA256: sha, Bytes: n}, nil
}

// jarError is what a person can do about a jar that cannot be had.
func jarError(uri cluster.StorageURI, limit int64, err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return cluster.Errorf(cluster.Invalid, "JarNotFound", "", "There is no jar at %s.", uri).WithHint("upload it there, or name another; then deploy or START again")
	case errors.Is(err, ErrTooLarge):
		return cluster.Errorf(cluster.Invalid, "InvalidJar", "", "The program %s is larger than %d bytes.", uri, limit)
	case errors.Is(err, ErrNotMounted):
		return cluster.Errorf(cluster.Invalid, "StorageAccountNotMounted", "", "No storage is mounted for %s.", uri)
	case errors.Is(err, ErrFull):
		return &cluster.Error{Kind: cluster.InsufficientStorage, Code: "InsufficientStorage", Err: err,
			Message: "The disk of the storage account is full: the jar could not be copied.", Hint: "free some space and try again"}
	}
	return err
}

// EntryClass finds the class whose main() is run: the one asked for, else the manifest's Main-Class or program-class. It must be
// in the jar file or in one of libs.
func EntryClass(file, asked string, libs ...string) (string, error) {
	class := asked
	if class == "" {
		var err error
		if class, err = manifestClass(file); err != nil {
			return "", err
		}
	}
	if class == "" {
		return "", noEntry(file, "The jar's manifest names no Main-Class.")
	}
	for _, jar := range append([]string{file}, libs...) {
		if has, err := hasClass(jar, class); has || err != nil {
			return class, err
		}
	}
	return "", noEntry(file, fmt.Sprintf("The class %s is not in the jar.", class))
}

const mainsShown = 10

func noEntry(file, why string) error {
	e := cluster.Errorf(cluster.Invalid, "EntryClassNotFound", "", "%s", why).WithHint("name the class whose main() is to be run")
	if mains, err := mains(file, mainsShown); err == nil && len(mains) > 0 {
		e.Message += " Classes with a main(): " + strings.Join(mains, ", ") + "."
	}
	return e
}

func hasClass(file, class string) (bool, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return false, fmt.Errorf("cannot read a jar: %w", err)
	}
	defer func() { _ = z.Close() }()
	want := strings.ReplaceAll(class, ".", "/") + ".class"
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == want }), nil
}

// manifestClass reads Main-Class, else program-class; "" if there is neither. A value may go on in lines that begin with a blank.
func manifestClass(file string) (string, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return "", fmt.Errorf("cannot read a jar: %w", err)
	}
	defer func() { _ = z.Close() }()
	f, err := z.Open("META-INF/MANIFEST.MF")
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read a jar's manifest: %w", err)
	}
	defer func() { _ = f.Close() }()
	values, last := map[string]string{}, ""
	lines := bufio.NewScanner(io.LimitReader(f, maxManifest))
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			break // what follows are sections of single entries
		}
		if strings.HasPrefix(line, " ") {
			values[last] += line[1:]
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		last = strings.ToLower(key)
		values[last] = strings.TrimPrefix(value, " ")
	}
	if lines.Err() != nil { // damaged for good: no try will read it better
		return "", invalidJar("The jar", "its manifest cannot be read")
	}
	if c := strings.TrimSpace(values["main-class"]); c != "" {
		return c, nil
	}
	return strings.TrimSpace(values["program-class"]), nil
}
