// Package flinktest is what Drey believes of Flink's REST interface, as scenarios: each drives JobManagers, and all that was asked and
// answered is its trace. The traces in testdata were recorded on real Flink (`make record`). The fake of package fake must answer the
// same, and so must every real Flink (`make real`).
//
// It is for tests only.
package flinktest

import (
	"fmt"
	"strings"
	"testing"

	"drey/internal/flink"
	"drey/internal/flink/fake"
	"drey/internal/runtime"
)

// World is a place that has Flink: real processes, or simulated ones. Scenarios bring up the same incarnations in both, so that the
// runtime is all that differs.
type World struct {
	Runtime   runtime.Runtime
	Version   string                 // of Flink
	Traces    string                 // the folder of the traces of that version's line
	Storage   string                 // folder of the storage accounts
	Artifacts []runtime.Artifact     // the jars of the witness and of the gate
	Port      func(t *testing.T) int // a free one
}

// Names of the artifacts.
const (
	Jar     = "witness.jar"
	GateJar = "drey-flink.jar"
)

// Cluster is an incarnation of the witness (test/flink).
type Cluster struct {
	TaskManagers int
	Config       map[string]string // beside a checkpointing that makes none by itself
	Trouble      fake.Trouble      // one that the witness knows too
	Operator     string            // uid of the operator that counts; "" is "counter"
	Restore      string            // URI of a savepoint or a checkpoint
	Lenient      bool              // state that no operator takes is left out
}

// account holds what the clusters of all scenarios write.
const account = "abfs://state@account.dfs.core.windows.net"

// never is longer than any test: no checkpoint is made but those that are asked for, so that their ids are certain.
const never = "24 h"

func (c Cluster) plan(id string, w World) flink.Plan {
	config := map[string]string{"execution.checkpointing.interval": never, fake.Key: c.simulated()}
	for key, value := range c.Config {
		config[key] = value
	}
	size := flink.Size{CPU: 1, MemoryMB: 1024}
	return flink.Plan{
		Incarnation: id, Version: w.Version, JobName: "witness", Config: config, JobManager: size, TaskManager: size, TaskManagers: c.TaskManagers,
		Storage: flink.Storage{Checkpoints: account + "/checkpoints", Root: w.Storage},
		Program: flink.Program{Jar: Jar, Args: c.args()}, GateJar: GateJar,
	}
}

// args are for the real witness.
func (c Cluster) args() []string {
	args := []string{"--rate", "500"}
	if c.Trouble != fake.None {
		args = append(args, "--trouble", string(c.Trouble))
	}
	if c.Operator != "" {
		args = append(args, "--counterUid", c.Operator)
	}
	return args
}

// simulated says the same to the fake.
func (c Cluster) simulated() string {
	var parts []string
	if c.Trouble != fake.None {
		parts = append(parts, "run=100ms", "trouble="+string(c.Trouble))
	}
	if c.Operator != "" {
		parts = append(parts, "operators="+c.Operator)
	}
	return strings.Join(parts, ",")
}

// incarnation is what a runtime brings up of it, and the port of its REST interface.
func (c Cluster) incarnation(t *testing.T, w World, id runtime.IncarnationID) (runtime.Incarnation, int) {
	t.Helper()
	shape := runtime.Shape{ID: id, Distribution: w.Version, TaskManagers: c.TaskManagers}
	layout, err := w.Runtime.Layout(t.Context(), shape)
	if err != nil {
		t.Fatal(err)
	}
	plan := c.plan(string(id), w)
	plan.Folders, plan.Ports = flink.Folders(layout), flink.Ports{RPC: w.Port(t), REST: w.Port(t)}
	rendered, err := flink.Render(plan)
	if err != nil {
		t.Fatal(err)
	}
	inc := runtime.Incarnation{Shape: shape, Artifacts: w.Artifacts}
	for _, f := range rendered.Files {
		inc.Files = append(inc.Files, runtime.File(f))
	}
	for _, p := range rendered.Processes {
		inc.Processes = append(inc.Processes, runtime.Process{
			ProcessID: runtime.ProcessID{Role: runtime.Role(p.Role), Index: p.Index}, Args: p.Args, Env: p.Env, MemoryMB: p.MemoryMB, Gate: p.Gate,
		})
	}
	return inc, plan.Ports.REST
}

// order is what opens the gate.
func (c Cluster) order(job string) []byte {
	return fmt.Appendf(nil, `{"restorePath":%q,"jobId":%q,"allowNonRestoredState":%t}`, c.Restore, job, c.Lenient)
}
