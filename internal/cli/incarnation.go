package cli

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) jobIncarnations() *cobra.Command {
	c := a.verb("list CLUSTER", "List the starts of a job, newest first, each with its gap", "  drey job incarnation list orders\n  drey job incarnation list orders -o json",
		func(ctx context.Context, s *session, args []string) error {
			list, raw, err := s.incarnations(ctx, args[0])
			if err != nil {
				return what(err, "Cannot list the incarnations of %q", args[0])
			}
			r := result{data: raw, columns: []string{"ID", "VERSION", "PHASE", "ORIGIN", "AGE", "RESTORED FROM", "GAP", "ENDED BY"}, none: "The job was never started."}
			for _, i := range list {
				p := i.Properties
				r.rows = append(r.rows, []any{id(p.ID), p.Version, phase(p.Phase), p.Origin, moment(p.CreatedAt), lastOf(p.RestoredFrom), gapText(p.Gap), long(p.Cause)})
			}
			return a.print(r)
		})
	c.Long = "Lists the incarnations of a job. The gap of one is how long the job did not process around its start; its parts are seconds."
	return a.group("incarnation", "Look at the starts of a job", "  drey job incarnation list orders", c)
}

// lastOf is the last part of a path; "" of none.
func lastOf(at string) string {
	if at == "" {
		return ""
	}
	return path.Base(at)
}

// lastGap is the newest gap of a job that was measured; "" if there is none.
func (s *session) lastGap(ctx context.Context, name string) (string, error) {
	list, _, err := s.incarnations(ctx, name)
	if err != nil {
		return "", err
	}
	for _, i := range list {
		if i.Properties.Gap != nil {
			return gapText(i.Properties.Gap), nil
		}
	}
	return "", nil
}

// gapText is a gap with its parts: "0.41 s (savepoint 0.16, hand-over 0.01, …)".
func gapText(g *v20261101.Gap) string {
	if g == nil {
		return ""
	}
	parts := make([]string, len(g.Parts))
	for i, p := range g.Parts {
		parts[i] = fmt.Sprintf("%s %.2f", p.Name, p.Seconds)
	}
	text := fmt.Sprintf("%.2f s", g.Seconds)
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}
