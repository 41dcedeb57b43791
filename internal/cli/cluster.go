package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) clusterCommand() *cobra.Command {
	return a.group("cluster", "Create, look at, change and delete clusters",
		"  drey cluster create orders --jar target/orders.jar\n  drey cluster list\n  drey cluster show orders\n  drey cluster delete orders",
		a.clusterList(), a.clusterShow(), a.foreseen(a.clusterCreate()), a.matched(a.clusterUpdate()),
		a.matched(a.clusterResize()), a.matched(a.clusterDelete()), a.clusterWait(), a.clusterWatch(),
		a.clusterExport(), a.clusterVersions(), a.clusterUpgrade(), a.clusterDeclareDead())
}

func (a *app) clusterList() *cobra.Command {
	return a.verb("list", "List the pool's clusters", "  drey cluster list\n  drey cluster list -o tsv --query \"[?properties.status=='Running'].name\"",
		func(ctx context.Context, s *session, _ []string) error {
			return what(s.listClusters(ctx), "Cannot list clusters")
		})
}

func (s *session) listClusters(ctx context.Context) error {
	list, raw, err := s.clustersAsSaid(ctx)
	if err != nil {
		return err
	}
	r := result{data: raw, none: "No cluster yet. Create one with `drey cluster create NAME --jar FILE`.",
		columns: []string{"NAME", "PHASE", "JOB", "FLINK", "TM", "LAST ACTION", "AGE", "+PROVISIONING", "+POOL", "+DEPLOYMENT", "+ID"}}
	if s.json() {
		return s.print(r)
	}
	for _, c := range list {
		job, _, err := s.job(ctx, c.Name)
		if gone(err) {
			continue
		} else if err != nil {
			return what(err, "Cannot read the job of %q", c.Name)
		}
		p := job.Properties
		r.rows = append(r.rows, []any{c.Name, phase(c.Properties.Status), phase(p.Status), flinkOf(c), tms(c), lastAction(p.Action, p.ActionResult), createdAt(c),
			phase(c.Properties.ProvisioningState), s.conn.Pool, c.Properties.DeploymentID, c.ID})
	}
	return s.print(r)
}

// gone says that a cluster was deleted since the list was read.
func gone(err error) bool { return err != nil && asFailure(err).Exit == exitNotFound }

func lastAction(action, result string) string {
	return strings.TrimSpace(action + " " + strings.ToLower(result))
}

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

func createdAt(c v20261101.Cluster) time.Time {
	if c.SystemData == nil {
		return time.Time{}
	}
	return moment(c.SystemData.CreatedAt)
}

func (a *app) clusterShow() *cobra.Command {
	return a.verb("show CLUSTER", "Show one cluster", "  drey cluster show orders\n  drey cluster show orders -o yaml", func(ctx context.Context, s *session, args []string) error {
		return what(s.showCluster(ctx, args[0]), "Cannot show cluster %q", args[0])
	})
}

func (s *session) showCluster(ctx context.Context, name string) error {
	c, raw, err := s.cluster(ctx, name)
	if err != nil {
		return err
	}
	r := result{data: raw, name: c.Name}
	if s.json() {
		return s.print(r)
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
	r.head = fmt.Sprintf("%s · %s · job %s", c.Name, c.Properties.Status, statusAt(s.now(), c.Properties, first(p.Status, "–")))
	r.facts = []fact{
		{"provisioning", c.Properties.ProvisioningState}, {"flink", flinkOf(c)}, {"task managers", tms(c)},
		{"jar", strings.TrimRight(p.JobJarDirectory, "/") + "/" + p.JarName}, {"class", p.EntryClass},
		{"flink job", p.JobID}, {"last action", strings.TrimSpace(p.Action + " " + p.ActionResult)}, {"output", p.JobOutput},
		{"savepoint", p.LastSavePoint}, {"last gap", gap}, {"storage", storageOf(c)}, {"deployment", c.Properties.DeploymentID}, {"created", createdAt(c)}, {"id", c.ID},
	}
	return s.print(r)
}

// silentAfter is how old the newest observation of a job that runs may be: the server looks each second.
const silentAfter = 15 * time.Second

// statusAt is a job's status with the age of its observation. Of one that runs and is silent nobody knows it.
func statusAt(now time.Time, c v20261101.Properties, status string) string {
	if c.Observed == nil || c.Observed.At == "" {
		return status
	}
	seen := moment(c.Observed.At)
	if now.Sub(seen) > silentAfter && c.Status == "Running" {
		return fmt.Sprintf("Unknown since %s (was %s)", seen.UTC().Format(time.RFC3339), status)
	}
	return fmt.Sprintf("%s (observed %s ago)", status, age(now.Sub(seen)))
}

func storageOf(c v20261101.Cluster) string {
	if f := c.Properties.ClusterProfile.FlinkProfile; f != nil {
		return f.Storage.StorageURI
	}
	return ""
}

func (a *app) clusterDelete() *cobra.Command {
	var purge []string
	c := a.verb("delete NAME", "Delete a cluster; its savepoints, checkpoints and logs stay in storage",
		"  drey cluster delete orders\n  drey cluster delete orders --yes --purge checkpoints,savepoints",
		func(ctx context.Context, s *session, args []string) error {
			if err := a.ask(fmt.Sprintf("Delete cluster %q? Its job ends without a savepoint.", args[0])); err != nil {
				return err
			}
			path, err := s.clusterPath(args[0])
			if err != nil {
				return err
			}
			r := request{method: http.MethodDelete, path: path}
			if len(purge) > 0 {
				r.query = url.Values{"purge": {strings.Join(purge, ",")}}
			}
			return what(s.remove(ctx, r, "cluster"), "Cannot delete cluster %q", args[0])
		})
	c.Flags().StringSliceVar(&purge, "purge", nil, "also remove from storage: `checkpoints,logs,savepoints`")
	c.ValidArgsFunction = a.completeOne(clusterNames)
	return c
}

// remove deletes a resource and waits for it; one that is not there is no error.
func (s *session) remove(ctx context.Context, r request, kind string) error {
	a, err := s.do(ctx, s.asked(r))
	if err != nil {
		return err
	}
	if a.status == http.StatusNoContent {
		s.note("there is no such %s: nothing to delete", kind)
		return nil
	}
	op, err := s.startedBy(r, a)
	if err != nil {
		return err
	}
	return s.finish(ctx, op)
}

// send asks for a change of a resource and waits for it.
func (s *session) send(ctx context.Context, method, path string, body any, header http.Header) error {
	op, err := s.begin(ctx, method, path, body, header)
	if err != nil {
		return err
	}
	return s.finish(ctx, op)
}

// begin asks for a change of a resource.
func (s *session) begin(ctx context.Context, method, path string, body any, header http.Header) (started, error) {
	text, err := jsonOf(body)
	if err != nil {
		return started{}, err
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	r := s.asked(request{method: method, path: path, body: bytesBody(text), header: header})
	a, err := s.do(ctx, r)
	if err != nil {
		return started{}, err
	}
	return s.startedBy(r, a)
}
