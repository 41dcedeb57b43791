// Package fake is Flink without a JVM: JobManagers that answer REST as Flink does, write snapshots that Flink's rules accept, and take
// their time. What they answer is held to traces of a real Flink by the conformance suite of package flinktest.
//
// The one job of a JobManager counts, once each millisecond. How far it came is its state, so that what is lost or done twice can be told.
package fake

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"drey/internal/flink"
	"drey/internal/storage"
)

// Options make a JobManager.
type Options struct {
	Version   string            // of Flink
	Config    map[string]string // config.yaml
	Storage   *storage.Mounts   // where its snapshots go
	Behaviour Behaviour
	// Print takes a line of the process's output, Exit the process's end; both are called with the JobManager locked. Nil: nothing.
	Print func(line string)
	Exit  func(code int)
	// Began is told of each time the job begins to count, Over of each time it no longer does, Stopped that
	// a stop is about to be COMPLETED, with where its savepoint is said to lie.
	// Nil: nothing.
	Began   func(*Run)
	Over    func(*Run)
	Stopped func(job, savepoint string)
}

// JobManager has one job, once it was submitted.
type JobManager struct {
	Options

	mu           sync.Mutex
	dead         bool
	attempt      int               // what was set going for an older one is void
	taskManagers map[string]string // address by resource id
	registered   int               // so far

	job       string
	state     flink.JobState
	created   time.Time
	ended     time.Time
	deployed  time.Time
	restore   string // what it was submitted with
	lenient   bool   // allowNonRestoredState
	run       *Run   // nil before its tasks run
	wanted    int    // parallelism
	upper     int    // bound of it, to which it rescales
	stopping  bool   // its sources have ended
	unseen    func() // ends a stopped job, with EndsUnseen
	hasGraph  bool   // its state could be restored
	waiting   bool   // its tasks wait for slots
	failures  []failure
	triggers  map[string]*trigger
	snapshots snapshots
	restored  restored
}

// restored is what the newest attempt began with.
type restored struct {
	id    int64
	uri   string
	at    time.Time
	times int // so far
}

type failure struct {
	at    time.Time
	stack string
}

// New makes a JobManager that has no job yet.
func New(o Options) *JobManager {
	if o.Print == nil {
		o.Print = func(string) {}
	}
	if o.Exit == nil {
		o.Exit = func(int) {}
	}
	if o.Began == nil {
		o.Began = func(*Run) {}
	}
	if o.Over == nil {
		o.Over = func(*Run) {}
	}
	if o.Stopped == nil {
		o.Stopped = func(string, string) {}
	}
	return &JobManager{Options: o, taskManagers: map[string]string{}, triggers: map[string]*trigger{}, wanted: o.parallelism(), upper: o.parallelism()}
}

// Run is what one attempt of a job did: it counted from From on.
type Run struct {
	Job         string
	From, To    int64     // To is how far it came until Over
	Began, Over time.Time // Over is zero while it counts
}

// Count is how far it has come.
func (r Run) Count() int64 {
	if !r.Over.IsZero() {
		return r.To
	}
	return r.From + time.Since(r.Began).Milliseconds()
}

// ServeHTTP is the JobManager's REST interface. A question travels for Latency; the answer is what is true then.
func (m *JobManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(m.Behaviour.Latency)
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Context().Err() != nil {
		return
	}
	routes.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), managerKey{}, m)))
}

// Kill ends it as kill -9 does.
func (m *JobManager) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.halt()
	m.dead = true
}

// Register lets a TaskManager that came up offer its slots.
func (m *JobManager) Register(index int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registered++
	m.taskManagers[flink.TaskManagerID(index)] = address(m.registered)
	m.deploy()
}

// Lose is the end of a TaskManager: tasks ran there, unless others have slots enough.
func (m *JobManager) Lose(index int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.taskManagers, flink.TaskManagerID(index))
	switch {
	case m.dead || m.job == "" || m.state.Terminal():
	case m.run != nil && m.state == flink.Running:
		m.fail("org.apache.flink.runtime.resourcemanager.exceptions.ResourceManagerException: TaskManager with id " + flink.TaskManagerID(index) + " is no longer reachable.")
	case m.slots() < m.wanted && !m.deployed.IsZero():
		m.attempt++
		m.schedule()
	}
}

// after does something of the JobManager's own when its time has come, unless it is dead or the job in another attempt by then.
func (m *JobManager) after(d time.Duration, do func()) {
	attempt := m.attempt
	time.AfterFunc(d, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.dead && m.attempt == attempt {
			do()
		}
	})
}

// exit ends the process by itself.
func (m *JobManager) exit(code int, lines ...string) {
	m.halt()
	m.dead = true
	for _, line := range lines {
		m.Print(line)
	}
	m.Exit(code)
}

// old says that it is of a line in which an error of the program ends the process with code 2 (flink-measured.md 4e).
func (m *JobManager) old() bool { return strings.HasPrefix(m.Version, "1.") }
