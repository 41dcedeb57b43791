package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// shells are those that completion is written for.
var shells = map[string]func(*cobra.Command, io.Writer) error{
	"bash":       func(c *cobra.Command, w io.Writer) error { return c.GenBashCompletionV2(w, true) },
	"zsh":        (*cobra.Command).GenZshCompletion,
	"fish":       func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
}

func (a *app) completionCommand() *cobra.Command {
	names := sortedKeys(shells)
	c := &cobra.Command{
		Use: "completion SHELL", Short: "Print a script that completes commands, flags and names", Args: exactly("SHELL"), ValidArgs: names,
		Example: "  source <(drey completion bash)\n  drey completion zsh > \"${fpath[1]}/_drey\"\n  drey completion fish > ~/.config/fish/completions/drey.fish\n  drey completion powershell | Out-String | Invoke-Expression",
		RunE: func(cmd *cobra.Command, args []string) error {
			write, known := shells[args[0]]
			if !known {
				return usage("they are bash, fish, powershell, zsh", "there is no completion for %q", args[0])
			}
			return write(cmd.Root(), a.out)
		},
	}
	return c
}

// completionTime is how long a person waits for names after pressing Tab.
const completionTime = time.Second

// names answers the names there are; args are those before.
type names func(ctx context.Context, s *session, args []string) ([]string, error)

// completer completes the arguments of a command, by what they are called.
func (a *app) completer(arguments []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(arguments) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		switch arguments[len(args)] {
		case "CLUSTER":
			return a.serverNames(cmd, args, clusterNames)
		case "[POOL]":
			return a.serverNames(cmd, args, poolNames)
		case "OPERATION":
			return a.serverNames(cmd, args, operationNames)
		case "VERSION", "[FROM]", "[TO]":
			return a.serverNames(cmd, args, versionNames)
		case "SAVEPOINT":
			return a.serverNames(cmd, args, savepointNames)
		case "CONTEXT", "[CONTEXT]":
			_ = a.settle() // what cannot be read has no names
			return sortedKeys(a.settings.Contexts), cobra.ShellCompDirectiveNoFileComp
		case "SETTING":
			var all []string
			for _, s := range settable {
				all = append(all, s.name)
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		case "FILE":
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeOne completes the only argument of a command.
func (a *app) completeOne(n names) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.serverNames(cmd, args, n)
	}
}

// serverNames asks the server. Whoever presses Tab gets names or nothing: no words, and no long wait.
func (a *app) serverNames(cmd *cobra.Command, args []string, n names) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	ctx := cmd.Context()
	if ctx == nil {
		ctx = a.interrupts
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	a.flags.quiet = true
	if a.settle() != nil {
		return nil, none
	}
	s, err := a.connect()
	if err != nil {
		return nil, none
	}
	found, err := n(ctx, s, args)
	if err != nil {
		return nil, none
	}
	return found, none
}

func clusterNames(ctx context.Context, s *session, _ []string) (found []string, err error) {
	list, err := s.clusters(ctx)
	for _, c := range list {
		found = append(found, c.Name+"\t"+clean(c.Properties.Status))
	}
	return found, err
}

func poolNames(ctx context.Context, s *session, _ []string) (found []string, err error) {
	list, _, err := s.pools(ctx)
	for _, p := range list {
		found = append(found, p.Name+"\t"+clean(p.Location))
	}
	return found, err
}

func operationNames(ctx context.Context, s *session, _ []string) (found []string, err error) {
	list, _, err := s.operations(ctx, "")
	for _, op := range list {
		found = append(found, short(op.Name)+"\t"+clean(op.Properties.Kind+" "+op.Properties.Status))
	}
	return found, err
}

func versionNames(ctx context.Context, s *session, args []string) (found []string, err error) {
	list, _, err := s.versions(ctx, args[0])
	for _, v := range list {
		found = append(found, v.Name+"\t"+clean(stateOf(v.Properties)))
	}
	return found, err
}

func savepointNames(ctx context.Context, s *session, args []string) (found []string, err error) {
	list, _, err := s.savepoints(ctx, args[0])
	for _, sp := range list {
		found = append(found, clean(sp.Name)+"\t"+clean(sp.Properties.Origin))
	}
	return found, err
}

// completeFlags completes the values of the global flags.
func (a *app) completeFlags(root *cobra.Command) {
	fixed := func(words []string) cobra.CompletionFunc {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	for flag, complete := range map[string]cobra.CompletionFunc{
		"output": fixed(outputs), "time": fixed(clocks), "color": fixed(colors), "context": a.completer([]string{"CONTEXT"}), "pool": a.completeOne(poolNames),
	} {
		_ = root.RegisterFlagCompletionFunc(flag, complete) // each is declared above: a test asks for them
	}
}
