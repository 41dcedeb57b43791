package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// pool is what we read of a cluster pool.
type pool struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	SystemData *struct {
		CreatedAt string `json:"createdAt"`
	} `json:"systemData"`
	Properties struct {
		ProvisioningState  string `json:"provisioningState"`
		Status             string `json:"status"`
		DeploymentID       string `json:"deploymentId"`
		ClusterPoolProfile struct {
			Version string `json:"clusterPoolVersion"`
		} `json:"clusterPoolProfile"`
		ComputeProfile struct {
			VMSize string `json:"vmSize"`
		} `json:"computeProfile"`
	} `json:"properties"`
}

func (p pool) created() (t time.Time) {
	if p.SystemData != nil {
		t = moment(p.SystemData.CreatedAt)
	}
	return t
}

func (a *app) poolCommand() *cobra.Command {
	c := a.group("pool", "Create, look at, change and delete cluster pools",
		"  drey pool list\n  drey pool create analytics --location local\n  drey pool versions",
		a.poolList(), a.poolShow(), a.foreseen(a.poolCreate()), a.matched(a.poolUpdate()), a.matched(a.poolDelete()), a.poolWait(), a.poolVersions())
	c.Aliases = []string{"clusterpool"} // az calls it so
	return c
}

func (a *app) poolList() *cobra.Command {
	return a.verb("list", "List the pools of the resource group", "  drey pool list\n  drey pool list -g prod -o wide", func(ctx context.Context, s *session, _ []string) error {
		r := result{columns: []string{"NAME", "LOCATION", "STATUS", "VERSION", "PROVISIONING", "AGE", "+VM SIZE", "+DEPLOYMENT", "+ID"}, none: "No pool yet. `drey pool create NAME` makes one."}
		list, raw, err := s.pools(ctx)
		if err != nil {
			return what(err, "Cannot list pools")
		}
		for _, p := range list {
			q := p.Properties
			r.rows = append(r.rows, []any{p.Name, p.Location, phase(q.Status), q.ClusterPoolProfile.Version, phase(q.ProvisioningState), p.created(),
				q.ComputeProfile.VMSize, q.DeploymentID, p.ID})
		}
		r.data = raw
		return a.print(r)
	})
}

func (a *app) poolShow() *cobra.Command {
	return a.verb("show [POOL]", "Show one pool; the one in use if none is named", "  drey pool show\n  drey pool show analytics -o json", func(ctx context.Context, s *session, args []string) error {
		return what(s.showPool(ctx, args), "Cannot show the pool")
	})
}

func (s *session) showPool(ctx context.Context, args []string) error {
	p, raw, err := s.pool(ctx, args)
	if err != nil {
		return err
	}
	q := p.Properties
	facts := []fact{{"location", p.Location}, {"provisioning", q.ProvisioningState}, {"version", q.ClusterPoolProfile.Version}, {"vm size", q.ComputeProfile.VMSize},
		{"created", p.created()}, {"deployment", q.DeploymentID}}
	for _, tag := range tagsOf(p.Tags) {
		facts = append(facts, fact{"tag", tag})
	}
	return s.print(result{data: raw, name: p.Name, head: fmt.Sprintf("%s · %s", p.Name, first(q.Status, q.ProvisioningState)), facts: append(facts, fact{"id", p.ID})})
}

func (a *app) poolCreate() *cobra.Command {
	var location, size, version string
	var tags []string
	c := a.verb("create NAME", "Create a cluster pool", "  drey pool create analytics\n  drey pool create analytics --location \"West US 3\" --tag team=flink",
		func(ctx context.Context, s *session, args []string) error {
			labels, err := pairs("--tag", tags)
			if err != nil {
				return err
			}
			body := map[string]any{"location": location, "properties": map[string]any{
				"clusterPoolProfile": map[string]any{"clusterPoolVersion": version}, "computeProfile": map[string]any{"vmSize": size}}}
			if len(labels) > 0 {
				body["tags"] = labels
			}
			at, err := s.namedPool(args)
			if err == nil {
				err = s.send(ctx, http.MethodPut, at, body, http.Header{"If-None-Match": {"*"}})
			}
			if err == nil && s.conn.Pool == "" {
				s.note("No pool is in use. %s makes it this one.", s.useOf(args[0]))
			}
			if err == nil && !s.flags.noWait {
				err = s.showPool(ctx, args)
			}
			return what(err, "Cannot create pool %q", args[0])
		})
	c.Flags().StringVar(&location, "location", "local", "`location`: the name of a target, or a region that leads to one")
	c.Flags().StringVar(&size, "vm-size", "Standard_D4s_v5", "`size` of the pool's own nodes: recorded, nothing is bought")
	c.Flags().StringVar(&version, "pool-version", "1.2", "`version` of the pool")
	c.Flags().StringArrayVar(&tags, "tag", nil, "tag, `key=value`; repeated for more")
	return c
}

