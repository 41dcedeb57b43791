package cluster

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of operations on a job that the rules must tell apart.
const (
	KindCreate          = "cluster.create"
	KindStart           = "job.start"
	KindStop            = "job.stop"
	KindSavepoint       = "job.savepoint"
	KindUpdate          = "job.update"
	KindStatelessUpdate = "job.stateless-update"
	KindLastStateUpdate = "job.last-state-update"
	KindRelaunch        = "job.relaunch"
	KindCancel          = "job.cancel"
	KindDelete          = "cluster.delete"
	KindRecover         = "job.recover"
	KindReplace         = "job.replace"
)

// ActiveOperation is the Active operation of a job. The zero value is none.
type ActiveOperation struct {
	ID, Kind, Lane string
	Gate           bool // it is an update in its health gate: the new version runs already
}

// Verdict says what becomes of an allowed action.
type Verdict int

// The verdicts.
const (
	Deny      Verdict = iota // with an Error
	Go                       // a new operation becomes Active
	Supersede                // a new operation waits for the Active one, which ends Canceled
	Same                     // nothing to do: an operation born Succeeded
	Join                     // the Active operation does just this: it is the answer
	Accept                   // the Active operation, in its health gate, ends Succeeded; a new one becomes Active
)

// actions lists every action in the order of the published API.
var actions = []Action{
	ActionNew, ActionStart, ActionStop, ActionUpdate, ActionStatelessUpdate, ActionLastStateUpdate,
	ActionRelaunch, ActionSavepoint, ActionListSavepoint, ActionCancel, ActionDelete,
}

// ParseAction finds an action without regard to case.
func ParseAction(s string) (Action, *Fault) {
	for _, a := range actions {
		if strings.EqualFold(s, string(a)) {
			return a, nil
		}
	}
	if s == "" {
		return "", &Fault{Code: "InvalidAction", Target: "properties.action", Message: "The action is missing."}
	}
	names := make([]string, len(actions))
	for i, a := range actions {
		names[i] = string(a)
	}
	return "", &Fault{Code: "InvalidAction", Target: "properties.action", Message: fmt.Sprintf("There is no action %q.", clip(s, 64)),
		Hint: "one of " + strings.Join(names, ", ")}
}

// standing is where a job is, as the action table sees it: a phase, with Stopped told apart by why, and Running by how.
type standing string

const (
	isStarting   standing = "Starting"
	isRunning    standing = "Running"
	isRestarting standing = "Restarting" // phase Running, the job between two attempts
	isStopping   standing = "Stopping"   // a stop whose outcome is not known yet
	isStopped    standing = "Stopped"
	isFinished   standing = "Finished" // phase Stopped: the job ended by itself
	isFailed     standing = "Failed"
)

func standingOf(phase Phase, job Job) standing {
	switch {
	case phase == Running && job.Status == "RESTARTING":
		return isRestarting
	case phase == Stopped && job.Status == JobFinished:
		return isFinished
	default:
		return standing(phase)
	}
}

// refusal is a cell of the action table that says no. Its message follows the job's name.
type refusal struct{ code, message, hint string }

