package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// verb makes a command that asks the server. use is its verb and the names of its arguments; what is in brackets may be absent.
// A first argument CLUSTER may be left to -n, DREY_CLUSTER or the settings, a first argument NAME to -n alone.
func (a *app) verb(use, short, example string, run func(ctx context.Context, s *session, args []string) error) *cobra.Command {
	c := a.command(use, short, example, func(ctx context.Context, args []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		return run(ctx, s, args)
	})
	if subject := first(argumentsOf(use)...); subject == "CLUSTER" || subject == "NAME" {
		c.Flags().StringVarP(&a.flags.name, "name", "n", "", "the same as "+subject)
	}
	return c
}

// local makes a command that needs no server.
func (a *app) local(use, short, example string, run func(args []string) error) *cobra.Command {
	return a.command(use, short, example, func(_ context.Context, args []string) error { return run(args) })
}

func (a *app) command(use, short, example string, run func(ctx context.Context, args []string) error) *cobra.Command {
	names := argumentsOf(use)
	c := &cobra.Command{Use: use, Short: short, Example: example, ValidArgsFunction: a.completer(names)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		args = a.withName(names, args)
		if err := exactly(names...)(cmd, args); err != nil {
			return err
		}
		return run(cmd.Context(), args)
	}
	return c
}

// argumentsOf are the names of the arguments in a usage line: "diff CLUSTER [FROM [TO]]" has CLUSTER, [FROM] and [TO].
func argumentsOf(use string) []string {
	var names []string
	for _, w := range strings.Fields(use)[1:] {
		if strings.HasPrefix(w, "-") {
			break // flags that are said there for their weight
		}
		w, optional := strings.TrimRight(w, "]"), strings.HasPrefix(w, "[")
		if optional {
			w += "]"
		}
		names = append(names, w)
	}
	return names
}

// withName puts the cluster in front where it is not among the arguments.
func (a *app) withName(names, args []string) []string {
	required := 0
	for _, n := range names {
		if n[0] != '[' {
			required++
		}
	}
	switch {
	case len(names) == 0 || names[0] != "CLUSTER" && names[0] != "NAME":
		return args
	case a.flags.name != "":
		return append([]string{a.flags.name}, args...)
	case names[0] == "CLUSTER" && len(args) < required:
		if usual := a.named("cluster"); usual != "" {
			return append([]string{usual}, args...)
		}
	}
	return args
}
