package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

// dryRunHeader asks the server what a request would do (docs/decisions/0005).
const dryRunHeader = "x-drey-dry-run"

// foreseen gives a command that asks for a change the flag --dry-run.
func (a *app) foreseen(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.flags.dryRun, "dry-run", false, "say what would be done, checked by the server, and do nothing")
	return c
}

// matched gives a command that changes a resource the flags --dry-run and --if-match.
func (a *app) matched(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&a.flags.ifMatch, "if-match", "", "only if the resource still has this `etag`: `-o json` shows it")
	return a.foreseen(c)
}

// asked puts what the flags say into a request that asks for a change. A tag that the user names goes before the one that was just read.
func (s *session) asked(r request) request {
	r.header = r.header.Clone()
	if r.header == nil {
		r.header = http.Header{}
	}
	if s.flags.dryRun {
		r.header.Set(dryRunHeader, "true")
	}
	if s.flags.ifMatch != "" {
		r.header.Set("If-Match", `"`+strings.Trim(s.flags.ifMatch, `"`)+`"`)
	}
	return r
}

// done is how a command ends that has told what would be done.
var done = &failure{Code: silent, Exit: exitOK}

// foretold tells what a request would do; nil if the answer is of one that does it.
func (s *session) foretold(a answer) error {
	if a.header.Get(dryRunHeader) != "true" {
		if s.flags.dryRun {
			return &failure{Code: "UnexpectedAnswer", Exit: exitFailed, Why: "the server knows no dry run: it may have done what was asked", Hint: "`drey version` shows the versions of both"}
		}
		return nil
	}
	var f v20261101.Foretold
	if err := json.Unmarshal(a.body, &f); err != nil {
		return fmt.Errorf("cannot read the server's answer: %w", err)
	}
	r := result{data: json.RawMessage(a.body), name: path.Base(f.ResourceID), head: path.Base(f.ResourceID) + " · dry run, nothing was done"}
	if f.Begins {
		r.facts = append(r.facts, fact{"would begin", strings.TrimSpace(f.Kind + " " + f.Action)}, fact{"steps", strings.Join(f.Steps, ", ")})
	} else {
		r.facts = append(r.facts, fact{"would begin", "nothing"})
	}
	for _, line := range f.Says {
		r.facts = append(r.facts, fact{"says", line})
	}
	if err := s.print(r); err != nil {
		return err
	}
	return done
}
