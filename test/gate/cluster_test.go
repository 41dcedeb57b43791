package gate

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/internal/flink"
	"drey/internal/flink/flinktest"
	"drey/internal/runtime"
	"drey/internal/runtime/local"
)

const (
	id       = "00112233445566778899aabbccddeeff"
	jobID    = "0123456789abcdef0123456789abcdef"
	patience = 2 * time.Minute // bounds every wait for an event
	interval = 10 * time.Millisecond
)

// embedded is where the Makefile puts the keeper and our jar for the server to carry.
const embedded = "../../internal/daemon/embedded"

// cluster is one incarnation on the local runtime.
type cluster struct {
	t       *testing.T
	runtime *local.Runtime
	dir     string // the runtime's
	storage string // drey.fs.root
	rest    string
	http    *http.Client // that its JobManager answers
	plan    flink.Plan
}

type slots struct {
	Total     int `json:"slots-total"`
	Available int `json:"slots-available"`
}

type status struct{ Status string }

// start brings up a JobManager with a program of the tests, and task managers of one slot; it returns when the gate is ready.
func start(t *testing.T, jar string, taskManagers int, prepare []string, args ...string) *cluster {
	t.Helper()
	return startOn(t, env(t, "DREY_TEST_FLINK"), jar, taskManagers, prepare, args...)
}

// startOn does so on a version of Flink.
func startOn(t *testing.T, version, jar string, taskManagers int, prepare []string, args ...string) *cluster {
	t.Helper()
	return startAs(t, nil, version, jar, taskManagers, prepare, args...)
}

// startAs does so under an identity.
func startAs(t *testing.T, identity *tls.Certificate, version, jar string, taskManagers int, prepare []string, args ...string) *cluster {
	t.Helper()
	home := filepath.Join(env(t, "DREY_DISTRIBUTIONS"), version)
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rt, err := local.New(local.Config{
		Dir: dir, KeeperPath: absolute(t, embedded+"/drey-keep"), Java: java,
		Distributions: func(string) (string, error) { return home, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	ports := flink.Ports{RPC: flinktest.Port(t), REST: flinktest.Port(t)}
	c := &cluster{t: t, runtime: rt, dir: dir, storage: t.TempDir(), rest: fmt.Sprintf("http://127.0.0.1:%d", ports.REST), http: http.DefaultClient}
	if identity != nil {
		c.rest, c.http = fmt.Sprintf("https://127.0.0.1:%d", ports.REST), clientAs(identity)
	}
	c.plan = flink.Plan{
		Incarnation: id, Version: version, JobName: "gate", Config: map[string]string{"execution.checkpointing.interval": "100 ms"},
		JobManager: flink.Size{CPU: 1, MemoryMB: 1024}, TaskManager: flink.Size{CPU: 1, MemoryMB: 1024}, TaskManagers: taskManagers, Ports: ports,
		Storage: flink.Storage{Checkpoints: "abfs://state@account.dfs.core.windows.net/checkpoints", Root: c.storage},
		Program: flink.Program{Jar: jar, Args: args}, GateJar: "drey-flink.jar", Prepare: prepare,
	}
	c.prepare(c.plan, identity, 0)
	c.await("a gate that is ready", func() bool { return c.jobManager().State == runtime.Held })
	return c
}

// prepare brings up the processes of a plan, but for the first ones, until the test ends.
func (c *cluster) prepare(plan flink.Plan, identity *tls.Certificate, without int) {
	t := c.t
	t.Helper()
	shape := runtime.Shape{ID: runtime.IncarnationID(plan.Incarnation), Distribution: plan.Version, TaskManagers: plan.TaskManagers}
	layout, err := c.runtime.Layout(t.Context(), shape)
	if err != nil {
		t.Fatal(err)
	}
	layout.Identity = identity
	plan.Folders = flink.Folders(layout)
	rendered, err := flink.Render(plan)
	if err != nil {
		t.Fatal(err)
	}
	inc := runtime.Incarnation{Shape: shape, Artifacts: []runtime.Artifact{
		artifact(t, plan.Program.Jar, filepath.Join(env(t, "DREY_TEST_JARS"), plan.Program.Jar)),
		artifact(t, "drey-flink.jar", absolute(t, embedded+"/drey-flink.jar")),
		artifact(t, "drey-fs/drey-flink.jar", absolute(t, embedded+"/drey-flink.jar")),
	}}
	inc.Artifacts[2].Plugin = true
	for _, f := range rendered.Files {
		inc.Files = append(inc.Files, runtime.File(f))
	}
	for _, p := range rendered.Processes[without:] {
		inc.Processes = append(inc.Processes, runtime.Process{
			ProcessID: runtime.ProcessID{Role: runtime.Role(p.Role), Index: p.Index}, Args: p.Args, Env: p.Env, MemoryMB: p.MemoryMB, Gate: p.Gate,
		})
	}
	t.Cleanup(func() {
		if err := c.runtime.Kill(context.WithoutCancel(t.Context()), shape.ID); err != nil {
			t.Error(err)
		}
	})
	if err := c.runtime.Prepare(t.Context(), inc); err != nil {
		t.Fatal(err)
	}
}

// release gives the order: from nothing, under jobID.
func (c *cluster) release() { c.releaseFrom("") }

func (c *cluster) releaseFrom(restore string) {
	c.t.Helper()
	order := fmt.Sprintf(`{"restorePath":%q,"jobId":%q,"allowNonRestoredState":false}`, restore, jobID)
	if err := c.runtime.Release(c.t.Context(), id, []byte(order)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) jobManager() runtime.ProcessStatus {
	c.t.Helper()
	s, err := c.runtime.Observe(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	p := s.Process(runtime.ProcessID{Role: flink.RoleJobManager})
	if p.State == runtime.Exited {
		c.t.Fatalf("the JobManager ended: %+v\n%s", p.Exit, c.log())
	}
	return p
}

// await asks again and again until what it waits for has happened.
func (c *cluster) await(what string, happened func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !happened() {
		if time.Now().After(deadline) {
			c.t.Fatalf("no %s within %s\n%s", what, patience, c.log())
		}
		<-time.After(interval)
	}
}

func (c *cluster) log() string { return c.logOf(id, runtime.ProcessID{Role: flink.RoleJobManager}) }

func (c *cluster) logOf(id runtime.IncarnationID, p runtime.ProcessID) string {
	log, _, err := c.runtime.Logs(c.t.Context(), id, p, 0)
	if err != nil {
		return err.Error()
	}
	defer log.Close()
	text, _ := io.ReadAll(log)
	return string(text[max(0, len(text)-16<<10):])
}

// get is one answer of the JobManager's REST API; the zero value where it knows nothing yet.
func get[T any](c *cluster, path string) (answer T) {
	c.t.Helper()
	got, err := c.http.Get(c.rest + path)
	if err != nil {
		c.t.Fatalf("%v\n%s", err, c.log())
	}
	defer got.Body.Close()
	if got.StatusCode == http.StatusOK {
		if err := json.NewDecoder(got.Body).Decode(&answer); err != nil {
			c.t.Fatal(err)
		}
	}
	return answer
}

func artifact(t *testing.T, name, source string) runtime.Artifact {
	t.Helper()
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return runtime.Artifact{Name: name, SHA256: hex.EncodeToString(sum[:]), Source: source}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// env reads a variable that the Makefile sets.
func env(t *testing.T, name string) string {
	t.Helper()
	v := strings.TrimSpace(os.Getenv(name))
	if v == "" {
		t.Fatalf("%s is not set; run these tests by `make real`", name)
	}
	return v
}