// table is R24: each action with the standings that refuse it. A standing that is not listed allows it. NEW, LIST_SAVEPOINT, DELETE,
// canceled jobs and deleting clusters are decided before it.
var table = map[Action]map[standing]refusal{
	ActionStart: {
		isStarting:   {"JobAlreadyRunning", "is starting already", ""},
		isRunning:    {"JobAlreadyRunning", "is running already", ""},
		isRestarting: {"JobAlreadyRunning", "is running already, Flink is restarting it", ""},
		isStopping:   {"JobAlreadyRunning", "is stopping, and the outcome is not known yet", "wait for it, use STOP again, or CANCEL"},
		isFinished:   {"JobAlreadyFinished", "has finished", "use RE_LAUNCH or STATELESS_UPDATE to run it again"},
	},
	ActionStop: {
		isStarting: {"JobNotRunning", "is Starting: there is no running job to stop", "use CANCEL to give up the start"},
		isStopped:  {"JobNotRunning", "is Stopped: there is no running job to stop", ""},
		isFinished: {"JobNotRunning", "has finished: there is no running job to stop", ""},
		isFailed:   {"JobNotRunning", "is Failed: there is no running job to stop", "use START or RE_LAUNCH to run it again"},
	},
	ActionUpdate: {
		isStarting: {"JobNotRunning", "is starting", "wait until it runs"},
		isStopping: {"JobNotRunning", "is stopping, and the outcome is not known yet", "wait for it, use STOP again, or CANCEL"},
		isFinished: {"JobAlreadyFinished", "has finished", "use RE_LAUNCH or STATELESS_UPDATE to run it again"},
	},
	ActionStatelessUpdate: {
		isStarting: {"JobNotRunning", "is starting", "wait until it runs"},
		isStopping: {"JobNotRunning", "is stopping, and the outcome is not known yet", "wait for it, use STOP again, or CANCEL"},
	},
	ActionLastStateUpdate: {
		isStarting: {"JobNotRunning", "is starting", "wait until it runs"},
		isStopping: {"JobNotRunning", "is stopping, and the outcome is not known yet", "wait for it, use STOP again, or CANCEL"},
		isStopped:  {"JobNotRunning", "is Stopped: its newest state is its savepoint", "use UPDATE"},
		isFinished: {"JobAlreadyFinished", "has finished", "use RE_LAUNCH or STATELESS_UPDATE to run it again"},
	},
	ActionRelaunch: {
		isStarting: {"JobNotFailed", "is starting", "wait until it runs"},
		isStopping: {"JobNotFailed", "is stopping, and the outcome is not known yet", "wait for it, use STOP again, or CANCEL"},
		isStopped:  {"JobNotFailed", "is Stopped", "use START"},
	},
	ActionSavepoint: {
		isStarting:   {"JobNotRunning", "is Starting: there is no running job to take a savepoint of", "wait until it runs"},
		isRestarting: {"JobNotRunning", "is being restarted by Flink: no savepoint can be taken now", "try again when it is RUNNING"},
		isStopping:   {"JobNotRunning", "is stopping, and the outcome is not known yet", "wait for it, use STOP again, or CANCEL"},
		isStopped:    {"JobNotRunning", "is Stopped: there is no running job to take a savepoint of", ""},
		isFinished:   {"JobNotRunning", "has finished: there is no running job to take a savepoint of", ""},
		isFailed:     {"JobNotRunning", "is Failed: there is no running job to take a savepoint of", ""},
	},
	ActionCancel: {
		isFinished: {"JobAlreadyFinished", "has finished: there is nothing to cancel", ""},
	},
}

// supersedes lists, for each action, the kinds of Active operations that it ends. DELETE ends all.
var supersedes = map[Action][]string{
	ActionCancel:          {KindCreate, KindStart, KindUpdate, KindStatelessUpdate, KindLastStateUpdate, KindRelaunch, KindRecover, KindReplace},
	ActionStatelessUpdate: {KindRecover, KindReplace},
	ActionLastStateUpdate: {KindRecover, KindReplace},
}

// Updates reports whether a kind brings up a new incarnation in place of one that may live, with a health gate at its end.
func Updates(kind string) bool {
	return slices.Contains([]string{KindUpdate, KindStatelessUpdate, KindLastStateUpdate, KindRelaunch}, kind)
}

// accepts lists the actions that, asked for during a health gate, accept the new version (R28).
var accepts = []Action{ActionSavepoint, ActionStop, ActionCancel, ActionDelete}

// Allowed decides whether action may be done now, and how (R24). The Error is nil unless the verdict is Deny.
func Allowed(phase Phase, job Job, active ActiveOperation, action Action) (Verdict, *Error) {
	deleting := phase == Deleting || active.Kind == KindDelete
	switch {
	case action == ActionListSavepoint:
		return Same, nil
	case action == ActionDelete && active.Kind == KindDelete:
		return Join, nil
	case active.Gate && slices.Contains(accepts, action):
		return Accept, nil
	case action == ActionDelete:
		return over(active), nil
	case deleting:
		return Deny, conflict(active.ID, "ResourceBeingDeleted", "The cluster is being deleted.")
	case action == ActionNew:
		return Deny, conflict("", "JobAlreadyExists", "The job came with the cluster; use START, UPDATE or RE_LAUNCH.")
	case job.Canceled:
		return Deny, conflict("", "JobCanceled", "%s was canceled for good.", job.Name).
			WithHint("LIST_SAVEPOINT and DELETE are left; a new cluster can start from its savepoints")
	case active.ID != "" && !slices.Contains(supersedes[action], active.Kind):
		return Deny, conflict(active.ID, "AnotherOperationInProgress", "Another operation (%s) is in progress.", active.Kind).
			WithHint("wait for operation %s", active.ID)
	}
	if active.ID == "" {
		if r, refused := table[action][standingOf(phase, job)]; refused {
			return Deny, conflict("", r.code, "%s %s.", job.Name, r.message).WithHint("%s", r.hint)
		}
	}
	return over(active), nil
}

// over is Go, or Supersede if something is Active.
func over(active ActiveOperation) Verdict {
	if active.ID != "" {
		return Supersede
	}
	return Go
}

func conflict(operation, code, format string, args ...any) *Error {
	e := Errorf(Conflict, code, "", format, args...)
	e.Operation = operation
	return e
}
