package fake

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"drey/internal/flink"
	"drey/internal/storage"
)

// Program is what main() came to.
type Program struct {
	Job     string // the id of the job that was submitted; "" if there was none
	Failure string // the stack of what main() threw
}

// Submit is what the gate lets main() do: the answer is told to done, later, unless the process ends with it.
func (m *JobManager) Submit(order Order, done func(Program)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.after(m.Behaviour.Submit, func() {
		switch m.Behaviour.Trouble {
		case ThrowsInMain:
			done(Program{Failure: mainFailure})
			if m.old() {
				m.exit(2, "ERROR "+mainFailure)
			}
		case Exits:
			m.exit(42)
		case OutOfMemory:
			m.exit(3, "Terminating due to java.lang.OutOfMemoryError: Java heap space")
		case NoExecute:
			done(Program{})
			if m.old() {
				m.exit(2, "ERROR org.apache.flink.util.FlinkRuntimeException: No execution environment was executed.")
			}
		default:
			done(Program{Job: order.JobID})
			m.begin(order)
		}
	})
}

// Order is what a gate is opened with.
type Order struct {
	JobID                 string `json:"jobId"`
	RestorePath           string `json:"restorePath"`
	AllowNonRestoredState bool   `json:"allowNonRestoredState"`
}

const mainFailure = "java.lang.IllegalStateException: main() fails on request\n\tat Job.main(Job.java:1)"

func (m *JobManager) begin(order Order) {
	m.job, m.restore, m.lenient, m.state, m.created = order.JobID, order.RestorePath, order.AllowNonRestoredState, flink.Created, time.Now()
	m.Print("Job " + m.job + " is submitted.")
	from, err := m.initial()
	if err != nil {
		m.unrestorable(err)
		return
	}
	m.snapshots.last = from.Checkpoint
	m.schedule()
}

// initial is the state it begins with.
func (m *JobManager) initial() (snapshot, error) {
	if m.Behaviour.Trouble == NoRestore && m.restore != "" {
		return snapshot{}, m.unmapped(operatorID("gone"))
	}
	s, err := readSnapshot(context.Background(), m.Storage, m.restore)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s, inFlinksWords("java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory '" + m.restore + "' on file system 'abfs'.")
	case err != nil:
		return s, inFlinksWords(noRollback + m.restore + ". " + err.Error())
	}
	return s, m.fits(s)
}

// fits is Flink's rule: each operator's state has an operator that takes it.
func (m *JobManager) fits(s snapshot) error {
	for _, had := range s.Operators {
		if !m.has(had) && !m.lenient {
			return m.unmapped(had)
		}
	}
	return nil
}

func (m *JobManager) unmapped(operator string) error {
	return inFlinksWords(noRollback + m.restore + ". Cannot map checkpoint/savepoint state for operator " + operator +
		" to the new program, because the operator is not available in the new program. If you want to allow to skip this," +
		" you can set the --allowNonRestoredState option on the CLI.")
}

const noRollback = "java.lang.IllegalStateException: Failed to rollback to checkpoint/savepoint "

// inFlinksWords is a cause as Flink writes it.
type inFlinksWords string

func (w inFlinksWords) Error() string { return string(w) }

// unrestorable is how a state that cannot be restored ends a job, or its process.
func (m *JobManager) unrestorable(err error) {
	stack := "org.apache.flink.runtime.client.JobInitializationException: Could not start the JobMaster.\nCaused by: " + err.Error()
	if m.old() {
		m.exit(2, "ERROR "+stack)
		return
	}
	m.end(flink.Failed, stack)
}

// schedule lets the tasks wait for slots. For the adaptive scheduler the job is CREATED meanwhile, for the default one it is RUNNING.
func (m *JobManager) schedule() {
	m.state, m.deployed, m.waiting, m.hasGraph = flink.Running, time.Time{}, true, true
	if m.adaptive() {
		m.state = flink.Created
	}
	m.deploy()
}

// deploy lets the tasks run once there are slots for them.
func (m *JobManager) deploy() {
	if !m.waiting || m.slots() < m.wanted {
		return
	}
	m.deployed, m.waiting = time.Now(), false
	m.after(m.Behaviour.Schedule, m.runs)
}

