package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"drey/test/flink/witness"
)

// starts are the seconds from a request, or an exec, to the first record; and the keepers' sizes.
type starts struct{ drey, hand, scripts, keeper series }

const name = "bench"

// measureStarts creates a cluster, starts the same processes by hand, and starts the job by the shipped scripts, in turns.
func measureStarts(dir string) (m starts, err error) {
	data := filepath.Join(dir, "starts")
	server, err := start(exec.Command(bin(), "serve", "--dev", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "error"))
	if err != nil {
		return m, err
	}
	defer func() {
		server.stop()
		_ = exec.Command(bin(), "down", "--data", data).Run()
	}()
	cli := func(args ...string) error {
		out, err := exec.Command(bin(), append([]string{"--connection", filepath.Join(data, "connection.json")}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("drey %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	store := filepath.Join(data, "storage", "local", "jobs")
	if err := copyFile(filepath.Join(os.Getenv("DREY_TEST_JARS"), "witness.jar"), filepath.Join(store, "witness.jar")); err != nil {
		return m, err
	}
	home, err := scriptsHome(dir)
	if err != nil {
		return m, err
	}
	for i := range rounds {
		ledger := filepath.Join(dir, fmt.Sprintf("ledger-%d", i))
		begin := time.Now()
		err := cli("cluster", "create", name, "--jar", "abfs://jobs@local.dfs.core.windows.net/witness.jar",
			"--arg", "--ledger", "--arg", ledger, "--arg", "--rate", "--arg", "500")
		if err != nil {
			return m, err
		}
		first, err := firstRecord(ledger)
		if err != nil {
			return m, err
		}
		m.drey = append(m.drey, first.Sub(begin).Seconds())
		if m.keeper, err = keepers(m.keeper, data); err != nil {
			return m, err
		}
		if err := cli("job", "stop", name); err != nil {
			return m, err
		}
		took, err := byHand(data, ledger+"-hand")
		if err != nil {
			return m, err
		}
		m.hand = append(m.hand, took)
		if err := cli("cluster", "delete", name, "--yes"); err != nil {
			return m, err
		}
		if took, err = byScripts(home, ledger+"-scripts"); err != nil {
			return m, err
		}
		m.scripts = append(m.scripts, took)
		fmt.Printf("round %d: drey %.2f s, by hand %.2f s, by scripts %.2f s\n", i+1, m.drey[i], m.hand[i], m.scripts[i])
	}
	return m, nil
}

func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}

// firstRecord waits for the first line of a ledger.
func firstRecord(ledger string) (time.Time, error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		at, err := witness.First(ledger)
		if err != nil || !at.IsZero() {
			return at, err
		}
	}
	return time.Time{}, fmt.Errorf("no record within a minute")
}

// keepers adds the size of each keeper of a data directory.
func keepers(sizes series, data string) (series, error) {
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return sizes, err
	}
	for _, file := range found {
		raw, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(raw), "drey-keep") || !strings.Contains(string(raw), data) || strings.Contains(string(raw), "-classpath") {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err != nil {
			return sizes, err
		}
		mib, err := size(pid)
		if err != nil {
			return sizes, err
		}
		sizes = append(sizes, mib)
	}
	return sizes, nil
}

// command is what a keeper was told to run.
type command struct {
	Args   []string          `json:"args"`
	Env    map[string]string `json:"env"`
	Folder string            `json:"folder"`
}

// byHand starts the processes of the newest incarnation again, without keeper and gate, and answers the seconds to the first record.
func byHand(data, ledger string) (float64, error) {
	roles, err := filepath.Glob(filepath.Join(data, "run", "*", "*", "keeper.json"))
	if err != nil {
		return 0, err
	}
	var cmds []*exec.Cmd
	for _, file := range roles {
		raw, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		var c command
		if err := json.Unmarshal(raw, &c); err != nil {
			return 0, err
		}
		cmd := exec.Command(c.Args[0], handArgs(c.Args[1:], ledger)...)
		cmd.Dir = c.Folder
		for k, v := range c.Env {
			if k != "DREY_DATA" {
				cmd.Env = append(cmd.Env, k+"="+v)
			}
		}
		cmds = append(cmds, cmd)
	}
	if len(cmds) != 2 {
		return 0, fmt.Errorf("%d processes to start by hand instead of 2", len(cmds))
	}
	begin := time.Now()
	defer func() {
		for _, cmd := range cmds {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	for _, cmd := range cmds {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return 0, err
		}
	}
	first, err := firstRecord(ledger)
	return first.Sub(begin).Seconds(), err
}

// handArgs puts the user's entry class in the gate's place, and expands the folder of jars as the keeper does.
func handArgs(args []string, ledger string) []string {
	var out []string
	for i, arg := range args {
		switch {
		case strings.HasPrefix(arg, "@jars:"):
			out = append(out, expand(strings.TrimPrefix(arg, "@jars:")))
		case arg == "drey.Gate":
			at := slices.Index(args[i:], "--") + i
			out = append(out, args[at+2]) // behind it: the gate's folder, then the class
		default:
			out = append(out, arg)
		}
	}
	if at := slices.Index(out, "--"); at >= 0 {
		out = append(out[:at+1], out[at+3:]...)
		out[slices.Index(out, "--ledger")+1] = ledger
	}
	return out
}

func expand(text string) string {
	folder, rest, _ := strings.Cut(text, ":")
	jars, _ := filepath.Glob(filepath.Join(folder, "*.jar"))
	slices.SortStableFunc(jars, func(a, b string) int {
		x, y := strings.Contains(a, "flink-dist"), strings.Contains(b, "flink-dist")
		switch {
		case x == y:
			return strings.Compare(a, b)
		case x:
			return 1
		}
		return -1
	})
	return strings.Join(append(jars, rest), ":")
}
