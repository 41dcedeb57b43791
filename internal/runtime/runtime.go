// Package runtime says what a place that runs processes must do for Drey: bring up an incarnation held, release it once,
// kill it, and tell the truth about it. A runtime runs roles; it does not know what a JobManager is.
package runtime

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"drey/internal/secret"
)

// IncarnationID names one start of a job's processes: 32 lower-case hex digits, made before anything is done with it.
type IncarnationID string

// Role is a kind of process inside an incarnation.
type Role string

// The roles of a Flink application cluster.
const (
	JobManager  Role = "jobmanager"
	TaskManager Role = "taskmanager"
)

// ProcessID names one process of an incarnation, for example taskmanager 0.
type ProcessID struct {
	Role  Role
	Index int // 0..n-1 within the role
}

// String is the process's name in folders, logs and on screen: "taskmanager-0".
func (p ProcessID) String() string { return fmt.Sprintf("%s-%d", p.Role, p.Index) }

// Errors a runtime answers with. Wrapped ones match by [errors.Is].
var (
	// ErrDead says that this id was killed or abandoned here before: it can never be prepared again.
	ErrDead = errors.New("incarnation is dead")
	// ErrReleased says that the incarnation was released with another order.
	ErrReleased = errors.New("incarnation was released with another order")
	// ErrNotHeld says that there is nothing held under this id that could be released.
	ErrNotHeld = errors.New("incarnation is not held")
	// ErrNotReleased says that what was asked for is done to a released incarnation only.
	ErrNotReleased = errors.New("incarnation is not released")
	// ErrStale says that a later generation was seen here before.
	ErrStale = errors.New("a later generation was seen before")
	// ErrNotFound says that nothing is known here under this id.
	ErrNotFound = errors.New("no such incarnation")
	// ErrWrongTarget says that the place we talk to is not the one we mean.
	ErrWrongTarget = errors.New("this is another target")
)

// Shape is what Layout needs to know of an incarnation.
type Shape struct {
	ID           IncarnationID
	Distribution string // version of the Flink distribution, for example "2.3.0"
	TaskManagers int
}

// Layout says how an incarnation looks from inside its processes. All paths are absolute. It is computed, nothing is made.
type Layout struct {
	Host         string // by which the first role is found
	Bind         string // the address that all roles listen at; "" is Host
	Own          string // by which any other process is found; "" is Host. "@address" is replaced by the keeper, in arguments only
	Java         string // the java executable
	Distribution string // the unpacked Flink release (FLINK_HOME)
	Lib          string // its jars
	Opt          string
	Conf         string // where File names are put; FLINK_CONF_DIR
	Jars         string // where Artifacts are put, under their Name
	Plugins      string // FLINK_PLUGINS_DIR, made for this incarnation
	Gate         string // folder of the gate's files (JobManager)
	Work         string // working folders of the processes are below: Work/<role>-<index>
	// Identity is who the processes are to each other, and who asks them at Endpoint: all that they say is under TLS, and nobody
	// without it is heard. Nil: they speak plainly, where nobody else hears them. It is a secret, and never another incarnation's.
	Identity *tls.Certificate
}

// ProcessDir is the working folder of one process; tmp files of Flink belong below it.
func (l Layout) ProcessDir(p ProcessID) string { return l.Work + "/" + p.String() }

// File is a small file written into Layout.Conf (Name has no slash) before a process starts.
type File struct {
	Name    string
	Mode    fs.FileMode // permission bits, for example 0400
	Content secret.Value
}

// Artifact is a file that is linked (or copied) into the incarnation: a jar of the job into Layout.Jars, or one of ours
// into a folder of Layout.Plugins.
type Artifact struct {
	Name   string // path below Jars, or below Plugins if Plugin is set; for example "9f0e….jar", "drey-fs/drey-flink.jar"
	Plugin bool
	SHA256 string // 64 lower-case hex digits; checked before the process starts
	Source string // absolute path on the machine of the server
}

