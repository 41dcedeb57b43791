package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// execPatience is how long a process may be between two programs. It takes under a millisecond, but the process may have to
// wait for a core, or for the disk that has the program.
const execPatience = 2 * time.Second

// environ reads the environment a process was started with; empty for one that has ended, that is the kernel's own, or that
// another user's rights hide. While a process is in execve(2) the kernel shows an empty one too: without waiting for the
// end of that, a process of ours would look like nobody's, and a proof that all are gone would be wrong.
func environ(pid int) ([]byte, error) {
	began := time.Now()
	for {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if errors.Is(err, fs.ErrPermission) || len(text) > 0 || hasNone(pid) {
			return text, nil
		}
		if time.Since(began) > execPatience {
			return nil, fmt.Errorf("process %d has been starting a program for %s: cannot tell whose it is", pid, execPatience)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// Fields of /proc/<pid>/stat behind the program's name, counted from the state; see proc_pid_stat(5).
const (
	statState    = 0
	statFlags    = 6
	statEndCode  = 24
	statEnvStart = 47
	statEnvEnd   = 48

	flagExiting      = 0x4 // PF_EXITING of the kernel's include/linux/sched.h
	flagKernelThread = 0x00200000
)

// hasNone answers whether a process has no environment for certain: it is gone or going, the kernel's, or was started with
// an empty one. One that is starting a program has given up its old environment, and the new one grows from nothing; the
// kernel says where the program's code ends when all of that is done.
func hasNone(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // the name may hold anything, also brackets
	if len(fields) <= statEnvEnd {
		return false
	}
	flags, err := strconv.ParseUint(string(fields[statFlags]), 10, 64)
	if err == nil && flags&(flagExiting|flagKernelThread) != 0 {
		return true
	}
	started := string(fields[statEndCode]) != "0"
	return fields[statState][0] == 'Z' || started && bytes.Equal(fields[statEnvStart], fields[statEnvEnd])
}