// useOf is the command line that makes a pool the one in use: of the context, if there is one.
func (s *session) useOf(pool string) string {
	if s.context != "" {
		return fmt.Sprintf("`drey context set %s -p %s`", s.context, pool)
	}
	return fmt.Sprintf("`drey config set pool %s`", pool)
}

func (a *app) poolUpdate() *cobra.Command {
	var tags []string
	c := a.verb("update [POOL]", "Change the tags of a pool", "  drey pool update analytics --tag team=flink --tag cost=low",
		func(ctx context.Context, s *session, args []string) error {
			if len(tags) == 0 {
				return usage("for example --tag team=flink; all tags are replaced by those that are named", "nothing is named that could be changed")
			}
			labels, err := pairs("--tag", tags)
			if err != nil {
				return err
			}
			at, err := s.namedPool(args)
			if err == nil {
				err = s.send(ctx, http.MethodPatch, at, map[string]any{"tags": labels}, nil)
			}
			if err == nil && !s.flags.noWait {
				err = s.showPool(ctx, args)
			}
			return what(err, "Cannot change the pool")
		})
	c.Flags().StringArrayVar(&tags, "tag", nil, "tag, `key=value`; repeated for more: they replace those there are")
	return c
}

func (a *app) poolDelete() *cobra.Command {
	c := a.verb("delete NAME", "Delete a pool that has no clusters", "  drey pool delete analytics", func(ctx context.Context, s *session, args []string) error {
		if err := a.ask(fmt.Sprintf("Delete pool %q?", args[0])); err != nil {
			return err
		}
		at, err := s.namedPool(args)
		if err == nil {
			err = s.remove(ctx, request{method: http.MethodDelete, path: at}, "pool")
		}
		return what(err, "Cannot delete pool %q", args[0])
	})
	c.ValidArgsFunction = a.completeOne(poolNames)
	return c
}

func (a *app) poolWait() *cobra.Command {
	return a.waitCommand("wait [POOL]", "Wait until a pool is as asked", "  drey pool wait analytics --for provisioning=Succeeded\n  drey pool wait analytics --for deleted",
		"provisioning=Succeeded", []string{"provisioning"}, func(ctx context.Context, s *session, args []string) (map[string]string, error) {
			p, _, err := s.pool(ctx, args)
			return map[string]string{"provisioning": p.Properties.ProvisioningState}, err
		})
}

// flinkVersion is one of the versions that clusters can have.
type flinkVersion struct {
	Name       string `json:"name"`
	Properties struct {
		ClusterType    string `json:"clusterType"`
		ClusterVersion string `json:"clusterVersion"`
		OSSVersion     string `json:"ossVersion"`
		PoolVersion    string `json:"clusterPoolVersion"`
		IsPreview      bool   `json:"isPreview"`
		Components     []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"components"`
	} `json:"properties"`
}

func (a *app) poolVersions() *cobra.Command {
	return a.verb("versions [POOL]", "List the versions that clusters of a pool can have", "  drey pool versions\n  drey pool versions -o tsv --query \"[].properties.ossVersion\"",
		func(ctx context.Context, s *session, args []string) error {
			p, _, err := s.pool(ctx, args)
			if err != nil {
				return what(err, "Cannot list versions")
			}
			list, raw, err := both[flinkVersion](ctx, s, "/subscriptions/"+url.PathEscape(s.conn.SubscriptionID)+"/providers/Microsoft.HDInsight/locations/"+url.PathEscape(p.Location)+"/availableClusterVersions", nil)
			if err != nil {
				return what(err, "Cannot list versions")
			}
			r := result{data: raw, columns: []string{"NAME", "TYPE", "VERSION", "CLUSTER VERSION", "RUNS", "+POOL VERSION", "+PREVIEW"}, none: "Nothing can run here yet. `drey distribution install 2.3.0` installs Flink."}
			for _, v := range list {
				q := v.Properties
				runs := ""
				for _, part := range q.Components {
					if part.Name == q.ClusterType {
						runs = part.Version
					}
				}
				r.rows = append(r.rows, []any{v.Name, q.ClusterType, q.OSSVersion, q.ClusterVersion, first(runs, q.OSSVersion), q.PoolVersion, q.IsPreview})
			}
			return a.print(r)
		})
}
