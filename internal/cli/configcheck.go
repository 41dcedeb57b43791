package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drey/internal/daemon"
)

// serverFlags are those that say how a server is configured.
type serverFlags struct {
	config, data, database, listen, level string
	dev                                   bool
}

func (s *serverFlags) declare(f *pflag.FlagSet) {
	f.StringVar(&s.config, "config", "", "configuration `file`")
	f.StringVar(&s.data, "data", "", "data `directory` (with --dev: .drey)")
	f.StringVar(&s.database, "database", "", "`URL` of a PostgreSQL database (else SQLite in the data directory); its password better in PGPASSWORD or a passfile")
	f.StringVar(&s.listen, "listen", "", "`host:port`; port 0 = any free one")
	f.StringVar(&s.level, "log-level", "", "debug, info, warn or error")
	f.BoolVar(&s.dev, "dev", false, "a ready subscription, group and pool; every storage account is a folder")
}

// change lays the flags that were given over a configuration.
func (s *serverFlags) change(cmd *cobra.Command) func(*daemon.Config) {
	return func(c *daemon.Config) {
		set(cmd, "data", &c.Data, s.data)
		set(cmd, "database", &c.Database, daemon.DatabaseURL(s.database))
		set(cmd, "listen", &c.Listen, s.listen)
		set(cmd, "log-level", &c.Log.Level, s.level)
	}
}

func set[T any](cmd *cobra.Command, flag string, part *T, value T) {
	if cmd.Flags().Changed(flag) {
		*part = value
	}
}

// configCheck looks at a server's configuration without starting it.
func (a *app) configCheck() *cobra.Command {
	var flags serverFlags
	c := &cobra.Command{
		Use: "check", Short: "Print the configuration a server would have, and what is wrong with it", Args: exactly(),
		Long: "Prints each key with its value and where that comes from, then every problem. Nothing is started or written. Exit code 1: there are problems.",
		Example: `  drey config check --config /etc/drey.yaml
  drey config check --config /etc/drey.yaml -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd, &flags) },
	}
	flags.declare(c.Flags())
	return c
}

func (a *app) check(cmd *cobra.Command, flags *serverFlags) error {
	_, settings, problems := daemon.Explain(flags.config, flags.dev, flags.change(cmd))
	r := result{columns: []string{"KEY", "VALUE", "SOURCE"}, data: settings, none: "nothing of the configuration can be understood"}
	for _, s := range settings {
		r.rows = append(r.rows, []any{s.Key, s.Value, s.Source})
	}
	if err := a.print(r); err != nil {
		return err
	}
	return badConfiguration("", problems)
}

// badConfiguration names every problem of a configuration; nil if there is none.
func badConfiguration(hint string, problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	f := &failure{What: "Cannot use this configuration", Why: problems[0].Error(), Code: "InvalidConfiguration", Exit: exitFailed, Hint: hint}
	if len(problems) > 1 {
		f.Why = fmt.Sprintf("%d problems", len(problems))
		for _, p := range problems {
			f.Details = append(f.Details, fault{Code: "InvalidConfiguration", Message: p.Error()})
		}
	}
	return f
}
