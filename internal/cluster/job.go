package cluster

import (
	"fmt"
	"strings"
	"time"
)

// Action is what a runJob asks for. Canonical spelling; requests are compared without regard to case.
type Action string

// The actions of the published API.
const (
	ActionNew             Action = "NEW"
	ActionStart           Action = "START"
	ActionStop            Action = "STOP"
	ActionUpdate          Action = "UPDATE"
	ActionStatelessUpdate Action = "STATELESS_UPDATE"
	ActionLastStateUpdate Action = "LAST_STATE_UPDATE"
	ActionRelaunch        Action = "RE_LAUNCH"
	ActionSavepoint       Action = "SAVEPOINT"
	ActionListSavepoint   Action = "LIST_SAVEPOINT"
	ActionCancel          Action = "CANCEL"
	ActionDelete          Action = "DELETE"
)

// RunJob is one runJob request. Nil and empty mean "as it is".
type RunJob struct {
	Action        Action
	JobName       string
	RunID         string
	JarDirectory  string
	JarName       string
	EntryClass    string
	Args          *string
	SavePointName string
	Configuration map[string]string // nil: keep; empty: clear (R21)
	// AllowNonRestoredState lets an update drop state that no operator of the new version claims.
	AllowNonRestoredState bool
}

// Job is the job of a cluster.
type Job struct {
	UID            string // 32 lower-case hex digits
	ClusterUID     string
	RunID          string // "job-" + 3-4-4-12 hex digits, for life (R23)
	Name           string
	Goal           int    // version it shall run
	RunningVersion int    // version it runs; 0 if none
	Action         Action // last requested
	ActionResult   string // IN_PROGRESS, SUCCESS, FAILED
	Output         string // R29
	Status         string // Flink's or our word (R29); "" until known
	FlinkJobID     string // of the newest incarnation that was released; ""
	LastSavepoint  string // full URI
	SeenAt         time.Time
	Canceled       bool // ended for good: only LIST_SAVEPOINT and DELETE remain
}

// Results of an action.
const (
	ResultInProgress = "IN_PROGRESS"
	ResultSuccess    = "SUCCESS"
	ResultFailed     = "FAILED"
)

// Words of ours for a job's status; the others are Flink's (R29).
const (
	JobStopped      = "STOPPED"
	JobLaunchFailed = "JOB_LAUNCH_FAILED"
	JobCanceled     = "CANCELED"
	JobFinished     = "FINISHED"
	JobFailed       = "FAILED"
	JobRunning      = "RUNNING"
)

// Version is a frozen spec with its jars. A draft has no digests yet; nothing starts from a draft.
type Version struct {
	JobUID    string
	Number    int
	State     VersionState
	Launch    Launch
	JarSHA256 string
	JarBytes  int64
	Lib       []Jar
	MainClass string // from the jar's manifest, where no entry class was given
	Flink     string // version of Flink it really runs
	CreatedAt time.Time
	Failure   string     // why its last start failed, or why it never became startable
	GoodAt    time.Time  // when it last passed the health gate; zero = never
	Operators []Operator // of its job graph, from the rehearsal; nil if it was never rehearsed
	Scalable  []string   // Flink's ids of the vertices whose parallelism the program leaves to the configuration
}

// Operator is one operator of a version's job graph.
type Operator struct {
	ID          string // 32 lower-case hex digits; what state is mapped by
	UID         string // "" if the program gives none: then the ID is made from the place in the graph
	Name        string
	Parallelism int
}

// Jar is one frozen jar.
type Jar struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// VersionState is draft, frozen or failed.
type VersionState string

// The states of a version.
const (
	Draft         VersionState = "draft"
	Frozen        VersionState = "frozen"
	FailedVersion VersionState = "failed"
)

// Launch is all that decides how a job is launched: the job's part and the cluster's part; [Launch.Config] resolves the aliases of keys.
type Launch struct {
	JarDirectory  string            `json:"jarDirectory"`
	JarName       string            `json:"jarName"`
	EntryClass    string            `json:"entryClass,omitempty"`
	Args          *string           `json:"args,omitempty"`
	Configuration map[string]string `json:"configuration,omitempty"` // the job's own
	ClusterConfig map[string]string `json:"clusterConfig,omitempty"` // from serviceConfigsProfiles
	StorageURI    string            `json:"storageUri"`
	JobManager    Resources         `json:"jobManager"`
	TaskManager   Resources         `json:"taskManager"`
	TaskManagers  int               `json:"taskManagers"`
	OSSVersion    string            `json:"ossVersion"`            // as sent
	PodTemplate   string            `json:"podTemplate,omitempty"` // JSON
}

