package flink

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
)

func expand(arg string) string {
	if !strings.HasPrefix(arg, "@jars:") {
		return arg
	}
	parts := strings.SplitN(strings.TrimPrefix(arg, "@jars:"), ":", 2)
	jars, _ := filepath.Glob(parts[0] + "/*.jar")
	sort.Slice(jars, func(i, j int) bool {
		a, b := strings.Contains(jars[i], "flink-dist"), strings.Contains(jars[j], "flink-dist")
		if a != b {
			return b
		}
		return jars[i] < jars[j]
	})
	s := strings.Join(jars, ":")
	if len(parts) == 2 {
		s += ":" + parts[1]
	}
	return s
}

func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	end := time.Now().Add(60 * time.Second)
	for !f() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestZZReal(t *testing.T) {
	run := os.Getenv("ZZ_RUN")
	os.RemoveAll(run)
	home := os.Getenv("DREY_TEST_FLINK_HOME")
	for _, d := range []string{"conf", "jars", "plugins/drey-fs", "gate", "work/jobmanager-0", "work/taskmanager-0", "root"} {
		os.MkdirAll(run+"/"+d, 0o755)
	}
	cp := func(from, to string) {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(to, b, 0o600)
	}
	cp("/tmp/fl-go/drey-flink.jar", run+"/jars/drey-flink.jar")
	cp("/tmp/fl-go/drey-flink.jar", run+"/plugins/drey-fs/drey-flink.jar")
	cp("/tmp/fl-go/witness.jar", run+"/jars/job.jar")
	cp("/tmp/fl-go/lib.jar", run+"/jars/lib.jar")
	p := Plan{
		Incarnation: "00112233445566778899aabbccddeeff", Version: "2.3.0", JobName: "zz",
		Config:     map[string]string{"execution.checkpointing.interval": "1000"},
		JobManager: Size{512, 1}, TaskManager: Size{512, 1}, TaskManagers: 1, Ports: Ports{22101, 22102},
		Storage: Storage{Checkpoints: "abfs://c@acct.dfs.core.windows.net/d/checkpoints", Root: run + "/root"},
		Program: Program{Jar: "job.jar", Libs: []string{"lib.jar"}, Class: os.Getenv("ZZ_CLASS"), Args: append([]string{"--out", run + "/wit", "--rate", "200"}, strings.Fields(os.Getenv("ZZ_ARGS"))...)},
		GateJar: "drey-flink.jar",
		Folders: Folders{Host: "127.0.0.1", Java: "/usr/bin/java", Distribution: home, Lib: home + "/lib", Opt: home + "/opt", Conf: run + "/conf", Jars: run + "/jars", Plugins: run + "/plugins", Gate: run + "/gate", Work: run + "/work"},
	}
	if j, err := exec.LookPath("java"); err == nil {
		p.Folders.Java = j
	}
	r, err := Render(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Files {
		os.WriteFile(run+"/conf/"+f.Name, []byte(f.Content.Reveal()), f.Mode)
	}
	start := time.Now()
	for _, pr := range r.Processes {
		var a []string
		for _, x := range pr.Args {
			a = append(a, expand(x))
		}
		c := exec.Command(a[0], a[1:]...)
		c.Dir = fmt.Sprintf("%s/work/%s-%d", run, pr.Role, pr.Index)
		for k, v := range pr.Env {
			c.Env = append(c.Env, k+"="+v)
		}
		out, _ := os.Create(run + "/" + pr.Role + ".log")
		c.Stdout, c.Stderr = out, out
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Wait()
		defer c.Process.Kill()
	}
	exists := func(n string) bool { _, err := os.Stat(run + "/gate/" + n); return err == nil }
	waitFor(t, "ready", func() bool { return exists("ready") || exists("failed") })
	t.Log("ready after", time.Since(start))
	if !exists("failed") {
		order, _ := json.Marshal(map[string]any{"restorePath": os.Getenv("ZZ_RESTORE"), "jobId": testJob, "allowNonRestoredState": false})
		os.WriteFile(run+"/gate/o.tmp", order, 0o600)
		os.Rename(run+"/gate/o.tmp", run+"/gate/order")
		waitFor(t, "done", func() bool { return exists("done") || exists("failed") })
	}
	if exists("failed") {
		b, _ := os.ReadFile(run + "/gate/failed")
		t.Log(string(b))
		return
	}
	ctx := t.Context()
	c := New(fmt.Sprintf("http://127.0.0.1:%d", p.Ports.REST), nil)
	show := func(v any, err error) { b, _ := json.Marshal(v); t.Logf("%s %v", b, err) }
	var st JobState
	waitFor(t, "running", func() bool { st, _ = c.JobStatus(ctx, testJob); return st == Running || st.Terminal() })
	t.Log("status", st, "after", time.Since(start))
	if st.Terminal() {
		e, err := c.Exceptions(ctx, testJob)
		show(e, err)
		return
	}
	waitFor(t, "all running", func() bool { d, _ := c.JobDetails(ctx, testJob); return d.AllRunning() })
	t.Log("all running after", time.Since(start))
	waitFor(t, "checkpoint", func() bool { k, _ := c.Checkpoints(ctx, testJob); return k.Completed >= 2 })
	o, err := c.Overview(ctx)
	show(o, err)
	g, err := c.Config(ctx)
	show(g, err)
	j, err := c.JobsOverview(ctx)
	show(j, err)
	d, err := c.JobDetails(ctx, testJob)
	show(d, err)
	k, err := c.Checkpoints(ctx, testJob)
	show(k, err)
	kc, err := c.CheckpointConfig(ctx, testJob)
	show(kc, err)
	e, err := c.Exceptions(ctx, testJob)
	show(e, err)
	_, err = c.JobStatus(ctx, testTrigger)
	t.Log("unknown job:", err)
	s, err := c.SavepointStatus(ctx, testJob, testTrigger)
	show(s, err)
	for i, f := range []func(SavepointRequest) error{
		func(r SavepointRequest) error { return c.TriggerSavepoint(ctx, testJob, r) },
		func(r SavepointRequest) error { r.Format = Canonical; return c.TriggerSavepoint(ctx, testJob, r) },
		func(r SavepointRequest) error { return c.Stop(ctx, testJob, r) },
	} {
		id := fmt.Sprintf("%032d", i)
		req := SavepointRequest{TriggerID: id, Directory: "abfs://c@acct.dfs.core.windows.net/d/savepoints/" + id}
		show("trigger", f(req))
		show("again", f(req))
		waitFor(t, "savepoint", func() bool { s, err = c.SavepointStatus(ctx, testJob, id); return err != nil || !s.InProgress })
		show(s, err)
	}
	waitFor(t, "end", func() bool { st, _ = c.JobStatus(ctx, testJob); return st.Terminal() })
	t.Log("ended", st)
	show("cancel", c.Cancel(ctx, testJob))
}