// Process is one process to bring up.
type Process struct {
	ProcessID
	Args     []string          // argv; Args[0] is the executable; "@jars:<folder>" is replaced by the keeper
	Env      map[string]string // the whole environment but for the marker, which the runtime adds
	MemoryMB int               // 110 % of the role's memory, for accounting
	CPU      float64           // cores that it may use; 0 = as many as there are. Only a runtime with limits of its own needs it
	Gate     bool              // this process has our gate inside: it is Held once the gate says so
	// Ports are those of a gated process that the others reach it at. Only a runtime needs them that gives it an address of its own.
	Ports []int
}

// Incarnation is everything that Prepare brings up.
type Incarnation struct {
	Shape
	Files     []File
	Artifacts []Artifact
	Processes []Process
	// PodTemplate is what its pods get beside what a runtime with pods needs itself, as JSON; "" is nothing. Others do not look at it.
	PodTemplate string
}

// State is what was seen of one process.
type State string

// The states of a process. Absent and Unknown are no proof of death.
const (
	Absent  State = "Absent"  // never started, or nothing is left of it
	Alive   State = "Alive"   // runs (a gated one: its gate is not there yet, or is open)
	Held    State = "Held"    // a gated process that waits for its order
	Exited  State = "Exited"  // ended; Exit says how
	Unknown State = "Unknown" // could not be seen
)

// Exit says how a process ended. Code is -1 if it was ended by a signal or its end was not seen.
type Exit struct {
	Code   int
	Signal int       // 0 if none
	OOM    bool      // out of memory, by the JVM's own word or the kernel's
	At     time.Time // zero if not known
}

// Gate is what the gate in a process says.
type Gate string

// What a gate can say, in this order.
const (
	GateNone   Gate = ""       // nothing yet
	GateReady  Gate = "ready"  // holds
	GateOpened Gate = "opened" // has read its order; the job's own code runs
	GateDone   Gate = "done"   // main() returned; GateInfo.Jobs says what it submitted
	GateFailed Gate = "failed" // main() threw; GateInfo.Failure is the stack trace
)

// GateInfo is the newest word of a gate.
type GateInfo struct {
	Gate    Gate
	Jobs    []string // Flink job ids submitted, with GateDone
	Failure string   // with GateFailed: the exception with its causes, at most 64 KiB
	At      time.Time
	// OpenedAt is when it read its order; zero before.
	OpenedAt time.Time
}

// ProcessStatus is one process as seen.
type ProcessStatus struct {
	ProcessID
	State State
	// Life tells one start of a process from the next one under the same index; "" if it never started.
	Life string
	PID  int // where it runs, which may be a container; 0 if not known
	Exit Exit
	// LogStart is the cursor of the first byte it wrote; before that lies what the one wrote that it replaced.
	LogStart int64
	// Replaced is how the process before it under the same index ended, which Scale replaced; nil if it is the first.
	Replaced *Exit
	Gate     GateInfo // of a gated process
	// NoPlace says why an Absent process that was asked for has no place to run: it starts once there is one. "" if it is not so, or not known.
	NoPlace string
}

// Status is one incarnation as seen at one moment.
type Status struct {
	ID          IncarnationID
	Processes   []ProcessStatus // sorted by role, then index
	OrderDigest string          // SHA-256 in hex of the order it was released with; "" if never
	Tombstone   bool            // Kill or Abandon was called for the whole of it: it can never start again
	Dead        bool            // proof: every lock is free and no process carries its marker
	Abandoned   bool            // no proof, but a person's word, and nothing is left here that could prove or deny it
	SeenAt      time.Time
}

// Process finds one process in s; Absent if it is not there.
func (s Status) Process(id ProcessID) ProcessStatus {
	for _, p := range s.Processes {
		if p.ProcessID == id {
			return p
		}
	}
	return ProcessStatus{ProcessID: id, State: Absent}
}

// Fit says whether memory is free.
type Fit struct {
	Known  bool  // false: nobody can tell, and the rest is zero
	FreeMB int64 // what may be taken, in MiB, at least 0; a reserve of the machine is taken off already
	Fits   bool
}

