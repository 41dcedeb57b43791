// Package keeper is the parent of one JVM: it starts it, keeps its output and its end, opens its gate, and answers on one
// port. It restarts nothing and decides nothing. Files and protocol are those of docs/decisions/0003-keeper-and-gate.md.
// It uses the standard library only, because cmd/drey-keep is carried inside drey and copied into foreign images.
package keeper

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Version is the protocol's version, in the input file and in every status.
const Version = 1

// The names in a role folder.
const (
	InputFile   = "keeper.json"  // the keeper's input
	KeyFile     = "key"          // the bearer key
	LockFile    = "lock"         // held from before the keeper's start until the process is gone
	RunningFile = "running.json" // written once the process was exec'd
	ExitFile    = "exit.json"    // written when the process was reaped
	// ReplacedFile is the exit.json of the process that this one replaces; who replaces it puts it there.
	ReplacedFile = "replaced.json"
	LogFolder    = "log"        // output
	ErrorFile    = "keeper.log" // the keeper's own standard error: why it refused or failed
)

// Input is what keeper.json holds: one process to run.
type Input struct {
	Version     int               `json:"version"`
	Incarnation string            `json:"incarnation"`
	Process     string            `json:"process"` // "jobmanager-0"
	Args        []string          `json:"args"`    // Args[0] is an absolute path
	Env         map[string]string `json:"env"`     // the whole environment, with the marker
	Folder      string            `json:"folder"`  // the working folder
	Gate        string            `json:"gate,omitempty"`
	Tombstone   string            `json:"tombstone"`           // where this file is, nothing is started
	Container   *Container        `json:"container,omitempty"` // of a keeper that is PID 1 of a container
}

// Running is what running.json holds.
type Running struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"startTime"` // field 22 of the process's stat file: with the PID it names a process since boot
	Port      int    `json:"port"`      // of the keeper, on 127.0.0.1
	LogStart  int64  `json:"logStart"`  // offset of its first byte of output: behind that of a process before it
}

// Exit is what exit.json holds: how the process ended.
type Exit struct {
	Code   int       `json:"code"`   // -1 if a signal ended it
	Signal int       `json:"signal"` // 0 if none
	OOM    bool      `json:"oom"`    // by the JVM's own last words
	At     time.Time `json:"at"`     // UTC
}

// ReadInput reads and checks the keeper's input in a role folder.
func ReadInput(folder string) (Input, error) {
	in, err := readJSON[Input](filepath.Join(folder, InputFile))
	switch {
	case err != nil:
		return Input{}, fmt.Errorf("cannot read the keeper's input: %w", err)
	case in.Version != Version:
		return Input{}, fmt.Errorf("the keeper's input has version %d, this keeper knows %d", in.Version, Version)
	case len(in.Args) == 0 || !filepath.IsAbs(in.Args[0]):
		return Input{}, fmt.Errorf("the keeper's input names no executable by absolute path")
	}
	return in, nil
}

// ReadRunning reads running.json in a role folder. [os.ErrNotExist]: the process was not started.
func ReadRunning(folder string) (Running, error) {
	return readJSON[Running](filepath.Join(folder, RunningFile))
}

// ReadExit reads exit.json in a role folder. [os.ErrNotExist]: no end was recorded.
func ReadExit(folder string) (Exit, error) {
	return readJSON[Exit](filepath.Join(folder, ExitFile))
}

// ReadReplaced reads how the process ended that the one of a role folder replaces. [os.ErrNotExist]: there was none.
func ReadReplaced(folder string) (Exit, error) {
	return readJSON[Exit](filepath.Join(folder, ReplacedFile))
}

func readJSON[T any](path string) (v T, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("cannot parse %s: %w", path, err)
	}
	return v, nil
}

// WriteJSON puts v at path so that a reader sees nothing or all of it, also after a power loss.
func WriteJSON(path string, mode os.FileMode, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot encode %s: %w", path, err)
	}
	return WriteFile(path, mode, append(text, '\n'))
}

// WriteFile is [WriteJSON] for text: temporary name, sync, rename, sync of the folder. The mode does not depend on umask.
func WriteFile(path string, mode os.FileMode, text []byte) error {
	temp, err := writeTemp(path, mode, text)
	if err != nil {
		return err
	}
	if err = syncPath(temp); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// writeTemp writes text to a new name beside path.
func writeTemp(path string, mode os.FileMode, text []byte) (temp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(text); err != nil {
		return "", err
	}
	return f.Name(), f.Chmod(mode)
}

// SyncFolder makes the names in a folder last.
func SyncFolder(folder string) error { return syncPath(folder) }

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// ExpandArgs replaces "@jars:<folder>" in the arguments up to a bare "--": what follows that is the job's own.
func ExpandArgs(args []string) ([]string, error) {
	out := make([]string, len(args))
	copy(out, args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		var err error
		if out[i], err = expandJars(arg); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// expandJars replaces each "@jars:<folder>" in arg; a folder ends at ":" or with the argument.
func expandJars(arg string) (string, error) {
	const mark = "@jars:"
	var out strings.Builder
	for {
		before, after, found := strings.Cut(arg, mark)
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		folder, _, _ := strings.Cut(after, ":")
		jars, err := jarsOf(folder)
		if err != nil {
			return "", err
		}
		out.WriteString(strings.Join(jars, ":"))
		arg = after[len(folder):]
	}
}

// jarsOf lists a folder's jars in a fixed order, flink-dist last: class-data archives and patches depend on the order.
func jarsOf(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("cannot list the jars: %w", err)
	}
	var jars, last []string
	for _, e := range entries {
		switch name := e.Name(); {
		case !strings.HasSuffix(name, ".jar") || e.IsDir():
		case strings.HasPrefix(name, "flink-dist"):
			last = append(last, filepath.Join(folder, name))
		default:
			jars = append(jars, filepath.Join(folder, name))
		}
	}
	if jars = append(jars, last...); len(jars) == 0 {
		return nil, fmt.Errorf("no jars in %s", folder)
	}
	return jars, nil
}
