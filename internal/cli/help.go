package cli

import "github.com/spf13/cobra"

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
		{Use: "formatting", Short: "the forms of an answer, and --query", Long: formattingText},
	}
}

const environmentText = `Environment variables; a flag is above each of them, and each is above the context and the settings:

  DREY_CONTEXT       name of the context (--context)
  DREY_CONNECTION    file that says how to reach the server (--connection); without it
                     .drey/connection.json in this folder or one above it
  DREY_SERVER        URL of a server, where there is no connection file
  DREY_CA            file with that server's CA
  DREY_TOKEN         access token for the server; without it one is fetched as the connection says
  DREY_SUBSCRIPTION  subscription (--subscription)
  DREY_GROUP         resource group (-g)
  DREY_POOL          cluster pool (-p)
  DREY_CLUSTER       cluster, where a command names none (-n)
  DREY_OUTPUT        form of the answer (-o)
  DREY_TIME          how tables show times (--time)
  DREY_COLOR         when to use colours (--color)
  DREY_TIMEOUT       longest wait, for example 5m (--timeout)
  DREY_CONFIRM       no: a context with "confirm: always" lets --yes do
  DREY_NO_INPUT      set to anything: never ask
  DREY_DEBUG         set to anything: show each request and answer (--debug)
  DREY_CONFIG        file with contexts and settings; without it drey/config.yaml in the user's
                     configuration folder (XDG_CONFIG_HOME)
  NO_COLOR           set to anything: no colour
  CLICOLOR_FORCE     set to anything: colour also where there is no terminal
  JAVA_HOME          the JDK that the server runs Flink with
  HTTPS_PROXY        proxy for servers that are not on this machine`

const formattingText = `Forms of an answer (-o):

  table  for people: whole words, ages, short ids
  wide   the same with more columns and whole ids
  json   what the server said, whole
  jsonl  an item of a list a line; a long operation also tells its steps, a line each
  yaml   as json
  tsv    the columns of wide without header, tab-separated: RFC 3339 times, numbers of bytes
  name   names only, one a line
  none   nothing

--query takes a JMESPath expression and is applied to what json shows; the form then shows what was found.
Text is compared by == and != only: < and > are for numbers.
--no-header leaves out the first line of a table. --time says how tables show times. Answers are on
stdout, everything else is on stderr; with json, jsonl and yaml an error is JSON.`
