package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) clusterCommand() *cobra.Command {
	return a.group("cluster", "Create, look at and delete clusters",
		"  drey cluster create orders --jar target/orders.jar\n  drey cluster list\n  drey cluster show orders\n  drey cluster delete orders",
		a.clusterList(), a.clusterShow(), a.clusterCreate(), a.clusterDelete(), a.clusterWait(), a.clusterVersions())
}

func (a *app) clusterList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the pool's clusters", Args: exactly(), Example: "  drey cluster list\n  drey cluster list -o json", RunE: func(cmd *cobra.Command, _ []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		list, err := s.clusters(cmd.Context())
		if err != nil {
			return what(err, "Cannot list clusters")
		}
		if a.json() {
			return a.printJSON(list)
		}
		var rows [][]string
		for _, c := range list {
			job, _, err := s.job(cmd.Context(), c.Name)
			if gone(err) {
				continue
			} else if err != nil {
				return what(err, "Cannot read the job of %q", c.Name)
			}
			p := job.Properties
			rows = append(rows, []string{c.Name, c.Properties.Status, p.Status, flinkOf(c), tms(c), strings.TrimSpace(p.Action + " " + strings.ToLower(p.ActionResult)), createdAge(c)})
		}
		return a.table([]string{"NAME", "PHASE", "JOB", "FLINK", "TM", "LAST ACTION", "AGE"}, rows, "No cluster yet. Create one with `drey cluster create NAME --jar FILE`.")
	}}
}

// gone says that a cluster was deleted since the list was read.
func gone(err error) bool { return err != nil && asFailure(err).Exit == exitNotFound }

func flinkOf(c v20261101.Cluster) string {
	for _, part := range c.Properties.ClusterProfile.Components {
		if part.Name == "Flink" {
			return part.Version
		}
	}
	return c.Properties.ClusterProfile.OSSVersion
}

func tms(c v20261101.Cluster) string {
	if c.Properties.Observed == nil {
		return ""
	}
	return fmt.Sprint(c.Properties.Observed.TaskManagers)
}

func createdAge(c v20261101.Cluster) string {
	if c.SystemData == nil {
		return ""
	}
	return since(time.Now(), moment(c.SystemData.CreatedAt))
}

func (a *app) clusterShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show one cluster", Args: exactly("NAME"), Example: "  drey cluster show orders\n  drey cluster show orders -o json", RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.connect()
		if err != nil {
			return err
		}
		return what(s.showCluster(cmd.Context(), args[0]), "Cannot show cluster %q", args[0])
	}}
}

func (s *session) showCluster(ctx context.Context, name string) error {
	c, raw, err := s.cluster(ctx, name)
	if err != nil {
		return err
	}
	if s.json() {
		return s.printJSON(raw)
	}
	job, _, err := s.job(ctx, name)
	if err != nil {
		return err
	}
	gap, err := s.lastGap(ctx, name)
	if err != nil {
		return err
	}
	p := job.Properties
	observed := ""
	if o := c.Properties.Observed; o != nil {
		observed = since(time.Now(), moment(o.At))
	}
	head := fmt.Sprintf("%s · %s · job %s", c.Name, c.Properties.Status, first(p.Status, "–"))
	if observed != "" {
		head += " (observed " + observed + " ago)"
	}
	fmt.Fprintln(s.out, clean(head))
	return s.facts(
		[2]string{"provisioning", c.Properties.ProvisioningState}, [2]string{"flink", flinkOf(c)}, [2]string{"task managers", tms(c)},
		[2]string{"jar", strings.TrimRight(p.JobJarDirectory, "/") + "/" + p.JarName}, [2]string{"class", p.EntryClass},
		[2]string{"flink job", p.JobID}, [2]string{"last action", strings.TrimSpace(p.Action + " " + p.ActionResult)}, [2]string{"output", p.JobOutput},
		[2]string{"savepoint", p.LastSavePoint}, [2]string{"last gap", gap}, [2]string{"storage", storageOf(c)}, [2]string{"deployment", c.Properties.DeploymentID}, [2]string{"id", c.ID},
	)
}

