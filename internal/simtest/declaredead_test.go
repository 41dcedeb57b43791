package simtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// lostNode is a target that lost a node: of the roles of one incarnation that were there nothing can be seen or proved, but for a person's word.
type lostNode struct {
	runtime.Runtime
	mu     sync.Mutex
	lost   runtime.IncarnationID
	roles  []runtime.Role
	word   string
	buried bool
}

func (n *lostNode) lose(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lost, n.roles = id, roles
	_ = n.Runtime.Kill(ctx, id, roles...)
}

// Observe implements [runtime.Runtime].
func (n *lostNode) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	s, err := n.Runtime.Observe(ctx, id)
	n.mu.Lock()
	defer n.mu.Unlock()
	if id != n.lost {
		return s, err
	}
	s.Dead, s.Abandoned = false, n.buried
	for i, p := range s.Processes {
		if slices.Contains(n.roles, p.Role) {
			s.Processes[i] = runtime.ProcessStatus{ProcessID: p.ProcessID, State: runtime.Unknown, Life: p.Life}
		}
	}
	return s, err
}

// Kill implements [runtime.Runtime].
func (n *lostNode) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	err := n.Runtime.Kill(ctx, id, roles...)
	n.mu.Lock()
	defer n.mu.Unlock()
	if id != n.lost || len(roles) > 0 {
		return err
	}
	if n.word == "" {
		return errors.New("its death is not proved")
	}
	n.buried = true
	return err
}

// Abandon implements [runtime.Runtime].
func (n *lostNode) Abandon(ctx context.Context, id runtime.IncarnationID, who string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.word = who
	return n.Runtime.Abandon(ctx, id, who)
}

func TestWhatIsSilentIsReplacedByAPersonsWordOnly(t *testing.T) {
	t.Parallel()
	for what, roles := range map[string][]runtime.Role{
		"all of it is silent":           {runtime.JobManager, runtime.TaskManager},
		"a TaskManager alone is silent": {runtime.TaskManager},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, steady)
				node := &lostNode{Runtime: r.runtime}
				r.weather.Runtime = node
				s := r.serve(nil)
				defer s.stop()
				s.create()
				time.Sleep(5 * time.Second) // some checkpoints
				s.lostAndDeclared(node, roles)
			})
		})
	}
}

func (s *server) lostAndDeclared(node *lostNode, roles []runtime.Role) {
	s.Helper()
	if _, err := s.DeclareDead(s.Context(), s.caller(), ref); code(err) != "NothingToDeclare" {
		s.Errorf("while all is seen: %v, want NothingToDeclare", err)
	}
	old := s.newest().ID
	node.lose(s.Context(), runtime.IncarnationID(old), roles...)
	if slices.Contains(roles, runtime.JobManager) {
		s.weather.hide(runtime.IncarnationID(old), time.Hour, false)
	}
	time.Sleep(10 * time.Minute)
	if now := s.newest(); now.ID != old || node.word != "" {
		s.Fatalf("nobody said that it is dead, but there is %+v", now)
	}
	s.weather.mu.Lock()
	s.weather.fails = func(string) error { return errFlaky }
	s.weather.mu.Unlock()
	if _, err := s.DeclareDead(s.Context(), s.caller(), ref); code(err) != "TargetUnreachable" {
		s.Errorf("while nobody can say what is silent: %v, want TargetUnreachable", err)
	}
	s.weather.clear()
	for range 2 { // saying it twice says no more
		declared, err := s.DeclareDead(s.Context(), s.caller(), ref)
		if err != nil || len(declared) != 1 || declared[0].ID != old || declared[0].Declared.Who != "somebody" {
			s.Fatalf("declared is %+v, %v", declared, err)
		}
	}
	time.Sleep(time.Minute)
	all, err := s.Incarnations(s.Context(), ref)
	if err != nil || len(all) != 2 || all[0].Phase != cluster.Live || all[0].Restore == "" {
		s.Fatalf("a minute later there are %+v, %v", all, err)
	}
	if all[1].Phase != cluster.Abandoned || node.word != "somebody" || !strings.HasPrefix(all[1].Cause, "DeclaredDead: somebody") {
		s.Errorf("the one that was lost is %+v, by the word of %q", all[1], node.word)
	}
	err = s.store.Read(s.Context(), func(tx *store.Tx) error {
		rows, err := tx.Audit(0)
		if !slices.ContainsFunc(rows, func(a store.AuditRow) bool {
			return a.Action == "declareDead" && a.Principal == "somebody" && a.Resource == ref.ID()
		}) {
			s.Errorf("it is not audited: %+v", rows)
		}
		return err
	})
	if err != nil {
		s.Error(err)
	}
}

// newest is the incarnation that was begun last.
func (s *server) newest() cluster.Incarnation {
	s.Helper()
	all, err := s.Incarnations(s.Context(), ref)
	if err != nil || len(all) == 0 {
		s.Fatalf("there are %+v, %v", all, err)
	}
	return all[0]
}

func code(err error) string {
	if e := cluster.AsError(err); e != nil {
		return e.Code
	}
	return ""
}
