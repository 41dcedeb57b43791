package kube

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is a process of the cluster: in a network namespace, in a session of its own, with its output in log/NAME.log. It lives on
// when who started it ends.
type program struct {
	name  string
	net   netns
	args  []string
	clone uintptr    // further namespaces, CLONE_…
	files []*os.File // descriptors 3, 4, …
}

// start starts a program; the channel is closed when it ends, as long as this process lives.
func (f folders) start(p program) (ended <-chan struct{}, err error) {
	for _, dir := range []string{f.log(), f.run("pid")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	out, err := os.OpenFile(f.log(p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, p.files
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: p.clone}
	if err := p.net.do(cmd.Start); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", p.name, err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	return done, os.WriteFile(f.run("pid", p.name), []byte(strconv.Itoa(cmd.Process.Pid)), 0o644)
}

// pid is the process of a program that runs.
func (f folders) pid(name string) (int, error) {
	text, err := os.ReadFile(f.run("pid", name))
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return 0, err
	}
	if !f.netOf(name).holds(pid) {
		return 0, os.ErrProcessDone
	}
	return pid, nil
}

func (f folders) running(name string) bool {
	_, err := f.pid(name)
	return err == nil
}

// stop kills a program and returns when it is gone. One that does not run is no error.
func (f folders) stop(name string) error {
	pid, err := f.pid(name)
	if err != nil {
		return nil
	}
	return f.netOf(name).kill(pid)
}

func (f folders) netOf(name string) netns {
	if i, err := strconv.Atoi(strings.TrimPrefix(name, "node")); err == nil {
		return nodeNet(i)
	}
	return controlNet
}

// await asks until ready returns no error, at most a minute and a half. On failure its error ends with the last lines of the logs whose names begin
// with the program's.
func (f folders) await(ctx context.Context, name string, ended <-chan struct{}, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("%s ended\n%s", name, f.lastLines(name))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", name, err, f.lastLines(name))
		case <-again.C:
		}
	}
}

func (f folders) lastLines(name string) string {
	logs, _ := filepath.Glob(f.log(name + "*.log"))
	var said strings.Builder
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		last := lines[max(0, len(lines)-5):]
		fmt.Fprintf(&said, "%s ends:\n\t%s\n", log, bytes.Join(last, []byte("\n\t")))
	}
	return said.String()
}
