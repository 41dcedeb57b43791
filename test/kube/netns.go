package kube

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The cluster's own addresses. They exist inside of its network namespaces only.
const (
	apiPort       = 26443
	controlIP     = "10.210.0.1"
	podRange      = "10.211.0.0/16"
	serviceRange  = "10.212.0.0/16"
	firstService  = "10.212.0.1" // the API server's own
	maxNodes      = 9
	controlNet    = netns("drey-kube")
	controlBridge = "nodes"
)

func nodeName(i int) string { return fmt.Sprintf("node%d", i) }
func nodeIP(i int) string   { return fmt.Sprintf("10.210.0.%d", 10+i) }
func nodePods(i int) string { return fmt.Sprintf("10.211.%d.0/24", i) }
func nodeNet(i int) netns   { return netns(fmt.Sprintf("drey-kube-%d", i)) }

// netns is a network namespace by the name that ip gives it.
type netns string

func (n netns) path() string { return "/run/netns/" + string(n) }

func (n netns) exists() bool {
	_, err := os.Stat(n.path())
	return err == nil
}

// do calls f on a thread inside the namespace: sockets that it opens, processes that it starts and what it writes below /proc/sys/net
// belong there.
func (n netns) do(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine, nobody else must get it
		if unix.Gettid() == unix.Getpid() {
			// The main thread neither ends nor may move: where it is the whole process counts as. Taken, it leaves another one to do it.
			done <- n.do(f)
			runtime.UnlockOSThread()
			return
		}
		file, err := os.Open(n.path())
		if err != nil {
			done <- err
			return
		}
		defer file.Close()
		if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("cannot enter the network namespace %s: %w", n, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// add makes the namespace, with its loopback up and forwarding on.
func (n netns) add(sysctls ...string) error {
	if out, err := exec.Command("ip", "netns", "add", string(n)).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot add the network namespace %s (root is needed): %w: %s", n, err, out)
	}
	if err := n.ip("link set lo up"); err != nil {
		return err
	}
	return n.do(func() error {
		for _, name := range append(sysctls, "ipv4/ip_forward=1", "ipv4/conf/all/rp_filter=0") {
			name, value, _ := strings.Cut(name, "=")
			if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// ip runs commands of ip(8) inside the namespace.
func (n netns) ip(commands ...string) error {
	cmd := exec.Command("ip", "-n", string(n), "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot set up the network namespace %s: %w: %s", n, err, bytes.TrimSpace(out))
	}
	return nil
}

// remove kills every process in the namespace and removes it with its links.
func (n netns) remove() error {
	if !n.exists() {
		return nil
	}
	for {
		pids, err := n.processes()
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			break
		}
		for _, pid := range pids {
			if err := n.kill(pid); err != nil {
				return err
			}
		}
	}
	if out, err := exec.Command("ip", "netns", "delete", string(n)).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot delete the network namespace %s: %w: %s", n, err, out)
	}
	return nil
}

// processes lists who lives in the namespace.
func (n netns) processes() ([]int, error) {
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, link := range links {
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if err != nil {
			return nil, err
		}
		if n.holds(pid) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// holds tells whether a process is alive and in the namespace. A dead one that nobody has waited for has no namespace any more.
func (n netns) holds(pid int) bool {
	var its, ours unix.Stat_t
	if unix.Stat(fmt.Sprintf("/proc/%d/ns/net", pid), &its) != nil || unix.Stat(n.path(), &ours) != nil {
		return false
	}
	return its.Ino == ours.Ino && its.Dev == ours.Dev
}

// kill ends a process of the namespace and returns when it is gone. A process that is not there is no error.
func (n netns) kill(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot open process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if !n.holds(pid) { // asked after the open: fd means this process and no later one of the same number
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("cannot kill process %d: %w", pid, err)
	}
	for {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return err
		case ready == 0:
			return fmt.Errorf("process %d did not end 10 s after SIGKILL", pid)
		default:
			return nil
		}
	}
}
