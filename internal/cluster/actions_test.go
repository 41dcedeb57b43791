package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// matrix is R24 as a whole, each cell by the code of its refusal; "-" is allowed.
// The columns are the standings below.
const matrix = `
NEW               JobAlreadyExists    JobAlreadyExists    JobAlreadyExists    JobAlreadyExists    JobAlreadyExists    JobAlreadyExists    JobAlreadyExists    JobAlreadyExists    ResourceBeingDeleted
START             JobAlreadyRunning   JobAlreadyRunning   JobAlreadyRunning   JobAlreadyRunning   -                   JobAlreadyFinished  -                   JobCanceled         ResourceBeingDeleted
STOP              JobNotRunning       -                   -                   -                   JobNotRunning       JobNotRunning       JobNotRunning       JobCanceled         ResourceBeingDeleted
UPDATE            JobNotRunning       -                   -                   JobNotRunning       -                   JobAlreadyFinished  -                   JobCanceled         ResourceBeingDeleted
STATELESS_UPDATE  JobNotRunning       -                   -                   JobNotRunning       -                   -                   -                   JobCanceled         ResourceBeingDeleted
LAST_STATE_UPDATE JobNotRunning       -                   -                   JobNotRunning       JobNotRunning       JobAlreadyFinished  -                   JobCanceled         ResourceBeingDeleted
RE_LAUNCH         JobNotFailed        -                   -                   JobNotFailed        JobNotFailed        -                   -                   JobCanceled         ResourceBeingDeleted
SAVEPOINT         JobNotRunning       -                   JobNotRunning       JobNotRunning       JobNotRunning       JobNotRunning       JobNotRunning       JobCanceled         ResourceBeingDeleted
LIST_SAVEPOINT    -                   -                   -                   -                   -                   -                   -                   -                   -
CANCEL            -                   -                   -                   -                   -                   JobAlreadyFinished  -                   JobCanceled         ResourceBeingDeleted
DELETE            -                   -                   -                   -                   -                   -                   -                   -                   -
`

var standings = []struct {
	name  string
	phase Phase
	job   Job
}{
	{"starting", Starting, Job{Name: "orders"}},
	{"running", Running, Job{Name: "orders", Status: JobRunning}},
	{"restarting", Running, Job{Name: "orders", Status: "RESTARTING"}},
	{"stopping", Stopping, Job{Name: "orders", Status: JobRunning}},
	{"stopped", Stopped, Job{Name: "orders", Status: JobStopped}},
	{"finished", Stopped, Job{Name: "orders", Status: JobFinished}},
	{"failed", Failed, Job{Name: "orders", Status: JobFailed}},
	{"canceled", Stopped, Job{Name: "orders", Status: JobCanceled, Canceled: true}},
	{"deleting", Deleting, Job{Name: "orders", Status: JobRunning}},
}

func cellOf(v Verdict, e *Error) string {
	switch {
	case e == nil && v != Deny:
		return "-"
	default:
		return e.Code
	}
}

func TestTheActionTable(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(matrix), "\n")
	if len(lines) != len(actions) {
		t.Fatalf("the table has %d actions, want %d", len(lines), len(actions))
	}
	for i, line := range lines {
		want := strings.Fields(line)
		if want[0] != string(actions[i]) {
			t.Fatalf("line %d is for %s, want %s", i, want[0], actions[i])
		}
		for c, s := range standings {
			verdict, e := Allowed(s.phase, s.job, ActiveOperation{}, actions[i])
			if got := cellOf(verdict, e); got != want[c+1] {
				t.Errorf("%s when %s: got %s, want %s", actions[i], s.name, got, want[c+1])
			}
			if e == nil {
				continue
			}
			if verdict != Deny || e.Kind != Conflict || e.Operation != "" || !strings.HasSuffix(e.Message, ".") {
				t.Errorf("%s when %s: got verdict %d, %+v", actions[i], s.name, verdict, e)
			}
		}
	}
}

func TestWhatNoActionIsSuperseding(t *testing.T) {
	t.Parallel()
	for _, a := range actions {
		verdict, e := Allowed(Running, standings[1].job, ActiveOperation{}, a)
		want := Go
		switch {
		case a == ActionListSavepoint:
			want = Same
		case e != nil:
			want = Deny
		}
		if verdict != want {
			t.Errorf("%s: got verdict %d, want %d", a, verdict, want)
		}
	}
}

