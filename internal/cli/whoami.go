package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
)

// identity is who the server takes us for, by the words of the token, and where commands work.
type identity struct {
	Principal    string    `json:"principal"` // object id
	Application  string    `json:"application,omitempty"`
	Name         string    `json:"name,omitempty"`
	Tenant       string    `json:"tenant,omitempty"`
	Expires      time.Time `json:"expires,omitzero"`
	Server       string    `json:"server"`
	Context      string    `json:"context,omitempty"`
	Subscription string    `json:"subscription,omitempty"`
	Group        string    `json:"group,omitempty"`
	Pool         string    `json:"pool,omitempty"`
}

func (a *app) whoamiCommand() *cobra.Command {
	return a.verb("whoami", "Say who you are for the server, and where commands work", "  drey whoami\n  drey whoami -o tsv --query principal", func(ctx context.Context, s *session, _ []string) error {
		if _, err := s.about(ctx); err != nil { // the server itself says whether it knows us
			return what(err, "Cannot say who you are")
		}
		text, err := s.bearer(ctx)
		if err != nil {
			return what(err, "Cannot say who you are")
		}
		i := claimsOf(text)
		c := s.conn
		i.Server, i.Context, i.Subscription, i.Group, i.Pool = c.Endpoint, a.context, c.SubscriptionID, c.ResourceGroup, c.Pool
		return a.print(result{data: i, name: i.Principal, head: first(i.Name, i.Principal), facts: []fact{{"principal", i.Principal}, {"application", i.Application},
			{"tenant", i.Tenant}, {"token until", i.Expires}, {"server", i.Server}, {"context", i.Context}, {"subscription", i.Subscription}, {"group", i.Group}, {"pool", i.Pool}}})
	})
}

// claimsOf reads what a token says about its bearer. It proves nothing: the server checks it.
func claimsOf(token string) (i identity) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return i
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return i
	}
	var c struct {
		OID, Sub, AppID, TID, Name string
		Exp                        int64
	}
	if json.Unmarshal(text, &c) != nil {
		return i
	}
	i.Principal, i.Application, i.Tenant, i.Name = first(c.OID, c.Sub), c.AppID, c.TID, c.Name
	if c.Exp > 0 {
		i.Expires = time.Unix(c.Exp, 0).UTC()
	}
	return i
}

// build is one side's version.
type build struct {
	Version    string `json:"version"`
	APIVersion string `json:"apiVersion,omitempty"`
	Endpoint   string `json:"endpoint,omitempty"`
}

const versionTime = 2 * time.Second

func (a *app) versionCommand() *cobra.Command {
	var client, brief bool
	c := &cobra.Command{
		Use: "version", Short: "The versions of this program and of the server", Args: exactly(),
		Example: "  drey version\n  drey version --client\n  drey version --short\n  drey version -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ours := build{daemon.Version(), apiVersion, ""}
			if brief {
				return a.print(result{data: ours.Version, name: ours.Version, rows: [][]any{{ours.Version}}})
			}
			v := map[string]build{"client": ours}
			r := result{data: v, name: ours.Version, columns: []string{"PART", "VERSION", "API VERSION", "SERVER"}, rows: [][]any{{"client", ours.Version, ours.APIVersion, ""}}}
			if !client {
				ctx, cancel := context.WithTimeout(cmd.Context(), versionTime)
				defer cancel()
				if theirs, err := a.serverVersion(ctx); err == nil {
					v["server"] = theirs
					r.rows = append(r.rows, []any{"server", theirs.Version, "", theirs.Endpoint})
				} else if cmd.Context().Err() != nil {
					return cmd.Context().Err()
				} else {
					a.note("The server's version is not known: %s", asFailure(err).Why)
				}
			}
			return a.print(r)
		},
	}
	c.Flags().BoolVar(&client, "client", false, "of this program only; no server is asked")
	c.Flags().BoolVar(&brief, "short", false, "only this program's number")
	return c
}

func (a *app) serverVersion(ctx context.Context) (build, error) {
	s, err := a.connect()
	if err != nil {
		return build{}, err
	}
	about, err := s.about(ctx)
	if ctx.Err() != nil {
		err = &failure{Why: fmt.Sprintf("it did not answer within %v", versionTime), Exit: exitUnavailable}
	}
	return build{Version: about.Version, Endpoint: s.conn.Endpoint}, err
}
