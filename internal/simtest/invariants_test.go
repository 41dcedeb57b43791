package simtest

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/runtime"
	"drey/internal/store"
)

// The invariants of starts, runs and effects, each by its number. The judge is locked.

// atMostOneRuns is I1: at any moment at most one incarnation of a job runs its operators.
func atMostOneRuns(j *judge, l *life, others []fake.Run) {
	for _, other := range others {
		if before := j.lives[other.Job]; other.Over.IsZero() && before != nil && before.JobUID == l.JobUID {
			j.violate("I1", "%s: job %.8s counts while job %.8s does", l.cluster.Ref.Name, l.FlinkJobID, other.Job)
		}
	}
}

// oneMayRun is I1 in the books.
func oneMayRun(j *judge, rows []cluster.Incarnation) {
	may := map[string]string{}
	for _, inc := range rows {
		if inc.Phase != cluster.Releasing && inc.Phase != cluster.Live {
			continue
		}
		if may[inc.JobUID] != "" {
			j.violate("I1", "incarnations %s and %s of one job may run", may[inc.JobUID], inc.ID)
		}
		may[inc.JobUID] = inc.ID
	}
}

// successorOnlyAfter is I2: an incarnation is released after the one before it is Quiet or dead; it was made Releasing first.
func successorOnlyAfter(j *judge, l *life, counting map[string]bool) {
	if l.Phase != cluster.Releasing && l.Phase != cluster.Live {
		j.violate("I2", "incarnation %.8s is released, and is %s in the books", l.ID, l.Phase)
	}
	for _, other := range l.others {
		if other.ID == l.ID {
			continue
		}
		if other.Phase == cluster.Releasing || other.Phase == cluster.Live {
			j.violate("I2", "incarnation %.8s is released while %.8s is %s", l.ID, other.ID, other.Phase)
		}
		if counting[other.FlinkJobID] {
			j.violate("I2", "incarnation %.8s is released while %.8s still counts", l.ID, other.ID)
		}
	}
}

// ordersItsSource is I3 at the gate: the order says what the books say.
func ordersItsSource(j *judge, l *life) {
	if l.order.RestorePath != l.Restore || l.order.JobID != l.FlinkJobID {
		j.violate("I3", "incarnation %.8s is told to restore %q as job %s; the books say %q, %s", l.ID, l.order.RestorePath, l.order.JobID, l.Restore, l.FlinkJobID)
	}
	if before := j.released[runtime.IncarnationID(l.ID)]; before != nil && before.order != l.order {
		j.violate("I3", "incarnation %.8s is given two orders", l.ID)
	}
}

// restoresItsSource is I3: a new incarnation begins with exactly the recorded state.
func restoresItsSource(j *judge, l *life, run fake.Run) {
	want, ok := j.p.countAt(l.Restore)
	if !ok {
		want = -1
	}
	if run.From != want {
		j.violate("I3", "%s: job %.8s counts from %d, and its source %q holds %d", l.cluster.Ref.Name, run.Job, run.From, l.Restore, want)
	}
	switch empty := l.Restore == ""; {
	case l.op.Kind == cluster.KindStatelessUpdate && !l.facts.Returning && !empty:
		j.violate("I3", "a stateless update starts from %s", l.Restore)
	case l.op.Kind == cluster.KindCreate && l.facts.SavePointName == "" && !empty:
		j.violate("I3", "a new cluster starts from %s", l.Restore)
	}
}

// terminalNeverStarts is I8: what was canceled never starts again, and nothing starts without an operation.
func terminalNeverStarts(j *judge, l *life) {
	if canceled := l.job.Canceled || j.canceled[l.JobUID]; canceled || l.op.ID == "" {
		j.violate("I8", "incarnation %.8s is released; canceled: %v, operation: %q", l.ID, canceled, l.op.ID)
	}
}

// unreachableIsNotDead is I21: no incarnation that runs is ended because it cannot be seen; somebody asked for it, or it was lost.
func unreachableIsNotDead(j *judge, s start, e effect, seen runtime.Status, counting map[string]bool) {
	jm := seen.Process(runtime.ProcessID{Role: runtime.JobManager})
	asked := s.op.ID != "" && (s.op.Lane == store.CallerLane || s.op.Kind == cluster.KindReplace || factsOf(s.op).Incarnation == s.ID)
	if counting[s.FlinkJobID] && jm.State == runtime.Alive && !asked && !j.hurts[e.Incarnation] {
		j.violate("I21", "%s: %.8s is ended while it runs, by %q", s.cluster.Ref.Name, e.Incarnation, s.op.Kind)
	}
}

// deposedDoesNothing is I23: once another server owns the target, this one has no effect; but for what it had begun when it was stopped, and
// for what nobody can need any more, the TaskManagers of a JobManager that ended.
func deposedDoesNothing(j *judge, s *server, e effect, seen runtime.Status) {
	mine, ok := j.epochs[s]
	jm := seen.Process(runtime.ProcessID{Role: runtime.JobManager})
	if ok && mine < j.newest && !s.seam.isFrozen() && (e.What != "Kill" || jm.State != runtime.Exited) {
		j.violate("I23", "server %d does %s while server %d owns the target", mine, e.What, j.newest)
	}
}

// asksWhoItMeans is I20: a request that changes something names the job that only this incarnation has.
func asksWhoItMeans(j *judge, s start, e effect) {
	if !strings.Contains(e.Path, "/jobs/"+s.FlinkJobID) {
		j.violate("I20", "%s is sent to incarnation %.8s, whose job is %s", e.Path, s.ID, s.FlinkJobID)
	}
}

