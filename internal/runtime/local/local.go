// Package local runs incarnations as processes of this machine, each below a keeper of its own. What lies where, and why a
// start is safe at each instant, is in docs/decisions/0003-keeper-and-gate.md.
//
// A Runtime keeps nothing in memory that matters: a new one over the same data directory goes on where the old one was.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"drey/internal/runtime"
)

// host is where all roles bind and find each other.
const host = "127.0.0.1"

// Config says where a Runtime lives and what it starts.
type Config struct {
	Dir        string // the data directory; made if it is not there
	KeeperPath string // the keeper's executable file
	Java       string // the java executable
	// Distributions answers the FLINK_HOME of a version. Nil: Dir/distributions/<version>.
	Distributions func(version string) (string, error)
	Log           *slog.Logger // nil: nothing is logged
}

// Runtime implements [runtime.Runtime] on this machine. It owns its data directory until Close.
type Runtime struct {
	config    Config
	log       *slog.Logger
	id        string // of the data directory
	owner     *os.File
	transport *http.Transport

	// starts is held while a lock is probed and while a keeper is started, so that looking at a lock never makes a start
	// believe it is taken, and so that no keeper is started after a tombstone was written.
	starts    sync.Mutex
	preparing keyed
	claiming  sync.Mutex
}

var _ runtime.Runtime = (*Runtime)(nil)

// New takes the data directory: [ErrOwned] if another server has it.
func New(config Config) (*Runtime, error) {
	dir, err := ownFolder(config.Dir)
	if err != nil {
		return nil, err
	}
	config.Dir = dir
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	owner, err := own(dir)
	if err != nil {
		return nil, err
	}
	id, err := directoryID(dir)
	if err != nil {
		owner.Close()
		return nil, err
	}
	return &Runtime{
		config: config, log: config.Log, id: id, owner: owner,
		// Proxy stays nil: the environment's proxy must not see what goes to keepers.
		transport: &http.Transport{MaxIdleConnsPerHost: 1, MaxIdleConns: 64, IdleConnTimeout: 20 * time.Second},
	}, nil
}

// ownFolder makes the data directory and gives its one true path: keepers are found by it.
func ownFolder(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("the data directory has no name")
	}
	if err := os.MkdirAll(filepath.Join(dir, "run"), 0o700); err != nil {
		return "", fmt.Errorf("cannot make the data directory: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", fmt.Errorf("cannot resolve the data directory: %w", err)
	}
	return dir, nil
}

// Close gives the data directory back. Running incarnations go on.
func (r *Runtime) Close() error {
	r.transport.CloseIdleConnections()
	return unlock(r.owner)
}

// Layout implements [runtime.Runtime].
func (r *Runtime) Layout(_ context.Context, s runtime.Shape) (runtime.Layout, error) {
	if err := checkID(s.ID); err != nil {
		return runtime.Layout{}, err
	}
	home, err := r.distribution(s.Distribution)
	if err != nil {
		return runtime.Layout{}, err
	}
	f := r.folder(s.ID)
	return runtime.Layout{
		Host:         host,
		Java:         r.config.Java,
		Distribution: home,
		Lib:          filepath.Join(home, "lib"),
		Opt:          filepath.Join(home, "opt"),
		Conf:         f.path(confFolder),
		Jars:         f.path(jarsFolder),
		Plugins:      f.path(pluginsFolder),
		Gate:         f.path(gateFolder),
		Work:         f.path(workFolder),
	}, nil
}

// Endpoint implements [runtime.Runtime]: all JobManagers share the loopback address.
func (r *Runtime) Endpoint(_ runtime.IncarnationID, port int) runtime.Endpoint {
	return runtime.Endpoint{URL: fmt.Sprintf("http://%s:%d", host, port)}
}

func (r *Runtime) distribution(version string) (string, error) {
	if r.config.Distributions != nil {
		return r.config.Distributions(version)
	}
	if version == "" || version == "." || version == ".." || filepath.Base(version) != version {
		return "", fmt.Errorf("%q is no version of a distribution", version)
	}
	home := filepath.Join(r.config.Dir, "distributions", version)
	if _, err := os.Stat(filepath.Join(home, "lib")); err != nil {
		return "", fmt.Errorf("distribution %s is not installed: %w", version, err)
	}
	return home, nil
}

// keyed is a mutex for each key.
type keyed struct {
	mu   sync.Mutex
	held map[string]*waiting
}

type waiting struct {
	sync.Mutex
	users int
}

// lock locks key; the answer unlocks it.
func (k *keyed) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.held == nil {
		k.held = map[string]*waiting{}
	}
	w := k.held[key]
	if w == nil {
		w = &waiting{}
		k.held[key] = w
	}
	w.users++
	k.mu.Unlock()
	w.Lock()
	return func() {
		w.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if w.users--; w.users == 0 {
			delete(k.held, key)
		}
	}
}