// IncarnationPhase says how far an incarnation is.
type IncarnationPhase string

// The phases of an incarnation, in order; Abandoned is Dead by a person's word.
const (
	Intended  IncarnationPhase = "Intended"
	Held      IncarnationPhase = "Held"
	Releasing IncarnationPhase = "Releasing"
	Live      IncarnationPhase = "Live"
	Quiet     IncarnationPhase = "Quiet"
	Dead      IncarnationPhase = "Dead"
	Abandoned IncarnationPhase = "Abandoned"
)

// Incarnation is one start of a job.
type Incarnation struct {
	ID           string // 32 lower-case hex digits
	JobUID       string
	Target       string
	Version      int
	Phase        IncarnationPhase
	FlinkJobID   string // made before the release
	Restore      string // logical URI it restores from; "" = starts empty
	OrderDigest  string
	TaskManagers int
	RESTPort     int
	RPCPort      int
	BlobPort     int
	ReservedMB   int64 // 110 % of all roles' memory
	CreatedAt    time.Time
	ReleasedAt   time.Time
	LiveAt       time.Time
	DeadAt       time.Time
	Cause        string      // why it ended, if not by our will
	Origin       Origin      // what it was started for
	Replaced     int64       // generation of the newest replacement of its TaskManagers
	ReplacedAt   []time.Time // the newest replacements
	LastSeen     int64       // highest id of a checkpoint of its own that was seen complete; 0 if none
	Gap          *Gap        // nil until measured
	Declared     *Word       // that it is dead; nil: nobody said so
}

// Word is what a person says.
type Word struct {
	Who string // object id of the principal
	At  time.Time
}

// Origin says what an incarnation was started for.
type Origin string

// The origins of an incarnation.
const (
	ByCaller   Origin = "caller"   // create, start, update, relaunch
	ByReturn   Origin = "return"   // the way back from a version that failed
	ByRecovery Origin = "recovery" // the one before it ended by itself
)

// Gap is how long a job was not processing around a start: an upper bound from what Flink and our own steps say, never from the job's
// output. For a start without a predecessor it begins with the release.
type Gap struct {
	From  time.Time     // the stop was accepted, or the death was seen, or the gate was opened
	To    time.Time     // all tasks of the incarnation were RUNNING
	Total time.Duration // To - From
	Parts []GapPart     // in order; they add up to Total
}

// GapPart is one part of a [Gap].
type GapPart struct {
	Name string // savepoint, hand-over, graph, schedule, restore, …
	Took time.Duration
}

// Savepoint is a complete, self-contained copy of a job's state. Invariant: once CompletedAt is set,
// URI holds a readable _metadata file, and nothing changes until all is deleted.
type Savepoint struct {
	ID           string // the trigger that asked for it; one savepoint each
	JobUID       string
	Incarnation  string
	Name         string // last segment: savepoint-xxxxxx-xxxxxxxxxxxx
	URI          string // absolute, in the user's scheme
	Bytes        int64  // all files below URI together, in bytes; 0 until verified
	CheckpointID int64
	Version      int    // version of the job that wrote it
	Origin       string // stop, savepoint, found
	Complete     bool
	CompletedAt  time.Time // UTC
}

// Trigger is one request to Flink for a savepoint. Its id and directory are committed before it is sent.
type Trigger struct {
	ID          string // 32 lower-case hex digits, Flink's triggerId
	JobUID      string
	Incarnation string
	FlinkJobID  string
	Stop        bool
	Directory   string // logical URI, one per trigger
	Attempt     int
	State       TriggerState
	Location    string
	Failure     string
	CreatedAt   time.Time
}

// TriggerState is open, complete or failed.
type TriggerState string

// The states of a trigger.
const (
	TriggerOpen     TriggerState = "open"
	TriggerComplete TriggerState = "complete"
	TriggerFailed   TriggerState = "failed"
)

// String is the gap as a line of text: "gap 0.41 s: savepoint 0.16, hand-over 0.01, …".
func (g Gap) String() string {
	parts := make([]string, 0, len(g.Parts))
	for _, p := range g.Parts {
		parts = append(parts, fmt.Sprintf("%s %.3f", p.Name, p.Took.Seconds()))
	}
	return fmt.Sprintf("gap %.2f s: %s", g.Total.Seconds(), strings.Join(parts, ", "))
}

// Part is how long the part of a name took; 0 if there is none.
func (g Gap) Part(name string) time.Duration {
	for _, p := range g.Parts {
		if p.Name == name {
			return p.Took
		}
	}
	return 0
}
