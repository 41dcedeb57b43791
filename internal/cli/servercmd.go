package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

// serveCommand runs the control plane in this terminal.
func (a *app) serveCommand() *cobra.Command {
	var flags serverFlags
	var check bool
	c := &cobra.Command{
		Use: "serve", Short: "Run the control plane", Args: exactly(),
		Long: "Runs the control plane until Ctrl-C. Ending it, or killing it, never disturbs a running job: the next serve finds them.",
		Example: `  drey serve --dev                         everything ready in .drey, on 127.0.0.1:8443
  drey serve --dev --listen 127.0.0.1:0    any free port
  drey serve --config /etc/drey.yaml
  drey serve --data /var/lib/drey --database 'postgres://drey@db.example.com/drey?sslmode=verify-full'
  drey serve --config /etc/drey.yaml --check    print what would hold, and end`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if check {
				return a.check(cmd, &flags)
			}
			cfg, _, problems := daemon.Explain(flags.config, flags.dev, flags.change(cmd))
			if err := badConfiguration("`drey config check` prints what holds and where it comes from", problems); err != nil {
				return err
			}
			log, err := daemon.NewLog(cfg.Log, a.errTTY)
			if err != nil {
				return what(usage("", "%s", err.Error()), "Cannot start the server")
			}
			return what(daemon.Run(cmd.Context(), cfg, log, func(conn daemon.Connection) { a.serving(cfg, conn) }), "Cannot run the server")
		},
	}
	flags.declare(c.Flags())
	c.Flags().BoolVar(&check, "check", false, "print the configuration that would hold, and what is wrong with it; start nothing")
	return c
}

// serving says on stdout that the server answers, and what to try.
func (a *app) serving(cfg daemon.Config, conn daemon.Connection) {
	fmt.Fprintf(a.out, "drey %s answers at %s (data in %s)\n", daemon.Version(), conn.Endpoint, cfg.Data)
	if !cfg.Dev {
		return
	}
	fmt.Fprintln(a.out, "single trust domain: all jobs run as this user; do not let people you do not trust create clusters here")
	fmt.Fprintln(a.out, "try, in another terminal:")
	fmt.Fprintln(a.out, "  drey cluster create orders --jar PATH.jar      create a cluster and wait until its job runs")
	fmt.Fprintln(a.out, "  drey cluster list                              what there is")
}

// dataDir is the data directory a command means: --data, else the .drey of this folder or one above it.
func (a *app) dataDir(flag string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	dir, err := daemon.FindData(a.dir)
	if err != nil {
		return "", err
	}
	if dir == "" {
		return filepath.Join(a.dir, ".drey"), nil
	}
	return dir, nil
}

const downTime = time.Minute

// downCommand ends everything a data directory ever started.
func (a *app) downCommand() *cobra.Command {
	var data string
	var stop bool
	c := &cobra.Command{
		Use: "down", Short: "End the server and every process it started", Args: exactly(),
		Long: "Ends the server of a data directory, if one runs, and then every process it ever started, JobManagers first. Nothing is written:\nthe next `drey serve` finds its jobs ended, as after a reboot. With --stop-jobs each running job of every pool is first\nstopped with a savepoint. Jobs in pods of Kubernetes are not processes of this machine: without --stop-jobs they run on, and are named.",
		Example: `  drey down
  drey down --stop-jobs`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.dataDir(data)
			if err != nil {
				return err
			}
			if _, err := os.Stat(dir); err != nil {
				return what(usage("name it with --data", "there is no data directory %s", dir), "Cannot end anything")
			}
			if stop {
				if err := a.stopAll(cmd.Context(), dir); err != nil {
					return what(err, "Cannot stop the jobs; nothing was ended")
				}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), downTime)
			defer cancel()
			a.tellPods(ctx, dir)
			ended := 0
			err = daemon.Down(ctx, dir, func(line string) { ended++; fmt.Fprintln(a.out, line) })
			if err == nil && ended == 0 {
				a.note("nothing of %s was running", dir)
			}
			return what(err, "Cannot end everything of %s", dir)
		},
	}
	c.Flags().StringVar(&data, "data", "", "data `directory`")
	c.Flags().BoolVar(&stop, "stop-jobs", false, "stop each running job with a savepoint first")
	return c
}
