package fake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"drey/internal/flink"
)

// Key is the key of a job's configuration that says how its simulation behaves: [ParseBehaviour].
const Key = flink.KeySimulated

// Behaviour is how long the things of a JobManager take, and what goes wrong.
type Behaviour struct {
	Boot     time.Duration // from the start of the process to a gate that holds
	Submit   time.Duration // from the order to a submitted job: main()
	Schedule time.Duration // from submitted, or restarting, to running tasks
	Snapshot time.Duration // of a checkpoint or a savepoint
	Finish   time.Duration // from a stop's complete savepoint, or from a cancel, to the end of the job
	Restart  time.Duration // from a failure to the next attempt
	Latency  time.Duration // of one answer
	Run      time.Duration // until a bounded job is FINISHED, or Trouble shows itself in a running one; 0: at once, or never FINISHED

	// EndsUnseen lets a stopped job end right after it was last seen RUNNING: the worst moment for who asks for one thing after the other.
	EndsUnseen bool

	Trouble   Trouble
	Operators []string // uids of the job's operators, the first of which holds the state; none: "counter"
}

// Trouble is what goes wrong.
type Trouble string

// The troubles there are.
const (
	None         Trouble = ""
	ThrowsInMain Trouble = "main"       // main() throws
	Exits        Trouble = "exit"       // main() calls System.exit(42)
	NoExecute    Trouble = "no-job"     // main() returns without a job
	OutOfMemory  Trouble = "memory"     // the JobManager runs out of memory
	NoRestore    Trouble = "restore"    // the state cannot be restored
	Loops        Trouble = "loop"       // the tasks fail again and again
	LoopsLate    Trouble = "late-loop"  // the same, after the first checkpoint
	Fails        Trouble = "fail"       // the job is FAILED
	NoCheckpoint Trouble = "checkpoint" // no checkpoint comes to be
	NoSavepoint  Trouble = "savepoint"  // no savepoint comes to be
	HangsClosing Trouble = "close"      // the tasks do not end after a stop's savepoint
	Forgets      Trouble = "forget"     // what is asked for in the background is done, and then not known
	Lies         Trouble = "lie"        // a savepoint is said to be complete, and is not there
	Tears        Trouble = "torn"       // a savepoint is said to be complete, and its _metadata ends in the middle
	Empties      Trouble = "empty"      // a savepoint is said to be complete, and the file with its state is empty
)

// troubles tells what a trouble does, for messages.
var troubles = []Trouble{ThrowsInMain, Exits, NoExecute, OutOfMemory, NoRestore, Loops, LoopsLate, Fails, NoCheckpoint, NoSavepoint, HangsClosing, Forgets, Lies,
	Tears, Empties}

// Quick is a Flink much faster than any, for tests of what clients see.
var Quick = Behaviour{
	Boot: 20 * time.Millisecond, Submit: 5 * time.Millisecond, Schedule: 20 * time.Millisecond, Snapshot: 20 * time.Millisecond,
	Finish: 10 * time.Millisecond, Restart: 100 * time.Millisecond,
}

// All is a Behaviour in which every step takes d.
func All(d time.Duration) Behaviour {
	return Behaviour{Boot: d, Submit: d, Schedule: d, Snapshot: d, Finish: d, Restart: d}
}

// durations are the names of a Behaviour's times.
func (b *Behaviour) durations() map[string]*time.Duration {
	return map[string]*time.Duration{
		"boot": &b.Boot, "submit": &b.Submit, "schedule": &b.Schedule, "snapshot": &b.Snapshot, "finish": &b.Finish, "restart": &b.Restart,
		"latency": &b.Latency, "run": &b.Run,
	}
}

// ParseBehaviour changes a Behaviour as a text says, for example "snapshot=2s,trouble=close,operators=source+count".
func ParseBehaviour(b Behaviour, text string) (Behaviour, error) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch at, isTime := b.durations()[name]; {
		case part == "":
		case isTime:
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 || d > time.Hour {
				return b, fmt.Errorf("%s: %s is %q, and must be a time of at most one hour, for example 200ms", Key, name, value)
			}
			*at = d
		case name == "trouble":
			if b.Trouble = Trouble(value); !slices.Contains(troubles, b.Trouble) {
				return b, fmt.Errorf("%s: there is no trouble %q, but %v", Key, value, troubles)
			}
		case name == "operators":
			b.Operators = strings.Split(value, "+")
		default:
			known := append(slices.Sorted(maps.Keys(b.durations())), "trouble", "operators")
			return b, fmt.Errorf("%s: there is no %q, but %s", Key, name, strings.Join(known, ", "))
		}
	}
	return b, nil
}
