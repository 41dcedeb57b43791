package lifecycle

import (
	"time"

	"drey/internal/cluster"
)

// facts are what the steps of an operation know. They are written with each commit; every name in them was committed before it
// was used. One type for all kinds, since the kinds share steps.
type facts struct {
	Cluster string `json:"cluster"` // uid
	Job     string `json:"job"`     // uid
	Version int    `json:"version,omitempty"`
	Pool    string `json:"pool,omitempty"`   // uid, of an operation on a pool
	Target  string `json:"target,omitempty"` // of that pool

	// deletion of a resource group
	WithClusters bool      `json:"withClusters,omitempty"` // the pool's clusters are deleted too: it waits for them
	WithGroup    *groupKey `json:"withGroup,omitempty"`    // this group goes with the pool, after all others in it

	// launch
	Draft         bool   `json:"draft,omitempty"`         // the version has no digests yet
	SavePointName string `json:"savePointName,omitempty"` // as asked for; "" = none asked for
	Newest        bool   `json:"newest,omitempty"`        // without a name: the newest good savepoint
	Provable      string `json:"provable,omitempty"`      // without both: the newest provable state of this incarnation (R47)
	Chosen        bool   `json:"chosen,omitempty"`        // Restore is what it restores from
	Restore       string `json:"restore,omitempty"`       // URI; "" = starts empty
	FirstRun      bool   `json:"firstRun,omitempty"`      // this operation created the cluster
	AllowDropped  bool   `json:"allowDropped,omitempty"`  // state that no operator claims may be left behind

	Incarnation string    `json:"incarnation,omitempty"` // the one that is started
	FlinkJob    string    `json:"flinkJob,omitempty"`
	PortTries   int       `json:"portTries,omitempty"`
	PreparedAt  time.Time `json:"preparedAt,omitzero"`
	Released    bool      `json:"released,omitempty"`
	ReleasedAt  time.Time `json:"releasedAt,omitzero"`
	RunningAt   time.Time `json:"runningAt,omitzero"` // all its tasks run

	// savepoint
	Source      string    `json:"source,omitempty"` // the incarnation that lived when the operation was accepted; "" = none did
	SourceJob   string    `json:"sourceJob,omitempty"`
	Stop        bool      `json:"stop,omitempty"`
	Base        string    `json:"base,omitempty"` // folder below which each trigger gets its own
	Trigger     string    `json:"trigger,omitempty"`
	Directory   string    `json:"directory,omitempty"`
	Attempt     int       `json:"attempt,omitempty"`
	Asked       bool      `json:"asked,omitempty"`     // Flink was asked in the turn before
	Savepoint   string    `json:"savepoint,omitempty"` // URI of the complete one
	AcceptedAt  time.Time `json:"acceptedAt,omitzero"` // Flink has the trigger
	CompleteAt  time.Time `json:"completeAt,omitzero"` // when a complete savepoint was first seen while Flink still said "in progress"
	AwaitSince  time.Time `json:"awaitSince,omitzero"`
	Deep        bool      `json:"deep,omitempty"`        // await looks into the folder as well
	Uncommitted bool      `json:"uncommitted,omitempty"` // the job failed while stopping: some side effects may not be committed
	CancelSince time.Time `json:"cancelSince,omitzero"`

	// change: from one incarnation to the next
	Change     bool          `json:"change,omitempty"`
	Way        way           `json:"way,omitempty"`
	Was        cluster.Phase `json:"was,omitempty"`      // where the cluster was before
	Previous   int           `json:"previous,omitempty"` // the version before: what a failure goes back to
	Beside     bool          `json:"beside,omitempty"`   // the new one is held while the old one lives
	Handed     bool          `json:"handed,omitempty"`   // the old one gave way: there is no way back but a start
	HandedAt   time.Time     `json:"handedAt,omitzero"`
	LastSeen   int64         `json:"lastSeen,omitempty"`   // the checkpoint that was complete before the kill: nothing older may be taken (R47)
	KilledAt   time.Time     `json:"killedAt,omitzero"`    // when the old one was killed, at the earliest
	BackTo     string        `json:"backTo,omitempty"`     // the state the version before would be started from
	Checkpoint string        `json:"checkpoint,omitempty"` // id of the request for a checkpoint before the kill, or before a change in place
	AskedAt    time.Time     `json:"askedAt,omitzero"`     // rescale: when Flink was asked last
	Rescale    int           `json:"rescale,omitempty"`    // only the parallelism changes, to this, in place
	Prompt     string        `json:"prompt,omitempty"`     // trigger of the checkpoint with which Flink takes it over
	NoWayBack  string        `json:"noWayBack,omitempty"`  // why that is not known
	Returning  bool          `json:"returning,omitempty"`
	// Before is what was declared before a change that a PUT, PATCH or resize made: a failure restores it (R12).
	Before    *cluster.Properties `json:"before,omitempty"`
	Canonical bool                `json:"canonical,omitempty"` // the savepoint is for another line of Flink

	// recovery
	After    time.Time         `json:"after,omitzero"` // backoff: nothing is started before
	Attempts int               `json:"attempts,omitempty"`
	Budget   int               `json:"budget,omitempty"`
	Policy   Recovery          `json:"policy,omitzero"`
	Gone     map[string]string `json:"gone,omitempty"`     // registrations of the TaskManagers that are replaced
	Replaced int64             `json:"replaced,omitempty"` // generation of the replacement of TaskManagers

	// ending
	Failure *failure `json:"failure,omitempty"` // why the launch failed; told once the processes are proved dead
	Ending  *ending  `json:"ending,omitempty"`  // retire: how the job ended by itself
	Purge   []string `json:"purge,omitempty"`
}

// way is how a change ends the living incarnation.
type way string

// The ways. The zero value: nothing lives.
const (
	bySavepoint way = "savepoint" // stop with a savepoint: nothing is lost, nothing repeated
	byLast      way = "last"      // kill after a checkpoint: the shortest gap; outputs that are not transactional may repeat
	byNone      way = "none"      // kill, and start empty
)

// failure is an error kept until it can be told.
type failure struct {
	Code, Message, Hint string
	Excerpt             string          `json:",omitempty"`
	Details             []cluster.Fault `json:",omitempty"`
	Ended               bool            `json:",omitempty"` // of a new version: it cannot run on as it is
}

// ending is how a job ended without being asked to.
type ending struct {
	Phase  cluster.Phase
	Status string // FINISHED, FAILED, CANCELED, …
	Code   string
	Cause  string
	SeenAt time.Time
	Loop   bool `json:",omitempty"` // the budget is used up: no recovery
}

func (f failure) error() *cluster.Error {
	return &cluster.Error{Kind: cluster.Conflict, Code: f.Code, Message: f.Message, Hint: f.Hint, Details: f.Details}
}
