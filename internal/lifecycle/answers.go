package lifecycle

import (
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
	Restored    bool   // with Job: what Flink says it restored
	Trigger     string // what Flink says of this trigger
	Directory   string // complete savepoints below this folder
	Metadata    string // whether the savepoint at this URI is complete and readable
	Staged      bool   // what the stage step of this operation has made
	Restore     bool   // which savepoint is meant
	Leftovers   string // uid of a job: what its incarnations and its work data have left
}

// answers is what was seen. A nil part was not asked for.
type answers struct {
	Fresh       [2]string
	Ports       [2]int
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
}

// staged is what the stage step leaves for the next Look, under a name made of the operation's id.
type staged struct {
	Jar       cluster.Jar   `json:"jar"`
	Lib       []cluster.Jar `json:"lib,omitempty"`
	MainClass string        `json:"mainClass,omitempty"`
	Error     *failure      `json:"error,omitempty"`
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
