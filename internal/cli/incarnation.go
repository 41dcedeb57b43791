package cli

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) jobIncarnations() *cobra.Command {
	return a.group("incarnation", "Look at the starts of a job", "  drey job incarnation list orders",
		&cobra.Command{
			Use: "list CLUSTER", Short: "List the starts of a job, newest first, each with its gap", Args: exactly("CLUSTER"),
			Long:    "Lists the incarnations of a job. The gap of one is how long the job did not process around its start; its parts are seconds.",
			Example: "  drey job incarnation list orders\n  drey job incarnation list orders -o json",
			RunE: func(cmd *cobra.Command, args []string) error {
				s, err := a.connect()
				if err != nil {
					return err
				}
				list, err := s.incarnations(cmd.Context(), args[0])
				if err != nil {
					return what(err, "Cannot list the incarnations of %q", args[0])
				}
				if a.json() {
					return a.printJSON(list)
				}
				var rows [][]string
				for _, i := range list {
					p := i.Properties
					from := ""
					if p.RestoredFrom != "" {
						from = path.Base(p.RestoredFrom)
					}
					rows = append(rows, []string{short(p.ID), fmt.Sprint(p.Version), p.Phase, p.Origin, since(time.Now(), moment(p.CreatedAt)), from, gapText(p.Gap), clip(p.Cause)})
				}
				return a.table([]string{"ID", "VERSION", "PHASE", "ORIGIN", "AGE", "RESTORED FROM", "GAP", "ENDED BY"}, rows, "The job was never started.")
			},
		})
}

// lastGap is the newest gap of a job that was measured; "" if there is none.
func (s *session) lastGap(ctx context.Context, name string) (string, error) {
	list, err := s.incarnations(ctx, name)
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
