package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"
)

func (a *app) contextCommand() *cobra.Command {
	return a.group("context", "Name the servers you work with, and change between them",
		"  drey context set dev --connection .drey/connection.json\n  drey context use dev\n  drey --context prod cluster list",
		a.contextList(), a.contextShow(), a.contextUse(), a.contextSet(), a.contextDelete())
}

// contextView is a context as scripts see it.
type contextView struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	place
}

func (a *app) contextList() *cobra.Command {
	return a.local("list", "List the contexts", "  drey context list", func([]string) error {
		r := result{columns: []string{"NAME", "CURRENT", "SERVER", "GROUP", "POOL", "+SUBSCRIPTION", "+CONFIRM"}, none: "No context yet. `drey context set NAME --connection FILE` makes one."}
		all := []contextView{}
		for _, name := range sortedKeys(a.settings.Contexts) {
			p := a.settings.Contexts[name]
			all = append(all, contextView{name, name == a.context, p})
			current := ""
			if name == a.context {
				current = "*"
			}
			r.rows = append(r.rows, []any{name, current, first(p.Server, p.Connection), p.Group, p.Pool, p.Subscription, p.Confirm})
		}
		r.data = all
		return a.print(r)
	})
}

func (a *app) contextShow() *cobra.Command {
	return a.local("show [CONTEXT]", "Show a context; the current one if none is named", "  drey context show dev", func(args []string) error {
		name := a.context
		if len(args) > 0 {
			name = args[0]
		}
		p, known := a.settings.Contexts[name]
		switch {
		case name == "":
			return usage("`drey context use NAME` chooses one", "no context is in use")
		case !known:
			return noContext(name)
		}
		return a.print(result{data: contextView{name, name == a.context, p}, name: name, head: name, facts: []fact{
			{"connection", p.Connection}, {"server", p.Server}, {"ca", p.CA}, {"subscription", p.Subscription}, {"group", p.Group}, {"pool", p.Pool}, {"confirm", p.Confirm}}})
	})
}

func (a *app) contextUse() *cobra.Command {
	return a.local("use CONTEXT", "Make a context the current one", "  drey context use dev", func(args []string) error {
		if _, known := a.settings.Contexts[args[0]]; !known {
			return noContext(args[0])
		}
		a.settings.Current = args[0]
		return a.keep()
	})
}

func (a *app) contextSet() *cobra.Command {
	var server, ca, confirm string
	c := a.local("set CONTEXT", "Make a context, or change one; what is not named stays as it is",
		"  drey context set dev --connection .drey/connection.json\n  drey context set prod --server https://flink.example --ca ca.pem -g prod -p analytics --confirm always",
		func(args []string) error {
			if confirm != "" && confirm != confirmAlways && confirm != "no" {
				return usage("", "--confirm %q is neither always nor no", confirm)
			}
			p := a.settings.Contexts[args[0]]
			old := p
			for _, part := range []struct {
				of        *string
				value     string
				isAddress bool
			}{{&p.Connection, a.flags.connection, true}, {&p.CA, ca, true}, {&p.Server, server, false}, {&p.Subscription, a.flags.subscription, false},
				{&p.Group, a.flags.group, false}, {&p.Pool, a.flags.pool, false}, {&p.Confirm, confirm, false}} {
				if part.isAddress && part.value != "" && !filepath.IsAbs(part.value) {
					part.value = filepath.Join(a.dir, part.value) // the context is used from other folders too
				}
				*part.of = first(part.value, *part.of)
			}
			if p == old {
				return usage("for example --connection .drey/connection.json", "nothing is named that the context could be set to")
			}
			if p.Confirm == "no" {
				p.Confirm = ""
			}
			if a.settings.Contexts == nil {
				a.settings.Contexts = map[string]place{}
			}
			a.settings.Contexts[args[0]] = p
			return a.keep()
		})
	c.Flags().StringVar(&server, "server", "", "`URL` of a server without a connection file; its token comes from DREY_TOKEN")
	c.Flags().StringVar(&ca, "ca", "", "`file` with the server's CA")
	c.Flags().StringVar(&confirm, "confirm", "", "`always`: ask even with --yes; no: only without")
	return c
}

func (a *app) contextDelete() *cobra.Command {
	return a.local("delete CONTEXT", "Forget a context", "  drey context delete dev", func(args []string) error {
		if _, known := a.settings.Contexts[args[0]]; !known {
			return noContext(args[0])
		}
		delete(a.settings.Contexts, args[0])
		if a.settings.Current == args[0] {
			a.settings.Current = ""
		}
		return a.keep()
	})
}
