package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"drey/test/kube/plan"
)

// machine is PID 1 of a node, in new PID, mount and UTS namespaces. It does what the plan at path says: mounts what tells the node from the
// machine below, runs the daemons, starts again whichever ends, and waits for orphans. It returns errors only.
func machine(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var p plan.Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	for _, cgroup := range p.Cgroups {
		if err := os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), []byte("0"), 0); err != nil {
			return fmt.Errorf("cannot join a cgroup: %w", err)
		}
	}
	if err := unix.Sethostname([]byte(p.Hostname)); err != nil {
		return err
	}
	if err := mount(p); err != nil {
		return err
	}
	return supervise(p.Daemons)
}

func mount(p plan.Plan) error {
	// First cut off from the machine, at the end shared with the containers, whose mounts otherwise fail.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cannot make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("cannot mount /proc: %w", err)
	}
	for _, place := range p.Memory {
		if err := os.MkdirAll(place, 0o711); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", place, "tmpfs", 0, "mode=711"); err != nil {
			return fmt.Errorf("cannot mount %s: %w", place, err)
		}
	}
	for place, folder := range p.Folders {
		if err := os.MkdirAll(place, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(folder, place, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("cannot mount %s: %w", place, err)
		}
	}
	for place, file := range p.Files {
		if err := unix.Mount(file, place, "", unix.MS_BIND, ""); err != nil && err != unix.ENOENT {
			return fmt.Errorf("cannot mount %s: %w", place, err)
		}
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

// supervise starts the daemons, and again whichever ends. It waits for every child itself, as orphans become PID 1's.
func supervise(daemons []plan.Daemon) error {
	running := map[int]plan.Daemon{}
	for _, daemon := range daemons {
		pid, err := start(daemon)
		if err != nil {
			return err
		}
		running[pid] = daemon
		for daemon.Socket != "" && !listens(daemon.Socket) {
			time.Sleep(20 * time.Millisecond)
		}
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot wait for the daemons: %w", err)
		}
		daemon, ours := running[pid]
		if !ours {
			continue
		}
		delete(running, pid)
		fmt.Printf("%s ended (exit code %d, signal %d), started again\n", daemon.Args[0], status.ExitStatus(), status.Signal())
		time.Sleep(500 * time.Millisecond)
		if pid, err = start(daemon); err != nil {
			return err
		}
		running[pid] = daemon
	}
}

func start(d plan.Daemon) (pid int, err error) {
	program, err := exec.LookPath(d.Args[0])
	if err != nil {
		return 0, err
	}
	log, err := os.OpenFile(d.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	pid, err = syscall.ForkExec(program, d.Args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, log.Fd(), log.Fd()}})
	if err != nil {
		return 0, fmt.Errorf("cannot start %s: %w", program, err)
	}
	return pid, nil
}

func listens(socket string) bool {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
