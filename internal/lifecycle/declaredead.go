package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// A person's word that processes are dead which nobody can see, as on a node that is lost for good. Without it nothing is started while they
// are silent. It is kept with the incarnations before anything follows from it; then whatever ends them takes it where there is no proof.

// DeclareDead takes a person's word for what cannot be seen of a cluster's processes. What can be seen of them is killed. Who says so answers for
// it: if one lives on, two copies of the job write.
func (s *Service) DeclareDead(ctx context.Context, c Caller, ref cluster.Ref) (declared []cluster.Incarnation, err error) {
	var job cluster.Job
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err = s.jobRow(tx, ref)
		return err
	})
	if err != nil {
		return nil, err
	}
	all, err := s.living(ctx, job.UID)
	if err != nil {
		return nil, &cluster.Error{Kind: cluster.Unavailable, Code: "TargetUnreachable", Err: err,
			Message: fmt.Sprintf("The place where the cluster %q runs does not answer.", ref.Name),
			Hint:    "nobody can say now which of its processes are silent: try again when it answers"}
	}
	all = slices.DeleteFunc(all, func(l living) bool { return l.Row.Declared == nil && !silent(l.Status) })
	if len(all) == 0 {
		return nil, cluster.Errorf(cluster.Conflict, "NothingToDeclare", "",
			"Each process of the cluster %q is seen to run or to have ended, or never ran: there is nothing to declare dead.", ref.Name)
	}
	return declared, s.accept(ctx, c, store.Scope{store.JobRow(job.UID)}, func(tx *store.Tx) error {
		declared, err = s.declareDead(tx, c, ref, job, all)
		return err
	})
}

// silent tells whether something of an incarnation can neither be seen nor be proved dead.
func silent(s runtime.Status) bool {
	return !s.Dead && slices.ContainsFunc(s.Processes, func(p runtime.ProcessStatus) bool { return p.State == runtime.Unknown })
}

func (s *Service) declareDead(tx *store.Tx, c Caller, ref cluster.Ref, job cluster.Job, all []living) (declared []cluster.Incarnation, err error) {
	now, names := s.Now(), []string{}
	for _, l := range all {
		inc, err := tx.Incarnation(l.Row.ID)
		if err != nil {
			return nil, err
		}
		if inc.Declared == nil {
			inc.Declared = &cluster.Word{Who: c.Principal, At: now}
			if err := tx.SaveIncarnation(inc); err != nil {
				return nil, err
			}
		}
		declared, names = append(declared, inc), append(names, short(inc.ID))
	}
	text := "incarnation " + strings.Join(names, ", ")
	if op, _, err := active(tx, job.UID); err != nil {
		return nil, err
	} else if op.ID != "" {
		if err := tx.AddLine(op.ID, now, op.Step, fmt.Sprintf("%s declared dead by %s", text, c.Principal)); err != nil {
			return nil, err
		}
	}
	return declared, tx.AddAudit(store.AuditRow{At: now, Principal: c.Principal, Action: "declareDead", Resource: ref.ID(), Decision: "allowed",
		RequestID: c.RequestID, Detail: text})
}

// observe sees an incarnation. Where a person declared it dead, what cannot be seen has ended.
func (w *world) observe(ctx context.Context, inc cluster.Incarnation) (runtime.Runtime, runtime.Status, error) {
	rt, err := w.runtimeOf(inc.Target)
	if err != nil {
		return nil, runtime.Status{}, err
	}
	seen, err := rt.Observe(ctx, runtime.IncarnationID(inc.ID))
	if err != nil {
		return nil, seen, fmt.Errorf("cannot see incarnation %s: %w", inc.ID, err)
	}
	if inc.Declared == nil {
		return rt, seen, nil
	}
	seen.Dead = seen.Dead || seen.Abandoned
	for i, p := range seen.Processes {
		if p.State == runtime.Unknown {
			seen.Processes[i].State, seen.Processes[i].Exit = runtime.Exited, runtime.Exit{Code: -1, At: inc.Declared.At}
		}
	}
	return rt, seen, nil
}
