package cli

import (
	"context"
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
	c := &cobra.Command{Use: "list", Short: "List the newest operations of the pool", Args: exactly(), Example: "  drey operation list --cluster orders", RunE: func(cmd *cobra.Command, _ []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		list, err := s.operations(cmd.Context(), cluster)
		if err != nil {
			return what(err, "Cannot list operations")
		}
		if a.json() {
			return a.printJSON(list)
		}
		var rows [][]string
		for _, op := range list {
			p := op.Properties
			rows = append(rows, []string{short(op.Name), p.Kind, path.Base(p.ResourceID), p.Status, p.Step, since(time.Now(), moment(p.StartTime))})
		}
		return a.table([]string{"ID", "KIND", "CLUSTER", "STATUS", "STEP", "AGE"}, rows, "No operation yet.")
	}}
	c.Flags().StringVar(&cluster, "cluster", "", "only of this `cluster`")
	return c
}

func (s *session) operations(ctx context.Context, cluster string) ([]v20261101.Operation, error) {
	pool, err := s.poolPath()
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	if cluster != "" {
		q.Set("cluster", cluster)
	}
	return all[v20261101.Operation](ctx, s, pool+"/operations", q)
}

// find completes the beginning of an operation's id.
func (s *session) find(ctx context.Context, id string) (started, error) {
	if len(id) == 36 {
		return s.operationOf(id)
	}
	list, err := s.operations(ctx, "")
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
	return &cobra.Command{Use: "show ID", Short: "Show one operation with its steps and lines", Args: exactly("ID"), Example: "  drey operation show 7c1f20aa", RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		at, err := s.find(cmd.Context(), args[0])
		if err != nil {
			return what(err, "Cannot show operation %q", args[0])
		}
		op, raw, err := get[v20261101.Operation](cmd.Context(), s, at.path, nil)
		if err != nil {
			return what(err, "Cannot show operation %q", args[0])
		}
		if a.json() {
			return a.printJSON(raw)
		}
		return s.showOperation(op)
	}}
}

func (s *session) showOperation(op v20261101.Operation) error {
	p := op.Properties
	fmt.Fprintln(s.out, clean(fmt.Sprintf("%s · %s · %s", p.Kind, path.Base(p.ResourceID), p.Status)))
	failed := ""
	if e := p.Error; e != nil {
		failed = e.Code + ": " + e.Message
	}
	hint := ""
	if p.Error != nil {
		hint = p.Error.Hint
	}
	if err := s.facts([2]string{"id", op.Name}, [2]string{"began", p.StartTime}, [2]string{"ended", p.EndTime}, [2]string{"error", failed}, [2]string{"hint", hint}); err != nil {
		return err
	}
	marks := map[string]string{"done": "✓", "running": "·", "failed": "✖", "pending": "○"}
	for _, st := range p.Steps {
		fmt.Fprintf(s.out, "  %s %s\n", marks[st.State], st.Name)
	}
	for _, l := range p.Lines {
		fmt.Fprintf(s.out, "  %s %s: %s\n", moment(l.Time).Local().Format("15:04:05.000"), l.Step, clean(l.Text))
	}
	return nil
}

func (a *app) operationWait() *cobra.Command {
	return &cobra.Command{Use: "wait ID", Short: "Wait for the end of an operation", Args: exactly("ID"), Example: "  drey operation wait 7c1f20aa --timeout 5m", RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		at, err := s.find(cmd.Context(), args[0])
		if err == nil {
			s.flags.noWait = false
			err = s.finish(cmd.Context(), at)
		}
		return what(err, "Operation %s", args[0])
	}}
}
