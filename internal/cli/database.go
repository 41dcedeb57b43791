package cli

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

// databaseCommand works on the database of a data directory whose server does not run.
func (a *app) databaseCommand() *cobra.Command {
	return a.group("database", "Work on a server's database", "  drey database copy --data /var/lib/drey --database 'postgres://drey@db.example.com/drey?sslmode=verify-full'", a.databaseCopy())
}

func (a *app) databaseCopy() *cobra.Command {
	var flags serverFlags
	c := &cobra.Command{
		Use: "copy", Short: "Bring what is in SQLite into a PostgreSQL database", Args: exactly(),
		Long: "Copies all that the server of a data directory keeps in SQLite into an empty PostgreSQL database, in one transaction, counts it there, and\nrenames the SQLite file to drey.db.copied. " +
			"The server must not run; jobs may, and run on. From then on serve is started with the same\n--database, or `database:` in its configuration.",
		Example: `  drey database copy --data /var/lib/drey --database 'postgres://drey@db.example.com/drey?sslmode=verify-full'
  drey database copy --config /etc/drey.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, problems := daemon.Explain(flags.config, flags.dev, flags.change(cmd))
			if err := badConfiguration("`drey config check` prints what holds and where it comes from", problems); err != nil {
				return err
			}
			if cfg.Database == "" {
				return usage("--database, or `database:` in the configuration", "no PostgreSQL database is named")
			}
			rows, err := daemon.CopyDatabase(cmd.Context(), cfg.Data, cfg.Database)
			if err != nil {
				return what(wayOut(err), "Cannot copy the database")
			}
			r := result{data: rows, columns: []string{"TABLE", "ROWS"}}
			for _, table := range slices.Sorted(maps.Keys(rows)) {
				r.rows = append(r.rows, []any{table, rows[table]})
			}
			return a.print(r)
		},
	}
	flags.declare(c.Flags())
	return c
}
