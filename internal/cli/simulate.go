package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

// simulateCommand is the process of a simulated target. The server starts it; it is no command for people.
func (a *app) simulateCommand() *cobra.Command {
	var data, storage string
	c := &cobra.Command{
		Use: "simulate", Short: "Run a data directory's simulated clusters", Hidden: true, Args: exactly(),
		Long:    "Runs the clusters of location \"simulated\": the server starts it by itself when there is one, and `drey down` ends it.",
		Example: "  drey simulate --data .drey --storage .drey/storage",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" || storage == "" {
				return usage("name them with --data and --storage", "there is no data directory, or no folder of storage accounts")
			}
			log, err := daemon.NewLog(daemon.Log{Level: "info", Format: "json"}, false)
			return what(errors.Join(err, daemon.Simulate(cmd.Context(), data, storage, log)), "Cannot simulate")
		},
	}
	c.Flags().StringVar(&data, "data", "", "data `directory`")
	c.Flags().StringVar(&storage, "storage", "", "`folder` of the storage accounts")
	return c
}
