package keeper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The gate's files.
const (
	ReportFile = "report" // what the gate found out before it was ready; nothing here understands it
	ReadyFile  = "ready"
	OrderFile  = "order"
	OpenedFile = "opened"
	DoneFile   = "done"
	FailedFile = "failed"
)

// What an order can be refused with. Wrapped ones match by [errors.Is].
var (
	ErrReleased = errors.New("released with another order")
	ErrNotHeld  = errors.New("not held")
)

// Gate is the newest word of a gate: "", "ready", "opened", "done" or "failed".
type Gate struct {
	Gate    string    `json:"gate"`
	Jobs    []string  `json:"jobs"`
	Failure string    `json:"failure"`
	At      time.Time `json:"at"`
	Opened  time.Time `json:"opened,omitzero"` // when it read its order; zero before
}

// gateFile is the content of any of the gate's own files; each uses some fields.
type gateFile struct {
	At      int64    `json:"at"` // epoch milliseconds
	Jobs    []string `json:"jobs"`
	Class   string   `json:"class"`
	Message string   `json:"message"`
	Stack   string   `json:"stack"`
}

// ReadGate reads what the gate in folder said last; "" is no gate, and says nothing.
func ReadGate(folder string) (Gate, error) {
	if folder == "" {
		return Gate{}, nil
	}
	for _, word := range []string{FailedFile, DoneFile, OpenedFile, ReadyFile} { // the last word first
		said, err := readJSON[gateFile](filepath.Join(folder, word))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Gate{}, fmt.Errorf("cannot read the gate: %w", err)
		}
		g := Gate{Gate: word, Jobs: said.Jobs, At: time.UnixMilli(said.At).UTC()}
		if word == FailedFile {
			g.Failure = said.failure()
		}
		g.Opened, err = openedAt(folder)
		return g, err
	}
	return Gate{}, nil
}

func openedAt(folder string) (time.Time, error) {
	said, err := readJSON[gateFile](filepath.Join(folder, OpenedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	return time.UnixMilli(said.At).UTC(), err
}

func (f gateFile) failure() string {
	if f.Stack != "" {
		return f.Stack
	}
	return f.Class + ": " + f.Message
}

// ReadOrder reads the order that was given to the gate in folder. [fs.ErrNotExist]: none was.
func ReadOrder(folder string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, OrderFile)) }

// OrderDigest is the SHA-256 in hex of an order.
func OrderDigest(order []byte) string {
	sum := sha256.Sum256(order)
	return hex.EncodeToString(sum[:])
}

// CompareOrder answers whether the gate in folder was given an order: [ErrReleased] if it was another one.
func CompareOrder(folder string, order []byte) (given bool, err error) {
	old, err := ReadOrder(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("cannot read the order given before: %w", err)
	case !bytes.Equal(old, order):
		return true, ErrReleased
	}
	return true, nil
}

// giveOrder lets the gate in folder open, once: link(2) lets one order win, whoever else tries. It syncs nothing: the gap of
// an update must not wait for a disk, and what a power cut takes away is an order whose process it ended too.
func giveOrder(folder string, order []byte) error {
	if given, err := CompareOrder(folder, order); given || err != nil {
		return err
	}
	if g, err := ReadGate(folder); err != nil {
		return err
	} else if g.Gate != ReadyFile {
		return ErrNotHeld
	}
	path := filepath.Join(folder, OrderFile)
	temp, err := writeTemp(path, 0o600, order)
	if err != nil {
		return fmt.Errorf("cannot write the order: %w", err)
	}
	defer os.Remove(temp)
	if err := os.Link(temp, path); errors.Is(err, fs.ErrExist) {
		_, err = CompareOrder(folder, order)
		return err
	} else if err != nil {
		return fmt.Errorf("cannot give the order: %w", err)
	}
	return nil
}

// syncOrder makes the order given to the gate in folder last.
func syncOrder(folder string) error {
	return errors.Join(syncPath(filepath.Join(folder, OrderFile)), SyncFolder(folder))
}

// clearGate takes away the words of a gate whose keeper died before it could write running.json: they are not the next one's.
func clearGate(folder string) error {
	if folder == "" {
		return nil
	}
	if _, err := ReadOrder(folder); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("an order was given here before")
	}
	for _, word := range []string{ReportFile, ReadyFile, OpenedFile, DoneFile, FailedFile} {
		if err := os.Remove(filepath.Join(folder, word)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot clear the gate: %w", err)
		}
	}
	return nil
}
