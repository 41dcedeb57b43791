package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drey/internal/daemon"
)

// The groups of `drey help`.
const (
	groupServer = "server"
	groupWork   = "work"
	groupLook   = "look"
	groupClient = "client"
)

// root makes the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "drey",
		Short: "Run Apache Flink application clusters on your own machines",
		Example: `  drey serve --dev                                  a server in this terminal
  drey distribution install 2.3.0                   Flink itself
  drey cluster create orders --jar target/orders.jar
  drey cluster list`,
		Args:              a.noSuchCommand,
		RunE:              showHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetIn(a.in)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	a.globals(root.PersistentFlags())
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.settle() }
	root.AddGroup(&cobra.Group{ID: groupServer, Title: "The server:"}, &cobra.Group{ID: groupWork, Title: "Clusters and jobs:"},
		&cobra.Group{ID: groupLook, Title: "Looking closer:"}, &cobra.Group{ID: groupClient, Title: "This program:"})
	add(root, groupServer, a.serveCommand(), a.simulateCommand(), a.downCommand(), a.doctorCommand(), a.distributionCommand(), a.databaseCommand(), a.connectionCommand())
	add(root, groupWork, a.groupCommand(), a.poolCommand(), a.clusterCommand(), a.jobCommand(), a.savepointCommand(), a.storageCommand(), a.planCommand(), a.diffCommand(), a.applyCommand())
	add(root, groupLook, a.operationCommand(), a.logsCommand(), a.restCommand())
	add(root, groupClient, a.contextCommand(), a.configCommand(), a.whoamiCommand(), a.completionCommand(), a.versionCommand())
	root.AddCommand(topics()...)
	a.completeFlags(root)
	return root
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}

// globals declares the flags that every command has.
func (a *app) globals(f *pflag.FlagSet) {
	timeout := 20 * time.Minute
	if d, err := time.ParseDuration(os.Getenv("DREY_TIMEOUT")); err == nil {
		timeout = d
	}
	f.StringVarP(&a.flags.output, "output", "o", "", "`form` of the answer: "+strings.Join(outputs, ", "))
	f.StringVar(&a.flags.query, "query", "", "what of the answer is wanted: a `JMESPath` expression")
	f.BoolVar(&a.flags.noHeader, "no-header", false, "tables without their first line")
	f.StringVar(&a.flags.color, "color", "", "`when` to use colours: "+strings.Join(colors, ", "))
	f.StringVar(&a.flags.time, "time", "", "`how` tables show times: "+strings.Join(clocks, ", "))
	f.StringVar(&a.flags.context, "context", "", "`name` of the context to use")
	f.StringVar(&a.flags.connection, "connection", "", "`file` that says how to reach the server")
	f.StringVarP(&a.flags.pool, "pool", "p", "", "cluster `pool`")
	f.StringVarP(&a.flags.group, "resource-group", "g", "", "resource `group`")
	f.StringVar(&a.flags.subscription, "subscription", "", "subscription `id`")
	f.BoolVar(&a.flags.noWait, "no-wait", false, "do not wait for a long operation: print its id")
	f.DurationVar(&a.flags.timeout, "timeout", timeout, "wait so long at most; the operation goes on after that")
	f.BoolVarP(&a.flags.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&a.flags.debug, "debug", os.Getenv("DREY_DEBUG") != "", "show each request and answer on stderr, without bodies and secrets")
	f.BoolVarP(&a.flags.quiet, "quiet", "q", false, "no progress on stderr")
	f.StringVar(&a.flags.clientToken, "client-token", "", "repeating a command with the same `token` within 24 h is the same operation")
}

// group is a command that only holds others.
func (a *app) group(use, short, example string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Example: example, Args: a.noSuchCommand, RunE: showHelp}
	c.AddCommand(children...)
	return c
}

func showHelp(c *cobra.Command, _ []string) error { return c.Help() }

// noSuchCommand refuses a word that is no command here, naming those it may have been meant for.
func (a *app) noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("`%s --help` lists them", c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean `%s %s`?", c.CommandPath(), near[0])
	}
	return usage(hint, "unknown command %q for %q", args[0], c.CommandPath())
}

// flagError says what is wrong with a flag, and which one may have been meant.
func flagError(c *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the flags", c.CommandPath())
	if unknown, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		hint = fmt.Sprintf("did you mean --%s? %s", daemon.Nearest(unknown, names), hint)
	}
	return usage(hint, "%s", err.Error())
}

// exactly wants these arguments, by their names; one in brackets may be absent.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names) && names[len(args)][0] != '[':
			return usage("`"+c.CommandPath()+" --help` has examples", "%s is missing", names[len(args)])
		case len(args) > len(names):
			return usage("`"+c.CommandPath()+" --help` has examples", "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}
