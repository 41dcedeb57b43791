package cli

import (
	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

func (a *app) configCommand() *cobra.Command {
	return a.group("config", "Say once what commands shall use: pool, cluster, output, …",
		"  drey config set pool analytics\n  drey config set output wide\n  drey config list --show-origin",
		a.configList(), a.configGet(), a.configSet(), a.configUnset(), a.configCheck())
}

// settingView is a setting as scripts see it.
type settingView struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func (a *app) configList() *cobra.Command {
	var origin bool
	c := a.local("list", "List what holds here", "  drey config list\n  drey config list --show-origin", func([]string) error {
		r := result{columns: []string{"NAME", "VALUE", "+ORIGIN"}}
		if origin {
			r.columns[2] = "ORIGIN"
		}
		views := []settingView{}
		for _, s := range settable {
			value, from := a.held(s)
			views = append(views, settingView{s.name, value, from})
			r.rows = append(r.rows, []any{s.name, value, from})
		}
		r.data = views
		return a.print(r)
	})
	c.Flags().BoolVar(&origin, "show-origin", false, "say where each value comes from")
	return c
}

func (a *app) configGet() *cobra.Command {
	return a.local("get SETTING", "Print the value that holds here", "  drey config get pool", func(args []string) error {
		s, err := settingOf(args[0])
		if err != nil {
			return err
		}
		value, from := a.held(s)
		return a.print(result{data: settingView{s.name, value, from}, name: value, rows: [][]any{{value}}})
	})
}

func (a *app) configSet() *cobra.Command {
	return a.local("set SETTING VALUE", "Keep a value", "  drey config set pool analytics", func(args []string) error {
		s, err := settingOf(args[0])
		if err == nil {
			err = s.check(args[1], "as asked")
		}
		if err != nil {
			return err
		}
		if a.settings.Defaults == nil {
			a.settings.Defaults = map[string]string{}
		}
		a.settings.Defaults[s.name] = args[1]
		return a.keep()
	})
}

func (a *app) configUnset() *cobra.Command {
	return a.local("unset SETTING", "Keep a value no longer", "  drey config unset pool", func(args []string) error {
		s, err := settingOf(args[0])
		if err != nil {
			return err
		}
		delete(a.settings.Defaults, s.name)
		return a.keep()
	})
}

// held is a setting's value, also where only the connection file has it.
func (a *app) held(s setting) (value, origin string) {
	value, origin = a.value(s)
	places := map[string]func(daemon.Connection) string{
		"subscription": func(c daemon.Connection) string { return c.SubscriptionID },
		"group":        func(c daemon.Connection) string { return c.ResourceGroup },
		"pool":         func(c daemon.Connection) string { return c.Pool },
	}
	if of := places[s.name]; of != nil && value == "" {
		if conn, err := a.server(); err == nil && of(conn) != "" { // without a server there is no more to say
			return of(conn), "connection"
		}
	}
	return value, origin
}
