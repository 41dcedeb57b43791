package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// The names in an incarnation's folder.
const (
	preparedFile  = "incarnation.json"
	tombstoneFile = "dead"
	scaledFile    = "generation"
	confFolder    = "conf"
	jarsFolder    = "jars"
	pluginsFolder = "plugins"
	gateFolder    = "gate"
	workFolder    = "work"
)

// incarnation is the folder of one.
type incarnation struct {
	id  runtime.IncarnationID
	dir string
}

func (r *Runtime) folder(id runtime.IncarnationID) incarnation {
	return incarnation{id, filepath.Join(r.config.Dir, "run", string(id))}
}

func (i incarnation) path(name string) string           { return filepath.Join(i.dir, name) }
func (i incarnation) role(p runtime.ProcessID) string   { return i.path(p.String()) }
func (i incarnation) marker(p runtime.ProcessID) string { return string(i.id) + "/" + p.String() }

// tombstone is the content of the file of that name.
type tombstone struct {
	By  string    `json:"by"` // "kill" or "abandon"
	Who string    `json:"who,omitempty"`
	At  time.Time `json:"at"`
}

func (i incarnation) tombstoned() (bool, error) { return exists(i.path(tombstoneFile)) }

// prepared is the content of incarnation.json: what was prepared, without secrets.
type prepared struct {
	ID           runtime.IncarnationID `json:"id"`
	Distribution string                `json:"distribution"`
	TaskManagers int                   `json:"taskManagers"`
	Files        []preparedName        `json:"files"`
	Artifacts    []preparedName        `json:"artifacts"`
	Processes    []preparedProcess     `json:"processes"`
}

type preparedName struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"`
	Plugin bool   `json:"plugin,omitempty"`
}

type preparedProcess struct {
	Role     runtime.Role `json:"role"`
	Index    int          `json:"index"`
	MemoryMB int          `json:"memoryMB"`
	Gate     bool         `json:"gate"`
}

func describe(inc runtime.Incarnation) prepared {
	p := prepared{ID: inc.ID, Distribution: inc.Distribution, TaskManagers: inc.TaskManagers}
	for _, f := range inc.Files {
		p.Files = append(p.Files, preparedName{Name: f.Name})
	}
	for _, a := range inc.Artifacts {
		p.Artifacts = append(p.Artifacts, preparedName{a.Name, a.SHA256, a.Plugin})
	}
	for _, q := range inc.Processes {
		p.Processes = append(p.Processes, preparedProcess{q.Role, q.Index, q.MemoryMB, q.Gate})
	}
	return p
}

// roles lists the processes that have a folder here, sorted by role, then index. Those are what could ever have run:
// a role folder is made before anything is started in it.
func (i incarnation) roles() ([]runtime.ProcessID, error) {
	entries, err := os.ReadDir(i.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the incarnation's folder: %w", err)
	}
	var out []runtime.ProcessID
	for _, e := range entries {
		if p, ok := parseProcess(e.Name()); ok && e.IsDir() {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, compareProcesses)
	return out, nil
}

func compareProcesses(a, b runtime.ProcessID) int {
	if c := strings.Compare(string(a.Role), string(b.Role)); c != 0 {
		return c
	}
	return a.Index - b.Index
}

// parseProcess reads "taskmanager-0".
func parseProcess(name string) (runtime.ProcessID, bool) {
	role, index, found := strings.Cut(name, "-")
	n, err := strconv.Atoi(index)
	p := runtime.ProcessID{Role: runtime.Role(role), Index: n}
	return p, found && err == nil && checkProcess(p) == nil && p.String() == name
}

func checkProcess(p runtime.ProcessID) error {
	if p.Role == "" || p.Index < 0 || strings.Trim(string(p.Role), "abcdefghijklmnopqrstuvwxyz") != "" {
		return fmt.Errorf("%q is no process", p)
	}
	return nil
}

func isID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// checkID keeps what is no id out of paths.
func checkID(id runtime.IncarnationID) error {
	if !isID(string(id)) {
		return fmt.Errorf("%q is no incarnation id: %w", id, runtime.ErrNotFound)
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// bury writes the tombstone if there is none. After it no keeper is started here.
func (r *Runtime) bury(i incarnation, by, who string) error {
	r.starts.Lock()
	defer r.starts.Unlock()
	if there, err := i.tombstoned(); there || err != nil {
		return err
	}
	if err := os.MkdirAll(i.dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the incarnation's folder: %w", err)
	}
	stone := tombstone{By: by, Who: who, At: time.Now().UTC()}
	if err := keeper.WriteJSON(i.path(tombstoneFile), 0o600, stone); err != nil {
		return fmt.Errorf("cannot write the tombstone: %w", err)
	}
	return keeper.SyncFolder(filepath.Dir(i.dir))
}

// readPrepared reads what was prepared; [runtime.ErrNotFound] if nothing was.
func readPrepared(i incarnation) (prepared, error) {
	text, err := os.ReadFile(i.path(preparedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return prepared{}, runtime.ErrNotFound
	}
	var p prepared
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return prepared{}, fmt.Errorf("cannot read what was prepared: %w", err)
	}
	return p, nil
}
