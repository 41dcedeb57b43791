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
	for _, launch := range a.jobLaunches() {
		c.AddCommand(a.foreseen(launch))
	}
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
	a, err := s.do(ctx, s.asked(r))
	if err != nil {
		return err
	}
	op, err := s.startedBy(r, a)
	if err != nil {
		return err
	}
	if err := s.finish(ctx, op); err != nil || s.flags.noWait {
		return err
	}
	job, raw, err := s.job(ctx, name)
	if err != nil {
		return err
	}
	if job.Properties.Action == action && job.Properties.ActionResult == "FAILED" {
		return &failure{Code: "ActionFailed", Exit: exitOperation, Why: job.Properties.JobOutput, Operation: op.id}
	}
	return s.showJob(ctx, name, job, raw)
}

func (a *app) jobAction(verb, action, short, question string) *cobra.Command {
	subject := " CLUSTER"
	if question != "" {
		subject = " NAME" // what cannot be undone is not left to the settings
	}
	c := a.verb(verb+subject, short, "  drey job "+verb+" orders", func(ctx context.Context, s *session, args []string) error {
		if question != "" {
			if err := a.ask(fmt.Sprintf(question, args[0])); err != nil {
				return err
			}
		}
		return what(s.runAction(ctx, args[0], jobRequest{Action: action}), "Cannot %s %q", verb, args[0])
	})
	c.ValidArgsFunction = a.completeOne(clusterNames)
	return a.foreseen(c)
}

func (a *app) jobList() *cobra.Command {
	return a.verb("list", "List the jobs of the pool's clusters", "  drey job list", func(ctx context.Context, s *session, _ []string) error {
		clusters, err := s.clusters(ctx)
		if err != nil {
			return what(err, "Cannot list jobs")
		}
		jobs := []json.RawMessage{}
		r := result{columns: []string{"CLUSTER", "STATUS", "FLINK JOB", "LAST ACTION", "JAR", "+RUN"}, none: "No job yet. `drey cluster create` makes a cluster with its job."}
		for _, c := range clusters {
			j, raw, err := s.job(ctx, c.Name)
			if gone(err) {
				continue
			} else if err != nil {
				return what(err, "Cannot read the job of %q", c.Name)
			}
			p := j.Properties
			jobs = append(jobs, raw)
			r.rows = append(r.rows, []any{c.Name, phase(p.Status), p.JobID, lastAction(p.Action, p.ActionResult), p.JarName, p.RunID})
		}
		r.data = jobs
		return a.print(r)
	})
}

func (a *app) jobShow() *cobra.Command {
	return a.verb("show CLUSTER", "Show the job of a cluster", "  drey job show orders\n  drey job show orders -o json", func(ctx context.Context, s *session, args []string) error {
		j, raw, err := s.job(ctx, args[0])
		if err != nil {
			return what(err, "Cannot show the job of %q", args[0])
		}
		return what(s.showJob(ctx, args[0], j, raw), "Cannot show the job of %q", args[0])
	})
}

func (s *session) showJob(ctx context.Context, name string, j v20261101.Job, raw json.RawMessage) error {
	r := result{data: raw, name: name}
	if s.json() {
		return s.print(r)
	}
	gap, err := s.lastGap(ctx, name)
	if err != nil {
		return err
	}
	p := j.Properties
	args := ""
	if p.Args != nil {
		args = *p.Args
	}
	r.head = fmt.Sprintf("%s · job %s", p.JobName, first(p.Status, "–"))
	r.facts = []fact{{"last action", strings.TrimSpace(p.Action + " " + p.ActionResult)}, {"output", p.JobOutput},
		{"savepoint", p.LastSavePoint}, {"flink job", p.JobID}, {"run", p.RunID},
		{"jar", strings.TrimRight(p.JobJarDirectory, "/") + "/" + p.JarName}, {"class", p.EntryClass}, {"args", args}, {"last gap", gap}}
	return s.print(r)
}
