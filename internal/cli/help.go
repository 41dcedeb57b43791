package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

// Help begins with examples: most people look for one.
const (
	helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`

	usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{if eq (len .Groups) 0}}

Commands:{{range $cmds}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasHelpSubCommands}}

Topics:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  drey help {{rpad .Name 12}} {{.Short}}{{end}}{{end}}{{end}}
`
)

// topics are pages of `drey help`.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "what each exit code means", Long: exitCodesText()},
		{Use: "environment", Short: "the environment variables that are read", Long: environmentText},
	}
}

const environmentText = `Environment variables; a flag is above each of them:

  DREY_CONNECTION  file that says how to reach the server (--connection); without it
                   .drey/connection.json in this folder or one above it
  DREY_GROUP       resource group (-g)
  DREY_POOL        cluster pool (-p)
  DREY_OUTPUT      table or json (-o)
  DREY_TIMEOUT     longest wait, for example 5m (--timeout)
  NO_COLOR         set to anything: no colour
  JAVA_HOME        the JDK that the server runs Flink with
  HTTPS_PROXY      proxy for servers that are not on this machine`

// versionCommand is `drey version`.
func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "The version of this program", Args: exactly(),
		Example: "  drey version\n  drey version -o json",
		RunE: func(*cobra.Command, []string) error {
			if a.json() {
				return a.printJSON(map[string]string{"version": daemon.Version(), "apiVersion": apiVersion})
			}
			_, err := fmt.Fprintf(a.out, "drey %s, api-version %s\n", daemon.Version(), apiVersion)
			return err
		},
	}
}
