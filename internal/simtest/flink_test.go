package simtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"drey/internal/flink"
	"drey/internal/storage"
)

// Flink is the JobManagers of a simulated target, each behind its REST port. It is the transport that reaches them.
type Flink struct {
	T       testing.TB
	Storage *storage.Mounts
	Delay   time.Duration // of each step of Flink's own: submit to RUNNING, a snapshot, the end after one
	Latency time.Duration // of one answer
	// EndsUnseen lets a stop's job end right after it was last seen RUNNING: the worst moment for who asks for one thing after the other.
	EndsUnseen bool

	mu       sync.Mutex
	stopped  func()
	managers map[string]*JobManager // by port
	runs     []*Run                 // of all jobs there ever were, oldest first
}

// Run is what one job did: it counted from From on, once each millisecond.
type Run struct {
	Job         string
	From, To    int64
	Began, Over time.Time // Over is zero while it counts; To is how far it came until then
}

func (r Run) count() int64 {
	if !r.Over.IsZero() {
		return r.To
	}
	return r.From + time.Since(r.Began).Milliseconds()
}

// Runs are all that ever counted, in order.
func (f *Flink) Runs() []Run {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Run
	for _, r := range f.runs {
		all = append(all, Run{r.Job, r.From, r.count(), r.Began, r.Over})
	}
	return all
}

// OnStopped sets who is told that a stop is about to show as COMPLETED, its job as FINISHED.
func (f *Flink) OnStopped(tell func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = tell
}

// RoundTrip implements [http.RoundTripper]. The question travels for Latency; the answer is what is true then.
func (f *Flink) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(f.Latency)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.managers[r.URL.Port()]
	if m == nil {
		return nil, syscall.ECONNREFUSED
	}
	w := httptest.NewRecorder()
	m.routes.ServeHTTP(w, r)
	return w.Result(), nil
}

// start brings up a JobManager that has no job yet.
func (f *Flink) start(config map[string]string) *JobManager {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := &JobManager{Flink: f, config: config, triggers: map[string]*trigger{}}
	m.routes = m.mux()
	port := config["rest.port"]
	if f.managers[port] != nil {
		f.T.Errorf("two JobManagers on port %s", port)
	}
	f.managers[port] = m
	return m
}

// JobManager has one job, once it was submitted.
type JobManager struct {
	*Flink
	config   map[string]string
	routes   http.Handler
	killed   bool
	stopping bool // its sources have ended

	job        string
	state      flink.JobState
	created    time.Time
	restored   string
	run        *Run   // nil before it is RUNNING
	checkpoint int64  // id of the newest snapshot, complete or not
	latest     string // URI of the newest complete checkpoint
	latestID   int64
	triggers   map[string]*trigger
	end        func() // ends the job, with EndsUnseen
}

// trigger is a snapshot that was asked for.
type trigger struct {
	done     bool
	location string
	id       int64
}

// after does something of the JobManager's own when its time has come, unless it was killed by then.
func (m *JobManager) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.killed {
			do()
		}
	})
}

// submit is what main() does once the gate is open.
func (m *JobManager) submit(job, restore string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.killed {
		return
	}
	m.job, m.restored, m.state, m.created = job, restore, flink.Created, time.Now()
	m.after(m.Delay, func() {
		from, err := readSnapshot(m.Storage, restore)
		if err != nil {
			m.T.Errorf("job %s cannot restore %q: %v", job, restore, err)
		}
		m.state, m.checkpoint = flink.Running, from.Checkpoint
		m.run = &Run{Job: job, From: from.Count, Began: time.Now()}
		m.runs = append(m.runs, m.run)
		m.checkpointLater()
	})
}

// kill ends it, or only its job's tasks; nothing is counted from here on.
func (m *JobManager) kill(all bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.halt()
	if m.state == flink.Running {
		m.state = flink.Restarting
	}
	if all && !m.killed {
		m.killed = true
		delete(m.managers, m.config["rest.port"])
	}
}

// halt ends counting.
func (m *JobManager) halt() {
	if m.run != nil && m.run.Over.IsZero() {
		m.run.To, m.run.Over = m.run.count(), time.Now()
	}
}

// snapshot begins the next snapshot of a job that counts: to where, when it is there is then's to say.
func (m *JobManager) snapshot(where func(id int64) string, class string, then func(id int64, uri string)) {
	m.checkpoint++
	s := snapshot{Checkpoint: m.checkpoint, Count: m.run.count()}
	m.after(m.Delay, func() {
		if m.state != flink.Running {
			return
		}
		if class == savepointType { // its sources end with it
			m.halt()
			s.Count = m.run.count()
		}
		uri := where(s.Checkpoint)
		if err := writeSnapshot(m.Storage, uri, class, s); err != nil {
			m.T.Error(err)
		}
		then(s.Checkpoint, uri)
	})
}

// checkpointLater makes checkpoints at the configured interval.
func (m *JobManager) checkpointLater() {
	m.after(m.interval(), func() {
		if m.state == flink.Running && !m.stopping {
			m.takeCheckpoint(func(int64, string) {})
			m.checkpointLater()
		}
	})
}

func (m *JobManager) takeCheckpoint(then func(int64, string)) {
	where := func(id int64) string {
		return fmt.Sprintf("%s/%s/chk-%d", m.config["execution.checkpointing.dir"], m.job, id)
	}
	m.snapshot(where, checkpointType, func(id int64, uri string) {
		m.latest, m.latestID = uri, id
		then(id, uri)
	})
}

// stop takes a savepoint, after which the job is FINISHED: the savepoint lies there well before.
func (m *JobManager) stop(id, directory string) {
	t := &trigger{}
	m.triggers[id], m.stopping = t, true
	where := func(int64) string { return directory + "/savepoint-" + id[:12] }
	m.snapshot(where, savepointType, func(_ int64, uri string) {
		end := func() {
			if m.state == flink.Running {
				m.stopped()
				m.state, t.done, t.location = flink.Finished, true, uri
			}
		}
		if m.EndsUnseen {
			m.end = end
			return
		}
		m.after(m.Delay, end)
	})
}

// status is the job's state. Asking may be what its end waits for.
func (m *JobManager) status() any {
	if m.end != nil {
		m.after(m.Latency/2, m.end)
		m.end = nil
	}
	return object{"status": m.state}
}

func (m *JobManager) interval() time.Duration {
	d, err := configDuration(m.config["execution.checkpointing.interval"])
	if err != nil {
		m.T.Error(err)
	}
	return d
}
