package lifecycle

import (
	"fmt"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// questions is the closed set of what a step may ask about the world. Looking only reads.
type questions struct {
	Fresh       bool   // two fresh ids, and the range of ports to take from
	Incarnation string // one incarnation: its row, its processes; and why it ended, if it did
	Living      string // uid of a job: every incarnation of it that is not proved dead
	Job         bool   // what Flink says of the job of Incarnation
	Brief       bool   // with Job: its state is enough
	Restored    bool   // with Job: what Flink says it restored
	Trigger     string // what Flink says of this trigger
	Directory   string // complete savepoints below this folder
	Metadata    string // whether the savepoint at this URI is complete and readable
	Staged      bool   // what the stage step of this operation has made
	Restore     bool   // which savepoint is meant
	Leftovers   string // uid of a job: what its incarnations and its work data have left
	Other       string // a second incarnation: its processes, and why one ended
	Parse       bool   // with Trigger: whether the metadata of the savepoint it speaks of parses
	Checkpoint  string // what Flink says of this trigger of a checkpoint
	Room        bool   // memory for a second set of processes beside the running one
	Preflight   bool   // what the rehearsal of Incarnation found, against the newest state
	Own         string // Flink's id of a job: complete checkpoints of its own
	Health      bool   // of the job of Incarnation, for the health gate
	Registered  bool   // the TaskManagers that Flink knows of Incarnation
	Rescale     bool   // the parallelism of the job of Incarnation, vertex by vertex, beside what is wanted
	Reach       string // whether this target answers
	Nested      bool   // what is in the way of the deletion of a pool
	Timing      bool   // when the job of Incarnation was submitted, scheduled, restored
}

// answers is what was seen. A nil part was not asked for.
type answers struct {
	Fresh       [2]string
	Ports       map[string][2]int // of each target
	Row         *cluster.Incarnation
	Incarnation *runtime.Status
	Diagnosis   *flink.Diagnosis // why a process of Incarnation ended, or main() failed; nil if none did
	Living      []living
	Job         *jobAnswer
	Trigger     *triggerAnswer
	Directory   []string // URIs
	Metadata    *metadataAnswer
	Staged      *staged
	Restore     *restoreAnswer
	Leftovers   *leftovers
	Other       *runtime.Status
	// OtherDiagnosis is why a process of Other ended; nil if none did.
	OtherDiagnosis *flink.Diagnosis
	Parsed         *string // "", or what is wrong with the metadata
	Checkpoint     checkpointAnswer
	Room           *roomAnswer
	Preflight      *preflightAnswer
	Own            []string // URIs
	Health         *health
	Registered     map[string]string // address by resource id; nil if Flink did not answer
	Rescale        *rescaleAnswer
	Timing         *flink.Timing
	Reach          string         // who the target is
	Nested         []string       // ARM ids, some of them
	Stuck          *cluster.Error // why one of them will not go
}

// checkpointAnswer is what the JobManager says of a checkpoint that was asked for. The zero value: it does not know it.
type checkpointAnswer struct {
	Unreachable bool
	InProgress  bool
	ID          int64
	Failure     string
}

// roomAnswer says whether a second set of processes fits beside the first.
type roomAnswer struct {
	Cold   string // why not; "" if it does
	NeedMB int64
	Fit    runtime.Fit
}

// free says what is free, in words.
func (r roomAnswer) free() string {
	if !r.Fit.Known {
		return "how much is free is not known"
	}
	return fmt.Sprintf("%d MB are free", r.Fit.FreeMB)
}

// preflightAnswer is what a rehearsal found.
type preflightAnswer struct {
	Skipped  string // why there is nothing to compare; "" if there is
	Failure  *flink.Diagnosis
	NoJob    bool // main() ended without execute()
	Against  string
	Graph    []cluster.Operator
	Scalable []string // ids of vertices
	Findings []flink.PreflightFinding
}

// leftovers is what a job to be deleted has left.
type leftovers struct {
	Incarnations []string // ids with a row
	Forgotten    bool     // nothing is left but what stays on purpose
	Kept         string   // a line that names what stays
}

// living is an incarnation that is not proved dead in our books, as seen.
type living struct {
	Row    cluster.Incarnation
	Status runtime.Status
}

// jobAnswer is what the JobManager says of the job.
type jobAnswer struct {
	Unreachable bool
	Unknown     bool // it does not know the job
	State       flink.JobState
	AllRunning  bool
	Restored    string // with Restored asked: URI of the restored snapshot, "" = none
	HasRestored bool
	Failure     *flink.Diagnosis // of a FAILED job
}

// triggerAnswer is what the JobManager says of a trigger.
type triggerAnswer struct {
	Unreachable bool
	Unknown     bool
	InProgress  bool
	Location    string
	Failure     string // one line
	Written     string // with Failure: the complete savepoint that was written all the same
}

// metadataAnswer is what a savepoint's files say.
type metadataAnswer struct {
	Problem      string // "" = complete
	CheckpointID int64
	Bytes        int64
	Format       int // of its _metadata: a line of Flink reads its own and those before
}

// staged is what the stage step leaves for the next Look, under a name made of the operation's id.
type staged struct {
	Jar       cluster.Jar   `json:"jar"`
	Lib       []cluster.Jar `json:"lib,omitempty"`
	MainClass string        `json:"mainClass,omitempty"`
	Error     *failure      `json:"error,omitempty"`
	SameAs    int           `json:"-"` // of a change: the version that has the same content; 0 if none has
	Rescale   int           `json:"-"` // of a change: nothing but the parallelism differs, and it can be changed in place
}

// restoreAnswer says which savepoint is meant.
type restoreAnswer struct {
	URI     string // "" = none
	Problem *failure
}

// process finds the state of one process of the incarnation that was asked for.
func (a answers) process(role runtime.Role, index int) runtime.ProcessStatus {
	if a.Incarnation == nil {
		return runtime.ProcessStatus{ProcessID: runtime.ProcessID{Role: role, Index: index}, State: runtime.Unknown}
	}
	return a.Incarnation.Process(runtime.ProcessID{Role: role, Index: index})
}

// jobManager is the JobManager's process.
func (a answers) jobManager() runtime.ProcessStatus { return a.process(runtime.JobManager, 0) }
