package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// waitCommand makes the `wait` of a kind of resource. now answers the words that hold of one, by the kinds of conditions.
func (a *app) waitCommand(use, short, example, usual string, kinds []string, now func(ctx context.Context, s *session, args []string) (map[string]string, error)) *cobra.Command {
	var conditions []string
	c := a.verb(use, short, example, func(ctx context.Context, s *session, args []string) error {
		for _, c := range conditions {
			if kind, word, _ := strings.Cut(c, "="); c != "deleted" && (word == "" || !slices.Contains(kinds, kind)) {
				return usage("deleted, or one of "+strings.Join(kinds, "=…, ")+"=…", "--for %q is no condition", c)
			}
		}
		look := func(ctx context.Context) (bool, error) {
			words, err := now(ctx, s, args)
			deleted := gone(err)
			if deleted && slices.Contains(conditions, "deleted") {
				err = nil
			}
			return err == nil && holds(conditions, words, deleted), err
		}
		return what(s.waitUntil(ctx, look, strings.Join(conditions, ", ")), "Cannot wait for %s", strings.Join(args, " "))
	})
	c.Flags().StringArrayVar(&conditions, "for", []string{usual}, "`condition`: "+strings.Join(kinds, "=…, ")+"=… or deleted; repeated: all of them")
	return c
}

// holds reports whether all conditions are so.
func holds(conditions []string, now map[string]string, deleted bool) bool {
	for _, c := range conditions {
		kind, word, _ := strings.Cut(c, "=")
		if kind == "deleted" && !deleted || kind != "deleted" && (deleted || !strings.EqualFold(now[kind], word)) {
			return false
		}
	}
	return true
}

// waitUntil looks again and again, until it is so.
func (s *session) waitUntil(ctx context.Context, look func(context.Context) (bool, error), wanted string) error {
	ctx, cancel := context.WithTimeout(ctx, s.flags.timeout)
	defer cancel()
	for {
		so, err := look(ctx)
		if err == nil && so {
			return nil
		}
		if err == nil {
			err = s.sleep(ctx, pollFirst)
		}
		if ctx.Err() == context.DeadlineExceeded {
			return &failure{Code: "Timeout", Exit: exitTimeout, Why: fmt.Sprintf("%s is not so after %v", wanted, s.flags.timeout)}
		}
		if err != nil {
			return err
		}
	}
}

func (a *app) clusterWait() *cobra.Command {
	return a.waitCommand("wait CLUSTER", "Wait until a cluster is as asked",
		"  drey cluster wait orders --for phase=Running\n  drey cluster wait orders --for job=RUNNING --timeout 5m\n  drey cluster wait orders --for deleted",
		"phase=Running", []string{"phase", "job", "provisioning"},
		func(ctx context.Context, s *session, args []string) (map[string]string, error) {
			c, _, err := s.cluster(ctx, args[0])
			now := map[string]string{"phase": c.Properties.Status, "provisioning": c.Properties.ProvisioningState}
			if o := c.Properties.Observed; o != nil {
				now["job"] = o.Job.Status
			}
			return now, err
		})
}

// watchEvery is how often `watch` looks.
const watchEvery = time.Second

func (a *app) clusterWatch() *cobra.Command {
	return a.verb("watch CLUSTER", "Watch a cluster: a line for each change; on a terminal the newest one also tells the time of the last look", "  drey cluster watch orders\n  drey cluster watch orders | tee orders.log",
		func(ctx context.Context, s *session, args []string) error {
			return what(s.watch(ctx, args[0]), "Cannot watch cluster %q", args[0])
		})
}

// sight is how a cluster is at one look.
type sight struct {
	Time         string `json:"time,omitempty"`
	Name         string `json:"name"`
	Phase        string `json:"phase"`
	Job          string `json:"job"`
	Action       string `json:"action,omitempty"`
	ActionResult string `json:"actionResult,omitempty"`
	TaskManagers string `json:"taskManagers,omitempty"`
}

func (v sight) String() string {
	line := fmt.Sprintf("%s · %s · job %s", v.Name, v.Phase, first(v.Job, "–"))
	if v.Action != "" {
		line += " · " + lastAction(v.Action, v.ActionResult)
	}
	if v.TaskManagers != "" {
		line += " · " + v.TaskManagers + " task managers"
	}
	return clean(line)
}

func (s *session) watch(ctx context.Context, name string) error {
	var shown sight
	for {
		now, err := s.sight(ctx, name)
		switch {
		case ctx.Err() != nil:
			return &failure{Code: "Interrupted", Exit: exitInterrupted, Why: "stopped watching"}
		case gone(err) && shown != sight{}:
			s.note("the cluster was deleted")
			return nil
		case err != nil:
			return err
		}
		if err := s.showSight(now, shown); err != nil {
			return err
		}
		shown = now
		_ = s.sleep(ctx, watchEvery) // the next look says what ended it
	}
}

// showSight shows a look: in place on a terminal, elsewhere only what changed.
func (s *session) showSight(now, before sight) (err error) {
	at := s.now().UTC().Format(time.RFC3339)
	switch {
	case s.form() == outNone:
	case s.scripted() && now != before:
		now.Time = at
		err = s.asLines(now)
	case s.scripted():
	case s.outTTY && now == before:
		_, err = fmt.Fprintf(s.out, "\x1b[1A\r\x1b[K%s %s\n", at, now)
	case now != before:
		_, err = fmt.Fprintf(s.out, "%s %s\n", at, now)
	}
	return err
}

func (s *session) sight(ctx context.Context, name string) (sight, error) {
	c, _, err := s.cluster(ctx, name)
	if err != nil {
		return sight{}, err
	}
	job, _, err := s.job(ctx, name)
	p := job.Properties
	return sight{Name: c.Name, Phase: c.Properties.Status, Job: p.Status, Action: p.Action, ActionResult: p.ActionResult, TaskManagers: tms(c)}, err
}
