package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) operationCommand() *cobra.Command {
	return a.group("operation", "Look at operations, and wait for them",
		"  drey operation list\n  drey operation show 7c1f20aa\n  drey operation wait 7c1f20aa",
		a.operationList(), a.operationShow(), a.operationWait())
}

func (a *app) operationList() *cobra.Command {
	var cluster string
	c := a.verb("list", "List the newest operations of the pool", "  drey operation list --cluster orders", func(ctx context.Context, s *session, _ []string) error {
		list, raw, err := s.operations(ctx, cluster)
		if err != nil {
			return what(err, "Cannot list operations")
		}
		r := result{data: raw, columns: []string{"ID", "KIND", "CLUSTER", "STATUS", "STEP", "AGE", "+ENDED", "+BY"}, none: "No operation yet."}
		for _, op := range list {
			p := op.Properties
			r.rows = append(r.rows, []any{id(op.Name), p.Kind, lastOf(p.ResourceID), phase(p.Status), p.Step, moment(p.StartTime), moment(p.EndTime), p.Principal})
		}
		return a.print(r)
	})
	c.Flags().StringVar(&cluster, "cluster", "", "only of this `cluster`")
	return c
}

func (s *session) operations(ctx context.Context, cluster string) ([]v20261101.Operation, []json.RawMessage, error) {
	pool, err := s.poolPath()
	if err != nil {
		return nil, nil, err
	}
	q := url.Values{}
	if cluster != "" {
		q.Set("cluster", cluster)
	}
	return both[v20261101.Operation](ctx, s, pool+"/operations", q)
}

// find completes the beginning of an operation's id.
func (s *session) find(ctx context.Context, id string) (started, error) {
	if len(id) == 36 {
		return s.operationOf(id)
	}
	list, _, err := s.operations(ctx, "")
	if err != nil {
		return started{}, err
	}
	var found []string
	for _, op := range list {
		if len(id) >= 4 && strings.HasPrefix(op.Name, strings.ToLower(id)) {
			found = append(found, op.Name)
		}
	}
	if len(found) != 1 {
		return started{}, &failure{Code: "ResourceNotFound", Exit: exitNotFound, Why: fmt.Sprintf("%d operations begin with %q", len(found), id), Hint: "`drey operation list` shows them"}
	}
	return s.operationOf(found[0])
}

func (a *app) operationShow() *cobra.Command {
	return a.verb("show OPERATION", "Show one operation with its steps and lines", "  drey operation show 7c1f20aa", func(ctx context.Context, s *session, args []string) error {
		at, err := s.find(ctx, args[0])
		if err != nil {
			return what(err, "Cannot show operation %q", args[0])
		}
		op, raw, err := get[v20261101.Operation](ctx, s, at.path, nil)
		if err != nil {
			return what(err, "Cannot show operation %q", args[0])
		}
		r := s.operationResult(op)
		r.data = raw
		return s.print(r)
	})
}

func (s *session) operationResult(op v20261101.Operation) result {
	p := op.Properties
	failed, hint := "", ""
	if e := p.Error; e != nil {
		failed, hint = e.Code+": "+e.Message, e.Hint
	}
	r := result{name: op.Name, head: fmt.Sprintf("%s · %s · %s", p.Kind, path.Base(p.ResourceID), p.Status),
		facts: []fact{{"id", op.Name}, {"began", moment(p.StartTime)}, {"ended", moment(p.EndTime)}, {"error", failed}, {"hint", hint}}}
	if p.Error != nil {
		for _, d := range p.Error.Details {
			r.facts = append(r.facts, fact{"because", strings.TrimSpace(d.Target + " " + d.Message)})
		}
	}
	marks := map[string]string{"done": "✓", "running": "·", "failed": "✖", "pending": "○"}
	for _, st := range p.Steps {
		r.facts = append(r.facts, fact{marks[st.State] + " " + st.Name, st.State})
	}
	for _, l := range p.Lines {
		r.facts = append(r.facts, fact{l.Step, fmt.Sprintf("%s %s", s.clockTime(moment(l.Time)), l.Text)})
	}
	return r
}

// clockTime is a time of the day, for the lines of a log.
func (a *app) clockTime(at time.Time) string {
	if a.clock == clockUTC {
		return at.UTC().Format("15:04:05.000Z")
	}
	return at.Local().Format("15:04:05.000")
}

func (a *app) operationWait() *cobra.Command {
	return a.verb("wait OPERATION", "Wait for the end of an operation", "  drey operation wait 7c1f20aa --timeout 5m", func(ctx context.Context, s *session, args []string) error {
		at, err := s.find(ctx, args[0])
		if err == nil {
			s.flags.noWait = false
			err = s.finish(ctx, at)
		}
		return what(err, "Operation %s", args[0])
	})
}
