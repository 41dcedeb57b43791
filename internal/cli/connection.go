package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

// connectionCommand prints what a client elsewhere needs: where the server runs in a container, nobody else can read its data directory.
func (a *app) connectionCommand() *cobra.Command {
	var data, endpoint string
	c := a.local("connection", "Print a connection file for a client elsewhere", `  drey connection --endpoint https://drey.example.com:8443 > connection.json
  kubectl exec drey-0 -- drey connection --endpoint https://localhost:8443 > .drey/connection.json`,
		func([]string) error {
			dir, err := a.dataDir(data)
			if err != nil {
				return err
			}
			conn, err := daemon.ReadConnectionFor(dir, endpoint)
			if err != nil {
				return what(err, "Cannot print the connection")
			}
			out := json.NewEncoder(a.out)
			out.SetIndent("", "  ")
			return out.Encode(conn)
		})
	c.Long = "Prints the connection file of the server of a data directory, with its CA inside and the endpoint by which a client elsewhere reaches it.\nIt holds the client's secret: who has it may do everything."
	c.Flags().StringVar(&data, "data", "", "data `directory`")
	c.Flags().StringVar(&endpoint, "endpoint", "", "`URL` by which the client reaches the server; absent: as on its own machine")
	return c
}
