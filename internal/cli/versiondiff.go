package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

// difference is a field that two versions do not have alike; "" = one of them has it not.
type difference struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

func (a *app) versionDiff() *cobra.Command {
	c := a.verb("diff CLUSTER [FROM [TO]]", "Say what differs between two versions",
		"  drey cluster version diff orders\n  drey cluster version diff orders 3\n  drey cluster version diff orders 3 5 -o json",
		func(ctx context.Context, s *session, args []string) error {
			all, _, err := s.versions(ctx, args[0])
			if err != nil {
				return what(err, "Cannot compare the versions of %q", args[0])
			}
			from, to, err := pair(all, args[1:])
			if err != nil {
				return what(err, "Cannot compare the versions of %q", args[0])
			}
			return a.showDiff(from, to)
		})
	c.Long = "Says what differs between two versions: fields, configuration, and operators by uid or id. TO is the newest if absent; FROM\n" +
		"the one before it that runs, else the newest that was good. Configuration that is secret is not compared."
	return c
}

// pair finds the two versions to compare. all is newest first.
func pair(all []v20261101.JobVersion, named []string) (from, to v20261101.JobVersion, err error) {
	if len(all) < 2 && len(named) == 0 {
		return from, to, &failure{Code: "NothingToCompare", Exit: exitFailed, Why: "there is one version only"}
	}
	if len(named) == 2 {
		if to, err = pick(all, named[1]); err != nil {
			return from, to, err
		}
	} else if len(all) > 0 {
		to = all[0]
	}
	if len(named) > 0 {
		from, err = pick(all, named[0])
		return from, to, err
	}
	older := all[1:]
	at := slices.IndexFunc(older, func(v v20261101.JobVersion) bool { return v.Properties.Running })
	if at < 0 {
		at = slices.IndexFunc(older, func(v v20261101.JobVersion) bool { return v.Properties.GoodAt != "" })
	}
	return older[max(at, 0)], to, nil
}

func pick(all []v20261101.JobVersion, name string) (v20261101.JobVersion, error) {
	i := slices.IndexFunc(all, func(v v20261101.JobVersion) bool { return v.Name == name })
	if i < 0 {
		return v20261101.JobVersion{}, &failure{Code: "VersionNotFound", Exit: exitNotFound, Why: fmt.Sprintf("there is no version %q", name), Hint: "`drey cluster version list` shows them"}
	}
	return all[i], nil
}

func (a *app) showDiff(from, to v20261101.JobVersion) error {
	found := differences(from.Properties, to.Properties)
	for _, v := range []v20261101.JobVersion{from, to} {
		if len(v.Properties.Operators) == 0 {
			a.note("The operators of version %s are not known: it was never rehearsed.", v.Name)
		}
	}
	r := result{data: map[string]any{"from": from.Properties.Number, "to": to.Properties.Number, "differences": found},
		columns: []string{"FIELD", "VERSION " + from.Name, "VERSION " + to.Name}, none: "Versions " + from.Name + " and " + to.Name + " do not differ."}
	for _, d := range found {
		r.rows = append(r.rows, []any{d.Field, d.From, d.To})
	}
	return a.print(r)
}

// differences compares two versions field by field; their operators only where those of both are known.
func differences(from, to v20261101.JobVersionProperties) []difference {
	a, b := fieldsOf(from), fieldsOf(to)
	if len(from.Operators) > 0 && len(to.Operators) > 0 {
		addOperators(a, from.Operators)
		addOperators(b, to.Operators)
	}
	union := maps.Clone(a)
	maps.Copy(union, b)
	found := []difference{}
	for _, field := range sortedKeys(union) {
		if a[field] != b[field] {
			found = append(found, difference{field, a[field], b[field]})
		}
	}
	return found
}
