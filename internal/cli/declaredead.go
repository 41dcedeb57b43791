package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) clusterDeclareDead() *cobra.Command {
	c := a.verb("declare-dead NAME", "Say that what cannot be seen of a cluster's processes is dead",
		"  drey cluster declare-dead orders\n  drey cluster declare-dead orders --yes",
		func(ctx context.Context, s *session, args []string) error {
			if err := a.ask(fmt.Sprintf("Is it sure that nothing runs any more of the processes of cluster %q that cannot be seen? If one does, two copies of its job write.", args[0])); err != nil {
				return err
			}
			return what(s.declareDead(ctx, args[0]), "Cannot declare dead what is silent of %q", args[0])
		})
	c.Long = `Says that those processes of a cluster are dead of which nothing is heard, as on a machine that is switched off for good. Drey starts nothing
in their place before their end is proved, or a person says so: this is how. It is written into the audit with your name.

Be sure first: switch the machine off, or take it from the network and the storage. If one of them still runs, two copies of the job write.
What still answers of them is killed. The job then goes on from its newest complete state.`
	c.ValidArgsFunction = a.completeOne(clusterNames)
	return c
}

func (s *session) declareDead(ctx context.Context, name string) error {
	path, err := s.clusterPath(name)
	if err != nil {
		return err
	}
	a, err := s.do(ctx, request{method: http.MethodPost, path: path + "/declareDead"})
	if err != nil {
		return err
	}
	var declared listOf[v20261101.Incarnation]
	if err := json.Unmarshal(a.body, &declared); err != nil {
		return fmt.Errorf("cannot understand the server's answer: %w", err)
	}
	r := result{data: declared.Value, columns: []string{"ID", "VERSION", "PHASE", "AGE", "DECLARED DEAD BY"}}
	for _, i := range declared.Value {
		p := i.Properties
		r.rows = append(r.rows, []any{id(p.ID), p.Version, phase(p.Phase), moment(p.CreatedAt), p.DeclaredBy})
	}
	return s.print(r)
}
