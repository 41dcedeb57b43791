package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"drey/internal/keeper"
)

// byHand runs the command lines of a cluster's newest incarnation without keeper, gate and server: in a copy of its folder, on ports of
// its own, and under a job id of its own.
type byHand struct {
	workload
	server   *server
	jm, tm   *child
	from, to string // the incarnation's folder, and the copy
	starts   int

	checkpoints, checkpointsURI string // folder of the job's checkpoints; "" = not looked for yet
}

// handJob is the id of the job that is run by hand, and of its cluster.
const handJob = "0123456789abcdef0123456789abcdef"

func newByHand(ctx context.Context, s *server, cluster, dir string, w workload) (*byHand, error) {
	i, err := s.newest(ctx, cluster)
	if err != nil {
		return nil, err
	}
	h := &byHand{workload: w, server: s, from: filepath.Join(s.data, "run", i.ID), to: dir}
	if err := os.RemoveAll(h.to); err != nil {
		return nil, err
	}
	if out, err := exec.Command("cp", "-a", h.from, h.to).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot copy %s: %w: %s", h.from, err, out)
	}
	config := filepath.Join(h.to, "conf", "config.yaml")
	raw, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(raw), h.from, h.to)
	text = set(text, "cluster.id", handJob)
	text = set(text, "jobmanager.rpc.port", fmt.Sprint(portLow+200))
	text = set(text, "rest.port", fmt.Sprint(portLow+201))
	text = set(text, "rest.bind-port", fmt.Sprint(portLow+201))
	return h, os.WriteFile(config, []byte(text), 0o600)
}

// set gives a key of config.yaml, which is one of flat, quoted lines, another value.
func set(config, key, value string) string {
	lines := strings.Split(config, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, `"`+key+`": `) {
			lines[i] = fmt.Sprintf("%q: %q", key, value)
		}
	}
	return strings.Join(lines, "\n")
}

// start starts both processes at the same moment, from a checkpoint if one is named.
func (h *byHand) start(checkpoint string) (err error) {
	h.starts++
	if h.jm, err = h.run("jobmanager-0", checkpoint); err != nil {
		return err
	}
	h.tm, err = h.run("taskmanager-0", "")
	return err
}

// startTaskManager starts the TaskManager alone.
func (h *byHand) startTaskManager() (err error) {
	h.tm, err = h.run("taskmanager-0", "")
	return err
}

// run starts one process as its keeper was told to, with nothing in its working folders.
func (h *byHand) run(role, checkpoint string) (*child, error) {
	raw, err := os.ReadFile(filepath.Join(h.to, role, "keeper.json"))
	if err != nil {
		return nil, err
	}
	var in keeper.Input
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(raw), h.from, h.to)), &in); err != nil {
		return nil, err
	}
	args, err := keeper.ExpandArgs(in.Args)
	if err != nil {
		return nil, err
	}
	if args, err = h.handArgs(args, checkpoint); err != nil {
		return nil, err
	}
	if err := empty(in.Folder); err != nil {
		return nil, err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = in.Folder
	in.Env[incarnationVariable] = fmt.Sprintf("hand-%d/%s", h.starts, role) // the ledger's name
	delete(in.Env, "DREY_DATA")
	for k, v := range in.Env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	log, err := os.OpenFile(filepath.Join(h.to, role+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	return startChild(cmd)
}

// handArgs puts the user's entry class in the gate's place, and tells the job's start on the command line.
func (h *byHand) handArgs(args []string, checkpoint string) ([]string, error) {
	gate := slices.Index(args, "drey.Gate")
	if gate < 0 {
		return args, nil // a TaskManager
	}
	end := slices.Index(args, "--")
	if end < gate || end+3 >= len(args) {
		return nil, fmt.Errorf("there are no words for the gate in %q", args[gate:])
	}
	out := slices.Clone(args[:gate])
	if class := args[end+3]; class != "-" { // behind the gate's folder, and what it should prepare
		out = append(out, class)
	} else {
		out = out[:gate-1]
	}
	out = append(out, args[gate+1:end]...)
	out = append(out, "--job-id", handJob)
	if checkpoint != "" {
		out = append(out, "--fromSavepoint", checkpoint)
	}
	return append(append(out, "--"), h.args()...), nil
}

// empty empties the folders in a folder.
func empty(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		path := filepath.Join(folder, e.Name())
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// end ends what runs.
func (h *byHand) end() {
	h.jm.kill()
	h.tm.kill()
}

// child is a process that was started, and its end.
type child struct {
	cmd  *exec.Cmd
	gone chan struct{}
}

// startChild starts a process that a Ctrl-C does not reach: it is ours to end.
func startChild(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(c.gone)
	}()
	return c, nil
}

// kill kills the process, and waits until it is reaped.
func (c *child) kill() {
	if c == nil {
		return
	}
	_ = c.cmd.Process.Kill()
	<-c.gone
}
