package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) savepointCommand() *cobra.Command {
	return a.group("savepoint", "Look at savepoints", "  drey savepoint list orders\n  drey savepoint show orders savepoint-1a2b3c-4d5e6f7a8b9c", a.savepointList(), a.savepointShow())
}

func (a *app) savepointList() *cobra.Command {
	return a.verb("list CLUSTER", "List the savepoints of a cluster's job", "  drey savepoint list orders", func(ctx context.Context, s *session, args []string) error {
		list, raw, err := s.savepoints(ctx, args[0])
		if err != nil {
			return what(err, "Cannot list the savepoints of %q", args[0])
		}
		r := result{data: raw, columns: []string{"NAME", "AGE", "SIZE", "ORIGIN", "VERSION", "COMPLETE", "URI", "+CHECKPOINT", "+INCARNATION"},
			none: "No savepoint yet. `drey job savepoint " + args[0] + "` takes one."}
		for _, sp := range list {
			p := sp.Properties
			r.rows = append(r.rows, []any{sp.Name, moment(p.CompletedAt), count(p.SizeBytes), p.Origin, p.Version, p.Complete, p.URI, p.CheckpointID, p.Incarnation})
		}
		return a.print(r)
	})
}

func (a *app) savepointShow() *cobra.Command {
	return a.verb("show CLUSTER SAVEPOINT", "Show one savepoint, by its name, its URI or the beginning of its id", "  drey savepoint show orders savepoint-1a2b3c-4d5e6f7a8b9c",
		func(ctx context.Context, s *session, args []string) error {
			list, raw, err := s.savepoints(ctx, args[0])
			if err != nil {
				return what(err, "Cannot show savepoint %q", args[1])
			}
			found := -1
			for i, sp := range list {
				if sp.Name != args[1] && sp.Properties.URI != args[1] && !(len(args[1]) >= 4 && strings.HasPrefix(sp.Properties.ID, args[1])) {
					continue
				}
				if found >= 0 {
					return usage("give its whole URI", "%q means more than one savepoint", args[1])
				}
				found = i
			}
			if found < 0 {
				return what(&failure{Code: "SavepointNotFound", Exit: exitNotFound, Why: "there is no such savepoint", Hint: "`drey savepoint list " + args[0] + "` shows them"},
					"Cannot show savepoint %q", args[1])
			}
			p := list[found].Properties
			state := "complete"
			if !p.Complete {
				state = "not complete"
			}
			return a.print(result{data: raw[found], name: list[found].Name, head: fmt.Sprintf("%s · %s", list[found].Name, state), facts: []fact{
				{"taken", moment(p.CompletedAt)}, {"size", count(p.SizeBytes)}, {"origin", p.Origin}, {"version", p.Version}, {"checkpoint", p.CheckpointID},
				{"incarnation", p.Incarnation}, {"id", p.ID}, {"uri", p.URI}}})
		})
}
