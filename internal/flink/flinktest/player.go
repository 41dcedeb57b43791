package flinktest

import (
	"context"
	"crypto/md5" // as a name, not as a seal
	"encoding/hex"
	"io"
	"net/http"
	"testing"

	"drey/internal/flink"
	"drey/internal/runtime"
)

// Player plays one scenario.
type Player struct {
	*testing.T
	scenario string
	world    World
	names    map[string]string // by id
	told     map[string]int    // values that are noted by the order in which they were first seen
	title    string
	trace    Trace
}

// JobManager is one that was started, with its one job. What is asked of it is noted.
type JobManager struct {
	*flink.Client
	Job string // its id

	p         *Player
	id        runtime.IncarnationID
	cluster   Cluster
	url       string
	transport http.RoundTripper
}

// Title says what the next steps are about.
func (p *Player) Title(title string) { p.title = title }

// ID makes an id of 32 hex digits; traces show its name.
func (p *Player) ID(name string) string {
	sum := md5.Sum([]byte(p.scenario + "/" + name))
	id := hex.EncodeToString(sum[:])
	p.names[id] = name
	return id
}

// Hold starts a cluster, and waits until its gate holds.
func (p *Player) Hold(name string, c Cluster) *JobManager {
	p.Helper()
	m := &JobManager{p: p, cluster: c, Job: p.ID(name), id: runtime.IncarnationID(p.ID("incarnation of " + name))}
	inc, port := c.incarnation(p.T, p.world, m.id)
	at := p.world.Runtime.Endpoint(m.id, port)
	m.url, m.transport = at.URL, recorder{p, at.Transport}
	m.Client = flink.New(m.url, m.transport)
	if err := p.world.Runtime.Prepare(p.Context(), inc); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(m.Kill)
	p.Cleanup(func() {
		if p.Failed() {
			p.Logf("the log of %s:\n%s", name, m.log())
		}
	})
	p.Until("the gate holds", func() bool { return m.process(runtime.JobManager).State == runtime.Held })
	return m
}

// Release opens the gate.
func (m *JobManager) Release() {
	m.p.Helper()
	if err := m.p.world.Runtime.Release(m.p.Context(), m.id, m.cluster.order(m.Job)); err != nil {
		m.p.Fatal(err)
	}
}

// Start starts a cluster, and waits until all tasks of its job run.
func (p *Player) Start(name string, c Cluster) *JobManager {
	p.Helper()
	m := p.Hold(name, c)
	m.Release()
	m.Runs()
	return m
}

// Kill ends all its processes.
func (m *JobManager) Kill() {
	if err := m.p.world.Runtime.Kill(context.WithoutCancel(m.p.Context()), m.id); err != nil {
		m.p.Error(err)
	}
}

// LoseTaskManager kills the TaskManagers, of which there is one, and waits until it is gone.
func (m *JobManager) LoseTaskManager() {
	m.p.Helper()
	if err := m.p.world.Runtime.Kill(m.p.Context(), m.id, runtime.TaskManager); err != nil {
		m.p.Fatal(err)
	}
	m.p.Until("the TaskManager is gone", func() bool { return m.process(runtime.TaskManager).State == runtime.Exited })
}

// ReplaceTaskManager brings another one up in the place of the one that was lost.
func (m *JobManager) ReplaceTaskManager() {
	m.p.Helper()
	if err := m.p.world.Runtime.Scale(m.p.Context(), m.id, runtime.TaskManager, m.cluster.TaskManagers, 1); err != nil {
		m.p.Fatal(err)
	}
}

// Failed waits until the gate says that main() threw, and notes what it threw and whether the process lives.
func (m *JobManager) Failed() {
	m.p.Helper()
	m.p.Until("main() threw", func() bool { return m.process(runtime.JobManager).Gate.Gate == runtime.GateFailed })
	s := m.process(runtime.JobManager)
	m.p.note(Step{Asked: "the JobManager's process", Answer: object{"state": s.State, "failure": m.p.cause(s.Gate.Failure)}})
}

// process is the first process of a role.
func (m *JobManager) process(role runtime.Role) runtime.ProcessStatus {
	m.p.Helper()
	s, err := m.p.world.Runtime.Observe(m.p.Context(), m.id)
	if err != nil {
		m.p.Fatal(err)
	}
	process := s.Process(runtime.ProcessID{Role: role})
	if role == runtime.JobManager && process.State == runtime.Exited {
		m.p.Fatalf("the JobManager ended: %+v", process.Exit)
	}
	return process
}

// log is the end of the JobManager's log.
func (m *JobManager) log() string {
	log, _, err := m.p.world.Runtime.Logs(m.p.Context(), m.id, runtime.ProcessID{Role: runtime.JobManager}, 0)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = log.Close() }()
	text, err := io.ReadAll(log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-8<<10):])
}