// runs is when all tasks run.
func (m *JobManager) runs() {
	at := m.restore
	if m.snapshots.latest != nil {
		at = m.snapshots.latest.uri
	}
	from, err := readSnapshot(context.Background(), m.Storage, at)
	if err != nil {
		m.end(flink.Failed, noRollback+at+". "+err.Error())
		return
	}
	m.state = flink.Running
	if at != "" {
		m.restored = restored{from.Checkpoint, at, time.Now(), m.restored.times + 1}
	}
	m.count(from.Count)
	m.Print("Job " + m.job + " switched from state CREATED to RUNNING.")
	m.trouble()
	m.checkpoints()
}

// count begins a run. Its output tells where each began and where it came to, for judges that see nothing else of it.
func (m *JobManager) count(from int64) {
	m.run = &Run{Job: m.job, From: from, Began: time.Now()}
	m.Began(m.run)
	m.Print(fmt.Sprintf("Job %s counts from %d at %d.", m.name(), from, m.run.Began.UnixMilli()))
}

// trouble sets going what goes wrong in a running job, and the end of a bounded one.
func (m *JobManager) trouble() {
	switch b := m.Behaviour; {
	case b.Trouble == Fails:
		m.after(b.Run, func() { m.end(flink.Failed, userFailure) })
	case b.Trouble == Loops:
		m.after(max(b.Run, seen), func() { m.fail(userFailure) })
	case b.Run > 0 && b.Trouble == None:
		m.after(b.Run, func() { m.end(flink.Finished, "") })
	}
}

// seen is how long a task that fails runs at least: one that never ran is no loop.
const seen = 50 * time.Millisecond

const userFailure = "java.lang.IllegalStateException: failed on request\n\tat Job.map(Job.java:2)"

// fail is a failure of a task: the job goes on from its newest checkpoint in a while. Without checkpoints it is the end of the job.
func (m *JobManager) fail(stack string) {
	if m.interval() == 0 {
		m.end(flink.Failed, stack)
		return
	}
	m.halt()
	m.failures = append([]failure{{time.Now(), stack}}, m.failures[:min(len(m.failures), 15)]...)
	m.attempt++
	m.state, m.run, m.deployed, m.stopping = flink.Restarting, nil, time.Time{}, false
	m.failTriggers(stack)
	m.Print("Job " + m.job + " switched from state RUNNING to RESTARTING.")
	m.after(m.Behaviour.Restart, m.schedule)
}

// end is the end of the job.
func (m *JobManager) end(state flink.JobState, stack string) {
	m.halt()
	if stack != "" {
		m.failures = append([]failure{{time.Now(), stack}}, m.failures...)
		m.failTriggers(stack)
	}
	m.state, m.ended = state, time.Now()
	m.attempt++
	m.Print("Job " + m.job + " reached terminal state " + string(state) + ".")
}

// halt ends counting, and waiting for it.
func (m *JobManager) halt() {
	m.waiting = false
	if m.run != nil && m.run.Over.IsZero() {
		m.run.To, m.run.Over = m.run.Count(), time.Now()
		m.Over(m.run)
		m.Print(fmt.Sprintf("Job %s came to %d at %d.", m.name(), m.run.To, m.run.Over.UnixMilli()))
	}
}

// cancel ends the job without a snapshot.
func (m *JobManager) cancel() {
	m.attempt++
	m.halt()
	m.state = flink.Cancelling
	m.after(m.Behaviour.Finish, func() { m.end(flink.Canceled, "") })
}

// slots that are registered.
func (m *JobManager) slots() int {
	n, err := flink.Slots(m.Config)
	if err != nil {
		return 0
	}
	return n * len(m.taskManagers)
}

func (o Options) parallelism() int {
	n, err := strconv.Atoi(o.Config["parallelism.default"])
	if err != nil {
		return 1
	}
	return n
}

func address(n int) string {
	return fmt.Sprintf("pekko.tcp://flink@127.0.0.1:%d/user/rpc/taskmanager_0", 30000+n)
}