// Event is a hint that something changed; Observe is the truth.
type Event struct{ ID IncarnationID }

// Endpoint is where a port is reached, by HTTP.
type Endpoint struct {
	URL       string            // "http://127.0.0.1:20001"
	Transport http.RoundTripper // nil: a plain one, which uses no proxy
}

// MaxReportBytes is how long a gate's report may be.
const MaxReportBytes = 1 << 20

// SameSeat reports whether two holders, each "<seat>/<process>", are processes of one seat: one data directory on one machine, whose lock only one
// process has at a time. So of two different ones that say they hold something, the other one has ended.
func SameSeat(a, b string) bool {
	i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
	return i > 0 && j > 0 && a[:i] == b[:j]
}

// Runtime is a target: a place where incarnations run. Every method may be repeated.
type Runtime interface {
	// Identity reads live who this target is.
	Identity(ctx context.Context) (string, error)
	// Claim takes or renews the target's lock for holder and writes epoch there, for ttl. It answers the highest epoch ever
	// written, and refuses a lower one.
	Claim(ctx context.Context, holder string, epoch int64, ttl time.Duration) (highest int64, err error)
	// Layout tells how the roles of an incarnation see themselves and each other. It has no effect.
	Layout(ctx context.Context, s Shape) (Layout, error)
	// Prepare brings the processes up, held. It is create-only and idempotent by id; [ErrDead] if this id was ever killed here.
	Prepare(ctx context.Context, inc Incarnation) error
	// Release opens the gate with order, once. The same order again is fine; another: [ErrReleased]; not held: [ErrNotHeld].
	Release(ctx context.Context, id IncarnationID, order []byte) error
	// Endpoint tells how to reach a port of an incarnation's JobManager. It asks nothing and promises no answer there.
	Endpoint(id IncarnationID, port int) Endpoint
	// Report is what the gate found out before it was ready, in its own words; nil if there is none, or none yet. More than
	// [MaxReportBytes] is an error.
	Report(ctx context.Context, id IncarnationID) ([]byte, error)
	// Fits answers whether needMB MiB more could be taken here now. It reserves nothing.
	Fits(ctx context.Context, needMB int64) (Fit, error)
	// Scale makes sure that the n processes of a role run: one that has Exited is replaced under its own index, with the same
	// arguments and environment and an empty working folder, once nothing of it lives; its output goes on where it ended.
	// Those that live are not touched. n must be the number that was prepared, and the role not gated: what has a gate never
	// starts twice. A generation below one seen before is [ErrStale]; the same one may be repeated. It needs a released
	// incarnation ([ErrNotReleased]) without a tombstone ([ErrDead]).
	Scale(ctx context.Context, id IncarnationID, role Role, n int, generation int64) error
	// Kill ends processes without grace: all of them, for ever (a tombstone stays), and comes back when nothing of them is
	// left; or only the roles named: then it sends the signals and does not wait, and descendants are left to the kill of all.
	Kill(ctx context.Context, id IncarnationID, roles ...Role) error
	// Observe sees one incarnation. An id that never was here answers with no processes, and Dead only if a tombstone is there.
	Observe(ctx context.Context, id IncarnationID) (Status, error)
	// List sees every incarnation of which anything is left here.
	List(ctx context.Context) ([]Status, error)
	// Watch calls fn for what changed, until ctx ends.
	Watch(ctx context.Context, fn func(Event)) error
	// Abandon is a person's word that the incarnation is dead. A Kill that follows takes it where it finds no better one.
	Abandon(ctx context.Context, id IncarnationID, who string) error
	// Forget removes what a dead one left, but its tombstone and its logs.
	Forget(ctx context.Context, id IncarnationID) error
	// Logs reads a process's output from cursor (bytes since its start) on. Reading ends with io.EOF at what is there now.
	// The answered cursor is where reading really begins: later than asked if older bytes are gone.
	Logs(ctx context.Context, id IncarnationID, p ProcessID, cursor int64) (io.ReadCloser, int64, error)
}
