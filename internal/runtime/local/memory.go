package local

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"drey/internal/runtime"
)

// reserve is the part of the memory, one in so many, that is never given away.
const reserve = 10

// Fits implements [runtime.Runtime]: by what the kernel says of the machine and of the control groups we are in.
func (r *Runtime) Fits(_ context.Context, needMB int64) (runtime.Fit, error) {
	return fits("/proc", "/sys/fs/cgroup", needMB), nil
}

// fits reads proc and the mount of the control groups. What bounds memory and cannot be read makes the answer unknown; a
// machine without control groups of version 2 has no such bound.
func fits(proc, cgroups string, needMB int64) runtime.Fit {
	free, err := machineFree(filepath.Join(proc, "meminfo"))
	if err != nil {
		return runtime.Fit{}
	}
	group, err := ownGroup(filepath.Join(proc, "self", "cgroup"))
	if err != nil {
		return runtime.Fit{}
	}
	for ; group != ""; group = parentGroup(group) {
		bound, bounded, err := groupFree(filepath.Join(cgroups, group))
		if err != nil {
			return runtime.Fit{}
		}
		if bounded {
			free = min(free, bound)
		}
	}
	freeMB := max(0, free>>20)
	return runtime.Fit{Known: true, FreeMB: freeMB, Fits: needMB <= freeMB}
}

// machineFree is what could be taken of the machine's memory, in bytes.
func machineFree(path string) (int64, error) {
	total, err := field(path, "MemTotal:")
	if err != nil {
		return 0, err
	}
	available, err := field(path, "MemAvailable:")
	return (available - total/reserve) << 10, err // in kB
}

// ownGroup is the path of our control group, as "/a/b"; "" if there are none of version 2.
func ownGroup(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for line := range strings.Lines(string(text)) {
		if group, found := strings.CutPrefix(strings.TrimSpace(line), "0::"); found {
			return group, err
		}
	}
	return "", err
}

// parentGroup is the group around one; "" around the root.
func parentGroup(group string) string {
	if group == "/" {
		return ""
	}
	return filepath.Dir(group)
}

// groupFree is what a control group leaves, in bytes. Files that are only cached there are not in the way.
func groupFree(dir string) (free int64, bounded bool, err error) {
	limit, err := os.ReadFile(filepath.Join(dir, "memory.max"))
	if errors.Is(err, fs.ErrNotExist) || strings.TrimSpace(string(limit)) == "max" {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	most, err := strconv.ParseInt(strings.TrimSpace(string(limit)), 10, 64)
	if err != nil {
		return 0, false, err
	}
	used, err := field(filepath.Join(dir, "memory.current"), "")
	if err != nil {
		return 0, false, err
	}
	cached, err := field(filepath.Join(dir, "memory.stat"), "inactive_file")
	return most - most/reserve - used + cached, true, err
}

// field is the number behind a name at the beginning of a line; behind "" it is the first one.
func field(path, name string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if name == "" {
			words = append([]string{""}, words...)
		}
		if len(words) > 1 && words[0] == name {
			return strconv.ParseInt(words[1], 10, 64)
		}
	}
	return 0, errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}
