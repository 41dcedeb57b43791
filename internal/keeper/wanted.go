package keeper

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// wanted are the artifacts that a container waits for.
type wanted struct {
	all      []Artifact
	complete chan struct{} // closed when all are there
	givenUp  chan struct{} // closed when nobody wants the process any more

	mu      sync.Mutex
	there   map[string]bool // by digest
	closing sync.Once
}

var errWrongDigest = errors.New("the file has another digest")

func newWanted(all []Artifact) *wanted {
	w := &wanted{all: all, complete: make(chan struct{}), givenUp: make(chan struct{}), there: map[string]bool{}}
	if len(w.missing()) == 0 {
		close(w.complete)
	}
	return w
}

// missing are the digests of those that are not there, each once, sorted.
func (w *wanted) missing() []string {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, a := range w.all {
		if !w.there[a.SHA256] {
			out = append(out, a.SHA256)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *wanted) giveUp() { w.closing.Do(func() { close(w.givenUp) }) }

// bring puts the content of r wherever an artifact with this digest is wanted. What is there already is fine.
func (w *wanted) bring(digest string, r io.Reader) error {
	if !slices.Contains(w.missing(), digest) {
		return nil
	}
	var first string
	for _, a := range w.all {
		if a.SHA256 != digest {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(a.Path), 0o700); err != nil {
			return fmt.Errorf("cannot make the folder of an artifact: %w", err)
		}
		var err error
		if first == "" {
			first, err = a.Path, place(a.Path, digest, r)
		} else if err = os.Link(first, a.Path); errors.Is(err, os.ErrExist) {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("cannot place an artifact: %w", err)
		}
	}
	w.mu.Lock()
	w.there[digest] = true
	w.mu.Unlock()
	if len(w.missing()) == 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		select {
		case <-w.complete:
		default:
			close(w.complete)
		}
	}
	return nil
}

// place writes a file whole, or not at all.
func place(path, digest string, r io.Reader) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".artifact")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, sum), r); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != digest {
		return errWrongDigest
	}
	if err := f.Chmod(0o400); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