func storageOf(c v20261101.Cluster) string {
	if f := c.Properties.ClusterProfile.FlinkProfile; f != nil {
		return f.Storage.StorageURI
	}
	return ""
}

func (a *app) clusterDelete() *cobra.Command {
	var purge []string
	c := &cobra.Command{
		Use: "delete NAME", Short: "Delete a cluster; its savepoints, checkpoints and logs stay in storage", Args: exactly("NAME"),
		Example: "  drey cluster delete orders\n  drey cluster delete orders --yes --purge checkpoints,savepoints",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.connect()
			if err != nil {
				return err
			}
			if err := a.ask(fmt.Sprintf("Delete cluster %q? Its job ends without a savepoint.", args[0])); err != nil {
				return err
			}
			path, err := s.clusterPath(args[0])
			if err != nil {
				return err
			}
			r := request{method: http.MethodDelete, path: path}
			if len(purge) > 0 {
				r.query = map[string][]string{"purge": {strings.Join(purge, ",")}}
			}
			return what(s.deleteCluster(cmd.Context(), r), "Cannot delete cluster %q", args[0])
		},
	}
	c.Flags().StringSliceVar(&purge, "purge", nil, "also remove from storage: `checkpoints,logs,savepoints`")
	return c
}

func (s *session) deleteCluster(ctx context.Context, r request) error {
	a, err := s.do(ctx, r)
	if err != nil {
		return err
	}
	if a.status == http.StatusNoContent {
		s.note("there is no such cluster: nothing to delete")
		return nil
	}
	op, err := s.startedBy(a)
	if err != nil {
		return err
	}
	return s.finish(ctx, op)
}

func (a *app) clusterWait() *cobra.Command {
	var conditions []string
	c := &cobra.Command{
		Use: "wait NAME", Short: "Wait until a cluster is as asked", Args: exactly("NAME"),
		Example: "  drey cluster wait orders --for phase=Running\n  drey cluster wait orders --for job=RUNNING --timeout 5m\n  drey cluster wait orders --for deleted",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.connect()
			if err != nil {
				return err
			}
			for _, c := range conditions {
				if k, v, ok := strings.Cut(c, "="); c != "deleted" && (!ok || v == "" || k != "phase" && k != "job") {
					return usage("phase=Running, job=RUNNING or deleted", "--for %q is no condition", c)
				}
			}
			return what(s.waitFor(cmd.Context(), args[0], conditions), "Cannot wait for cluster %q", args[0])
		},
	}
	c.Flags().StringArrayVar(&conditions, "for", []string{"phase=Running"}, "`condition`: phase=…, job=…, deleted; repeated: all of them")
	return c
}

func (s *session) waitFor(ctx context.Context, name string, conditions []string) error {
	ctx, cancel := context.WithTimeout(ctx, s.flags.timeout)
	defer cancel()
	for {
		met, err := s.met(ctx, name, conditions)
		if err == nil && met {
			return nil
		}
		if err == nil {
			err = sleep(ctx, pollFirst)
		}
		if ctx.Err() == context.DeadlineExceeded {
			return &failure{Code: "Timeout", Exit: exitTimeout, Why: fmt.Sprintf("%s is not so after %v", strings.Join(conditions, ", "), s.flags.timeout)}
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) met(ctx context.Context, name string, conditions []string) (bool, error) {
	c, _, err := s.cluster(ctx, name)
	deleted := gone(err)
	if err != nil && !deleted {
		return false, err
	}
	for _, cond := range conditions {
		kind, value, _ := strings.Cut(cond, "=")
		switch {
		case kind == "deleted":
			if !deleted {
				return false, nil
			}
		case deleted:
			return false, err
		case kind == "phase":
			if !strings.EqualFold(c.Properties.Status, value) {
				return false, nil
			}
		default:
			if o := c.Properties.Observed; o == nil || !strings.EqualFold(o.Job.Status, value) {
				return false, nil
			}
		}
	}
	return true, nil
}
