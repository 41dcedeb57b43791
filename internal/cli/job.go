package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) jobCommand() *cobra.Command {
	c := a.group("job", "Start, stop, update and look at the job of a cluster",
		"  drey job stop orders\n  drey job start orders\n  drey job update orders --jar target/orders.jar\n  drey job savepoint orders\n  drey job show orders",
		a.jobList(), a.jobShow(), a.jobIncarnations(),
		a.jobAction("stop", "STOP", "Stop the job with a savepoint", ""),
		a.jobAction("savepoint", "SAVEPOINT", "Take a savepoint while the job runs on", ""),
		a.jobAction("cancel", "CANCEL", "End the job for good, without a savepoint", "Cancel the job of %q for good? No savepoint is taken; `drey job stop` takes one."))
	c.AddCommand(a.jobLaunches()...)
	return c
}

// jobRequest is what a runJob can say.
type jobRequest struct {
	JobType               string            `json:"jobType"`
	Action                string            `json:"action"`
	JobJarDirectory       string            `json:"jobJarDirectory,omitempty"`
	JarName               string            `json:"jarName,omitempty"`
	EntryClass            string            `json:"entryClass,omitempty"`
	Args                  *string           `json:"args,omitempty"`
	SavePointName         string            `json:"savePointName,omitempty"`
	FlinkConfiguration    map[string]string `json:"flinkConfiguration,omitempty"`
	AllowNonRestoredState bool              `json:"allowNonRestoredState,omitempty"`
}

// runAction asks for an action and waits for it.
func (s *session) runAction(ctx context.Context, name string, r jobRequest) error {
	ask, err := s.jobCall(name, "/runJob", r)
	if err != nil {
		return err
	}
	return s.act(ctx, name, r.Action, ask)
}

// act asks for an operation on the job, recorded there as action, and waits for it. It is done only if operation and job say so
// (ux paper, 3.6).
func (s *session) act(ctx context.Context, name, action string, r request) error {
	a, err := s.do(ctx, r)
	if err != nil {
		return err
	}
	op, err := s.startedBy(a)
	if err != nil {
		return err
	}
	if err := s.finish(ctx, op); err != nil || s.flags.noWait {
		return err
	}
	job, _, err := s.job(ctx, name)
	if err != nil {
		return err
	}
	if job.Properties.Action == action && job.Properties.ActionResult == "FAILED" {
		return &failure{Code: "ActionFailed", Exit: exitOperation, Why: job.Properties.JobOutput, Operation: op.id}
	}
	return s.showJob(ctx, name, job, nil)
}

func (a *app) jobAction(verb, action, short, question string) *cobra.Command {
	return &cobra.Command{Use: verb + " CLUSTER", Short: short, Args: exactly("CLUSTER"), Example: "  drey job " + verb + " orders", RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		if question != "" {
			if err := a.ask(fmt.Sprintf(question, args[0])); err != nil {
				return err
			}
		}
		return what(s.runAction(cmd.Context(), args[0], jobRequest{Action: action}), "Cannot %s %q", verb, args[0])
	}}
}

func (a *app) jobList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the jobs of the pool's clusters", Args: exactly(), Example: "  drey job list", RunE: func(cmd *cobra.Command, _ []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		clusters, err := s.clusters(cmd.Context())
		if err != nil {
			return what(err, "Cannot list jobs")
		}
		jobs := []v20261101.Job{}
		var rows [][]string
		for _, c := range clusters {
			j, _, err := s.job(cmd.Context(), c.Name)
			if gone(err) {
				continue
			} else if err != nil {
				return what(err, "Cannot read the job of %q", c.Name)
			}
			p := j.Properties
			jobs = append(jobs, j)
			rows = append(rows, []string{c.Name, p.Status, p.JobID, strings.TrimSpace(p.Action + " " + strings.ToLower(p.ActionResult)), p.JarName})
		}
		if a.json() {
			return a.printJSON(jobs)
		}
		return a.table([]string{"CLUSTER", "STATUS", "FLINK JOB", "LAST ACTION", "JAR"}, rows, "No job yet. `drey cluster create` makes a cluster with its job.")
	}}
}

func (a *app) jobShow() *cobra.Command {
	return &cobra.Command{Use: "show CLUSTER", Short: "Show the job of a cluster", Args: exactly("CLUSTER"), Example: "  drey job show orders\n  drey job show orders -o json", RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		j, raw, err := s.job(cmd.Context(), args[0])
		if err != nil {
			return what(err, "Cannot show the job of %q", args[0])
		}
		return what(s.showJob(cmd.Context(), args[0], j, raw), "Cannot show the job of %q", args[0])
	}}
}

func (s *session) showJob(ctx context.Context, name string, j v20261101.Job, raw json.RawMessage) error {
	if s.json() {
		if raw != nil {
			return s.printJSON(raw)
		}
		return s.printJSON(j)
	}
	gap, err := s.lastGap(ctx, name)
	if err != nil {
		return err
	}
	p := j.Properties
	fmt.Fprintln(s.out, clean(fmt.Sprintf("%s · job %s", p.JobName, first(p.Status, "–"))))
	args := ""
	if p.Args != nil {
		args = *p.Args
	}
	return s.facts([2]string{"last action", strings.TrimSpace(p.Action + " " + p.ActionResult)}, [2]string{"output", p.JobOutput},
		[2]string{"savepoint", p.LastSavePoint}, [2]string{"flink job", p.JobID}, [2]string{"run", p.RunID},
		[2]string{"jar", strings.TrimRight(p.JobJarDirectory, "/") + "/" + p.JarName}, [2]string{"class", p.EntryClass}, [2]string{"args", args},
		[2]string{"last gap", gap})
}

func (a *app) savepointCommand() *cobra.Command {
	return a.group("savepoint", "Look at savepoints", "  drey savepoint list orders",
		&cobra.Command{Use: "list CLUSTER", Short: "List the savepoints of a cluster's job", Args: exactly("CLUSTER"), Example: "  drey savepoint list orders", RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.connect()
			if err != nil {
				return err
			}
			at, err := s.clusterPath(args[0])
			if err != nil {
				return err
			}
			list, err := all[v20261101.Savepoint](cmd.Context(), s, at+"/savepoints", nil)
			if err != nil {
				return what(err, "Cannot list the savepoints of %q", args[0])
			}
			if a.json() {
				return a.printJSON(list)
			}
			var rows [][]string
			for _, sp := range list {
				p := sp.Properties
				rows = append(rows, []string{sp.Name, p.CompletedAt, size(p.SizeBytes), p.Origin, fmt.Sprint(p.Version), fmt.Sprint(p.Complete), p.URI})
			}
			return a.table([]string{"NAME", "TIME", "SIZE", "ORIGIN", "VERSION", "COMPLETE", "URI"}, rows, "No savepoint yet. `drey job savepoint "+args[0]+"` takes one.")
		}})
}
