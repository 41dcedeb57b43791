package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

const filesAre = "Files hold resources in ARM's JSON, the same as YAML with one or more documents, lists of them, or an ARM template without functions.\n" +
	"A folder means all .json, .yaml and .yml files in it; - is standard input. A resource that no file names is left alone."

// fileFlags are those of the commands about files.
func fileFlags(c *cobra.Command, files *[]string) {
	c.Long = c.Short + ".\n\n" + filesAre
	c.Flags().StringArrayVarP(files, "file", "f", nil, "`file`, folder, or - for standard input; repeated for more")
	_ = c.MarkFlagFilename("file", "json", "yaml", "yml") // it was declared just now
}

func (a *app) planCommand() *cobra.Command {
	var files []string
	var code bool
	c := a.verb("plan", "Say what applying files would do", "  drey plan -f orders.yaml\n  drey plan -f prod/ --exit-code\n  drey cluster export orders | drey plan -f -", func(ctx context.Context, s *session, _ []string) error {
		p, err := s.planFiles(ctx, files)
		if err != nil {
			return what(err, "Cannot plan")
		}
		r := result{data: p, columns: []string{"NAME", "KIND", "ACT", "FIELD", "NOW", "WANTED"}, rows: p.rows(), text: p.text()}
		if p.changes() {
			r.text += " Apply exactly this: drey apply -f " + strings.Join(files, " -f ") + " --plan " + p.ID
		}
		if err := s.print(r); err != nil {
			return err
		}
		return differs(code && p.changes())
	})
	fileFlags(c, &files)
	c.Flags().BoolVar(&code, "exit-code", false, fmt.Sprintf("exit code %d if something would be done", exitDiffers))
	return c
}

func (a *app) diffCommand() *cobra.Command {
	var files []string
	var code bool
	c := a.verb("diff", "List where files and server differ", "  drey diff -f orders.yaml\n  drey diff -f prod/ --exit-code -o none", func(ctx context.Context, s *session, _ []string) error {
		p, err := s.planFiles(ctx, files)
		if err != nil {
			return what(err, "Cannot compare")
		}
		found := []resourceDiff{}
		r := result{columns: []string{"RESOURCE", "FIELD", "NOW", "WANTED"}, none: "Nothing differs."}
		for _, one := range p.Resources {
			if one.Act == actCreate {
				one.Changes = []difference{{"", "", "new"}}
			}
			for _, d := range one.Changes {
				r.rows = append(r.rows, []any{one.Name, d.Field, d.From, d.To})
				found = append(found, resourceDiff{one.Name, d})
			}
		}
		r.data = found
		if err := s.print(r); err != nil {
			return err
		}
		return differs(code && len(found) > 0)
	})
	fileFlags(c, &files)
	c.Flags().BoolVar(&code, "exit-code", false, fmt.Sprintf("exit code %d if something differs", exitDiffers))
	return c
}

// resourceDiff is a field in which a resource differs; without a field, the resource is new.
type resourceDiff struct {
	Resource string `json:"resource"`
	difference
}

// differs ends the program with its exit code for differences.
func differs(so bool) error {
	if !so {
		return nil
	}
	return &failure{Code: silent, Exit: exitDiffers, Why: "there are differences"}
}

func (a *app) applyCommand() *cobra.Command {
	var files []string
	var id string
	c := a.verb("apply", "Make the server's resources as files declare them", "  drey apply -f orders.yaml\n  drey apply -f prod/ --yes\n  drey apply -f prod/ --plan 5e77aa01c2d3", func(ctx context.Context, s *session, _ []string) error {
		return what(s.apply(ctx, files, id), "Cannot apply")
	})
	fileFlags(c, &files)
	c.Flags().StringVar(&id, "plan", "", "do exactly what the plan of this `id` said; if something changed since, do nothing")
	return c
}

func (s *session) apply(ctx context.Context, files []string, id string) error {
	p, err := s.planFiles(ctx, files)
	if err != nil {
		return err
	}
	again := "drey plan -f " + strings.Join(files, " -f ")
	if id != "" && id != p.ID {
		return &failure{Code: "PlanChanged", Exit: exitConflict, Why: "files or server changed since plan " + id + ": nothing was done", Hint: "`" + again + "` makes another plan"}
	}
	if p.changes() {
		s.note("%s", p.text())
		if id == "" {
			if err := s.ask("Go on?"); err != nil {
				return err
			}
		}
	}
	return s.applyAll(ctx, p)
}

// applied is what was done to a resource.
type applied struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Outcome   string `json:"outcome"` // created, changed, as declared; accepted with --no-wait
	Operation string `json:"operationId,omitempty"`
}

// applyAll does one after the other, and stops at the first that fails.
func (s *session) applyAll(ctx context.Context, p filePlan) error {
	done := []applied{}
	for i, one := range p.Resources {
		now, err := s.applyOne(ctx, one)
		if err != nil {
			f := *asFailure(err)
			f.What = fmt.Sprintf("Cannot apply %s %s", one.Kind, one.Name)
			f.Now = standingOf(done, p.Resources[i+1:])
			return &f
		}
		done = append(done, now)
	}
	r := result{data: done, columns: []string{"NAME", "KIND", "OUTCOME", "OPERATION"}}
	for _, d := range done {
		r.rows = append(r.rows, []any{d.Name, d.Kind, d.Outcome, id(d.Operation)})
	}
	return s.print(r)
}

func (s *session) applyOne(ctx context.Context, one planned) (applied, error) {
	now := applied{Kind: one.Kind, Name: one.Name, Outcome: "as declared"}
	header := ifMatch(one.etag)
	switch one.Act {
	case actKeep:
		return now, nil
	case actCreate:
		now.Outcome, header = "created", http.Header{"If-None-Match": {"*"}}
	case actChange:
		now.Outcome = "changed"
	}
	s.note("%s %s %s", marks[one.Act], one.Kind, one.Name)
	op, err := s.begin(ctx, http.MethodPut, one.of.path+"?api-version="+one.of.version, one.of.body, header)
	if err != nil {
		return now, err
	}
	now.Operation = op.id
	if s.flags.noWait && one.Kind != "pool" { // a cluster needs its pool
		now.Outcome = "accepted"
		return now, nil
	}
	ended, err := s.wait(ctx, op)
	if err != nil {
		return now, err
	}
	return now, operationFailure(ended)
}

// standingOf says what was done before a failure, and what was not begun.
func standingOf(done []applied, left []planned) string {
	var parts []string
	for _, d := range done {
		parts = append(parts, d.Name+" "+d.Outcome)
	}
	for _, one := range left {
		parts = append(parts, one.Name+" not begun")
	}
	return first(strings.Join(parts, ", "), "nothing else was to be done")
}