// oneTokenForOneStep is I14: no effect is asked for twice under different names, and every name is in the books first.
func oneTokenForOneStep(j *judge, s start, e effect) {
	if e.What != "stop" && e.What != "savepoints" {
		return
	}
	var asked struct {
		TriggerID string `json:"triggerId"`
		Directory string `json:"target-directory"`
		StopTo    string `json:"targetDirectory"`
	}
	_ = json.Unmarshal(e.Body, &asked)
	var t cluster.Trigger
	j.p.books.read(func(tx *store.Tx) error {
		t, _ = tx.Trigger(asked.TriggerID)
		return nil
	})
	if t.Incarnation != s.ID || t.Directory != asked.Directory+asked.StopTo || path.Base(t.Directory) != t.ID {
		j.violate("I14", "trigger %s is sent to %.8s; the books say %+v", asked.TriggerID, s.ID, t)
	}
	step := fmt.Sprintf("%s %s %d %v", s.op.ID, s.ID, t.Attempt, t.Stop)
	if before := j.triggers[step]; before != "" && before != t.ID {
		j.violate("I14", "%s is asked for as %s and as %s", step, before, t.ID)
	}
	j.triggers[step] = t.ID
}

// outageDisturbsNoJob is I22: a job that nobody works on and nothing happened to runs on while there is no server.
func outageDisturbsNoJob(j *judge) {
	counting := j.p.ledger.counting()
	busy := map[string]bool{}
	for _, op := range j.open {
		busy[op.Subject] = true
	}
	for job := range j.before {
		l := j.lives[job]
		if l == nil || counting[job] || l.troubled || busy[l.JobUID] || j.hurts[runtime.IncarnationID(l.ID)] {
			continue
		}
		st, found := j.p.books.start(l.ID)
		if found && st.Phase == cluster.Live && st.op.ID == "" && len(st.others) > 0 && st.others[0].ID == l.ID {
			j.violate("I22", "%s: job %.8s ended while there was no server", l.cluster.Ref.Name, job)
		}
	}
	j.before = nil
}

// oneOperationEach is I12: at most one operation works on a cluster.
func oneOperationEach(j *judge, open []store.Operation) {
	active := map[string]string{}
	for _, op := range open {
		if op.State == store.Active && active[op.Subject] != "" {
			j.violate("I12", "operations %s and %s work on %s", active[op.Subject], op.ID, op.ResourceID)
		}
		active[op.Subject] = op.ID
	}
}

// everyOperationEnds is I9: by its deadline and 60 s.
func everyOperationEnds(j *judge, open []store.Operation) {
	for _, op := range open {
		if late := time.Since(op.Deadline); !op.Deadline.IsZero() && late > time.Minute {
			j.violate("I9", "%s %s is %v over its deadline, at %s", op.Kind, op.ID, late, op.Step)
		}
	}
}

// terminalNeverChanges is I16; and I10, as far as one operation tells: one that failed says why.
func terminalNeverChanges(j *judge, op store.Operation) {
	before, seen := j.ended[op.ID]
	if !seen {
		j.ended[op.ID] = op
		j.p.counts.Operations[op.Kind+" "+string(op.Outcome)]++
		if op.Outcome == store.FailedOp && (op.Error == nil || op.Error.Code == "" || op.Error.Code == "InternalError") {
			j.violate("I10", "%s %s failed, and says %+v", op.Kind, op.ID, op.Error)
		}
		return
	}
	if before.Outcome != op.Outcome || !before.EndedAt.Equal(op.EndedAt) || before.Turn != op.Turn {
		j.violate("I16", "%s %s was %s at %v, and is %s at %v", op.Kind, op.ID, before.Outcome, before.EndedAt, op.Outcome, op.EndedAt)
	}
}

// acknowledgedIsComplete is I6: each savepoint that is called complete can be read to its last file; and I5 at the end: it stays.
func acknowledgedIsComplete(j *judge, all []cluster.Savepoint) {
	for _, s := range all {
		if !s.Complete || j.checked[s.ID] {
			continue
		}
		j.checked[s.ID] = true
		if _, ok := j.p.countAt(s.URI); !ok && !j.p.storageIsGone() {
			j.violate("I6", "savepoint %s is called complete, and cannot be read", s.URI)
		}
	}
}

// deletedIsGone is I30: nothing of a deleted cluster runs, or is in the books but as history.
func deletedIsGone(j *judge, op store.Operation) {
	for id, l := range j.released {
		if l.cluster.UID != op.ClusterUID {
			continue
		}
		if seen, _ := j.p.runtime.Observe(j.p.Context(), id); !seen.Dead {
			j.violate("I30", "%s is deleted, and incarnation %.8s is not dead", l.cluster.Ref.Name, id)
		}
	}
	j.p.books.read(func(tx *store.Tx) error {
		all, err := tx.Clusters(poolOf(tx), "", 100)
		if slices.ContainsFunc(all, func(c cluster.Cluster) bool { return c.UID == op.ClusterUID }) {
			j.violate("I30", "cluster %s is deleted, and in the books", op.ResourceID)
		}
		return err
	})
}

func poolOf(tx *store.Tx) string {
	p, err := tx.Pool(pool)
	if err != nil {
		return ""
	}
	return p.UID
}