func TestWhatSupersedesAnActiveOperation(t *testing.T) {
	t.Parallel()
	kinds := []string{KindCreate, KindStart, KindStop, KindSavepoint, KindUpdate, KindStatelessUpdate, KindLastStateUpdate, KindRelaunch,
		KindCancel, KindRecover, KindReplace, "job.retire"}
	const id = "0c5f7e4e-0000-4000-8000-000000000001"
	cancelEnds := []string{KindCreate, KindStart, KindUpdate, KindStatelessUpdate, KindLastStateUpdate, KindRelaunch, KindRecover, KindReplace}
	for _, kind := range kinds {
		for _, action := range actions {
			want := "AnotherOperationInProgress"
			switch {
			case action == ActionListSavepoint:
				want = "-"
			case action == ActionDelete:
				want = "-"
			case action == ActionNew:
				want = "JobAlreadyExists"
			case action == ActionCancel && strings.Contains(strings.Join(cancelEnds, " ")+" ", kind+" "):
				want = "-"
			case (action == ActionStatelessUpdate || action == ActionLastStateUpdate) && (kind == KindRecover || kind == KindReplace):
				want = "-"
			}
			verdict, e := Allowed(Running, standings[1].job, ActiveOperation{ID: id, Kind: kind}, action)
			if got := cellOf(verdict, e); got != want {
				t.Errorf("%s while %s is active: got %s, want %s", action, kind, got, want)
			}
			if e != nil && e.Code == "AnotherOperationInProgress" && e.Operation != id {
				t.Errorf("%s while %s is active: the operation is not named: %+v", action, kind, e)
			}
			if want == "-" && action != ActionListSavepoint && verdict != Supersede {
				t.Errorf("%s while %s is active: got verdict %d, want Supersede", action, kind, verdict)
			}
		}
	}
}

func TestInTheHealthGateWhatTakesTheNewVersionAsItIsEndsTheUpdate(t *testing.T) {
	t.Parallel()
	active := ActiveOperation{ID: "1", Kind: KindUpdate, Gate: true}
	want := map[Action]Verdict{ActionSavepoint: Accept, ActionStop: Accept, ActionCancel: Accept, ActionDelete: Accept, ActionListSavepoint: Same}
	for _, a := range actions {
		if v, _ := Allowed(Running, standings[1].job, active, a); v != want[a] {
			t.Errorf("%s in the gate: got verdict %d, want %d", a, v, want[a])
		}
	}
}

func TestASecondDeleteIsTheFirst(t *testing.T) {
	t.Parallel()
	active := ActiveOperation{ID: "1", Kind: KindDelete}
	if v, e := Allowed(Deleting, Job{}, active, ActionDelete); v != Join || e != nil {
		t.Errorf("got %d, %v, want Join", v, e)
	}
	if v, e := Allowed(Deleting, Job{}, ActiveOperation{}, ActionDelete); v != Go || e != nil {
		t.Errorf("a delete that ended before its cluster was gone: got %d, %v, want Go", v, e)
	}
	if _, e := Allowed(Deleting, Job{}, active, ActionStop); e == nil || e.Code != "ResourceBeingDeleted" || e.Operation != "1" {
		t.Errorf("got %+v, want ResourceBeingDeleted with the operation", e)
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		standing int
		action   Action
		message  string
		hint     string
	}{
		"NEW":                         {1, ActionNew, "The job came with the cluster; use START, UPDATE or RE_LAUNCH.", ""},
		"STOP of a stopped one":       {4, ActionStop, "orders is Stopped: there is no running job to stop.", ""},
		"START of a running one":      {1, ActionStart, "orders is running already.", ""},
		"RE_LAUNCH of a stopped one":  {4, ActionRelaunch, "orders is Stopped.", "use START"},
		"last state of a stopped one": {4, ActionLastStateUpdate, "orders is Stopped: its newest state is its savepoint.", "use UPDATE"},
		"anything of a canceled one":  {7, ActionStart, "orders was canceled for good.", "LIST_SAVEPOINT and DELETE are left; a new cluster can start from its savepoints"},
		"UPDATE of a stopping one":    {3, ActionUpdate, "orders is stopping, and the outcome is not known yet.", "wait for it, use STOP again, or CANCEL"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			_, e := Allowed(standings[tt.standing].phase, standings[tt.standing].job, ActiveOperation{}, tt.action)
			if e == nil || e.Message != tt.message || e.Hint != tt.hint {
				t.Errorf("got %+v, want %q, hint %q", e, tt.message, tt.hint)
			}
		})
	}
}

func TestActionsHaveNoCase(t *testing.T) {
	t.Parallel()
	for _, a := range actions {
		if got, fault := ParseAction(strings.ToLower(string(a))); got != a || fault != nil {
			t.Errorf("%s: got %q, %+v", a, got, fault)
		}
	}
	for _, s := range []string{"", "STOPP", "STOP ", "\x00"} {
		if got, fault := ParseAction(s); fault == nil || fault.Code != "InvalidAction" || fault.Target != "properties.action" {
			t.Errorf("%q: got %q, %+v, want InvalidAction", s, got, fault)
		}
	}
}

func TestPhases(t *testing.T) {
	t.Parallel()
	all := []Phase{Starting, Running, Stopping, Stopped, Failed, Deleting}
	var got []string
	for _, p := range all {
		for _, q := range all {
			if p.CanBecome(q) && p != q {
				got = append(got, fmt.Sprintf("%s>%s", p, q))
			}
		}
		if !p.CanBecome(p) {
			t.Errorf("%s may not stay", p)
		}
	}
	const want = "Starting>Running Starting>Stopped Starting>Failed Starting>Deleting " +
		"Running>Starting Running>Stopping Running>Stopped Running>Failed Running>Deleting " +
		"Stopping>Running Stopping>Stopped Stopping>Failed Stopping>Deleting Stopped>Starting Stopped>Deleting " +
		"Failed>Starting Failed>Stopped Failed>Deleting"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}
