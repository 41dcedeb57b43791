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

	// launch
	Draft         bool   `json:"draft,omitempty"`         // the version has no digests yet
	SavePointName string `json:"savePointName,omitempty"` // as asked for; "" = none asked for
	Newest        bool   `json:"newest,omitempty"`        // without a name: the newest good savepoint
	Restore       string `json:"restore,omitempty"`       // URI it restores from; "" = starts empty
	FirstRun      bool   `json:"firstRun,omitempty"`      // this operation created the cluster

	Incarnation string `json:"incarnation,omitempty"`
	FlinkJob    string `json:"flinkJob,omitempty"`
	PortTries   int    `json:"portTries,omitempty"`

	// savepoint
	Stop        bool      `json:"stop,omitempty"`
	Base        string    `json:"base,omitempty"` // folder below which each trigger gets its own
	Trigger     string    `json:"trigger,omitempty"`
	Directory   string    `json:"directory,omitempty"`
	Attempt     int       `json:"attempt,omitempty"`
	Savepoint   string    `json:"savepoint,omitempty"` // URI of the complete one
	CompleteAt  time.Time `json:"completeAt,omitzero"` // when a complete savepoint was first seen while Flink still said "in progress"
	AwaitSince  time.Time `json:"awaitSince,omitzero"`
	Deep        bool      `json:"deep,omitempty"`        // await looks into the folder as well
	Uncommitted bool      `json:"uncommitted,omitempty"` // the job failed while stopping: some side effects may not be committed
	CancelSince time.Time `json:"cancelSince,omitzero"`

	// ending
	Failure *failure `json:"failure,omitempty"` // why the launch failed; told once the processes are proved dead
	Ending  *ending  `json:"ending,omitempty"`  // retire: how the job ended by itself
	Purge   []string `json:"purge,omitempty"`
}

// failure is an error kept until it can be told.
type failure struct {
	Code, Message, Hint string
	Excerpt             string `json:",omitempty"`
}

// ending is how a job ended without being asked to.
type ending struct {
	Phase  cluster.Phase
	Status string // FINISHED, FAILED, CANCELED, …
	Code   string
	Cause  string
}

func (f failure) error() *cluster.Error {
	return &cluster.Error{Kind: cluster.Conflict, Code: f.Code, Message: f.Message, Hint: f.Hint}
}
