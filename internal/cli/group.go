package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// resourceGroup is what we read of a resource group.
type resourceGroup struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags"`
}

func (a *app) groupCommand() *cobra.Command {
	return a.group("group", "Create, look at and delete resource groups, which hold pools",
		"  drey group list\n  drey group create analytics --location local\n  drey group delete analytics",
		a.groupList(), a.groupShow(), a.groupCreate(), a.groupDelete())
}

// namedGroup is the ARM id of the resource group that is named first, else of the one in use.
func (s *session) namedGroup(args []string) (string, error) {
	if len(args) > 0 {
		s.conn.ResourceGroup = args[0]
	}
	return s.groupPath()
}

func (a *app) groupList() *cobra.Command {
	return a.verb("list", "List the resource groups of the subscription", "  drey group list", func(ctx context.Context, s *session, _ []string) error {
		if s.conn.SubscriptionID == "" {
			return nowhere("--subscription")
		}
		list, raw, err := both[resourceGroup](ctx, s, "/subscriptions/"+url.PathEscape(s.conn.SubscriptionID)+"/resourceGroups", nil)
		if err != nil {
			return what(err, "Cannot list resource groups")
		}
		r := result{data: raw, columns: []string{"NAME", "LOCATION", "TAGS", "+ID"}, none: "No resource group yet. `drey group create NAME` makes one."}
		for _, g := range list {
			r.rows = append(r.rows, []any{g.Name, g.Location, strings.Join(tagsOf(g.Tags), ", "), g.ID})
		}
		return a.print(r)
	})
}

func (a *app) groupShow() *cobra.Command {
	return a.verb("show [GROUP]", "Show one resource group; the one in use if none is named", "  drey group show analytics", func(ctx context.Context, s *session, args []string) error {
		at, err := s.namedGroup(args)
		if err == nil {
			err = s.showGroup(ctx, http.MethodGet, at, nil)
		}
		return what(err, "Cannot show the resource group")
	})
}

// showGroup shows what a request answers: a resource group.
func (s *session) showGroup(ctx context.Context, method, at string, body []byte) error {
	r := request{method: method, path: at}
	if body != nil {
		r.body, r.header = bytesBody(body), http.Header{"Content-Type": {"application/json"}}
	}
	a, err := s.do(ctx, r)
	if err != nil {
		return err
	}
	var g resourceGroup
	if err := json.Unmarshal(a.body, &g); err != nil {
		return fmt.Errorf("cannot understand the server's answer: %w", err)
	}
	facts := []fact{{"location", g.Location}}
	for _, tag := range tagsOf(g.Tags) {
		facts = append(facts, fact{"tag", tag})
	}
	return s.print(result{data: json.RawMessage(a.body), name: g.Name, head: g.Name, facts: append(facts, fact{"id", g.ID})})
}

func (a *app) groupCreate() *cobra.Command {
	var location string
	var tags []string
	c := a.verb("create NAME", "Create a resource group, or change the tags of one", "  drey group create analytics --tag team=flink", func(ctx context.Context, s *session, args []string) error {
		labels, err := pairs("--tag", tags)
		if err != nil {
			return err
		}
		body := map[string]any{"location": location}
		if len(labels) > 0 {
			body["tags"] = labels
		}
		text, err := jsonOf(body)
		if err != nil {
			return err
		}
		at, err := s.namedGroup(args)
		if err == nil {
			err = s.showGroup(ctx, http.MethodPut, at, text)
		}
		return what(err, "Cannot create resource group %q", args[0])
	})
	c.Flags().StringVar(&location, "location", "local", "`location`: the name of a target, or a region that leads to one")
	c.Flags().StringArrayVar(&tags, "tag", nil, "tag, `key=value`; repeated for more")
	return c
}

func (a *app) groupDelete() *cobra.Command {
	c := a.verb("delete NAME", "Delete a resource group with all its pools and clusters", "  drey group delete analytics", func(ctx context.Context, s *session, args []string) error {
		return what(s.deleteGroup(ctx, args), "Cannot delete resource group %q", args[0])
	})
	c.Long = "Deletes a resource group with all its pools and clusters: their jobs end at once, without a savepoint. Savepoints, checkpoints and logs\n" +
		"stay in the storage accounts. If something in it cannot be deleted, the group stays, and says why."
	return c
}

func (s *session) deleteGroup(ctx context.Context, args []string) error {
	at, err := s.namedGroup(args)
	if err != nil {
		return err
	}
	inside, err := s.inside(ctx, at)
	if err != nil {
		return err
	}
	if err := s.ask(fmt.Sprintf("Delete resource group %q with %s?", args[0], inside)); err != nil {
		return err
	}
	r := request{method: http.MethodDelete, path: at}
	a, err := s.do(ctx, r)
	if err != nil || a.status == http.StatusOK { // it was empty
		return err
	}
	op, err := s.startedBy(r, a)
	if err != nil {
		return err
	}
	return s.finish(ctx, op)
}

// inside tells what is in a resource group.
func (s *session) inside(ctx context.Context, at string) (string, error) {
	pools, err := all[pool](ctx, s, at+poolsBelow, nil)
	if err != nil || len(pools) == 0 {
		return "nothing in it", err
	}
	var names []string
	for _, p := range pools {
		clusters, err := all[struct{ Name string }](ctx, s, p.ID+"/clusters", nil)
		if err != nil {
			return "", err
		}
		for _, c := range clusters {
			names = append(names, p.Name+"/"+c.Name)
		}
	}
	text := fmt.Sprintf("%s and %s", counted(len(pools), "pool"), counted(len(names), "cluster"))
	if len(names) > 0 {
		text += " (" + strings.Join(names[:min(5, len(names))], ", ") + map[bool]string{true: ", …"}[len(names) > 5] + ")"
	}
	return text, nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
