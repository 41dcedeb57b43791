package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drey/internal/arm/v20261101"
)

// launches are the actions that start an incarnation of the job, and which flags each can use.
var launches = []struct {
	verb, action, short, example string
	content, savepoint, drop     bool
}{
	{"start", "START", "Start a stopped job from its last savepoint, or from a chosen one",
		"  drey job start orders\n  drey job start orders --savepoint savepoint-1a2b3c-4d5e6f7a8b9c\n  drey job start orders --jar target/orders.jar", true, true, false},
	{"update", "UPDATE", "Replace what runs by the newest content of the jar, from a fresh savepoint",
		"  drey job update orders --jar target/orders.jar\n  drey job update orders --conf table.exec.state.ttl=1d\n  drey job update orders --jar target/orders.jar --allow-non-restored-state", true, true, true},
	{"last-state-update", "LAST_STATE_UPDATE", "Update from the newest checkpoint: a shorter gap where state is large",
		"  drey job last-state-update orders --jar target/orders.jar", true, false, true},
	{"stateless-update", "STATELESS_UPDATE", "Update to the newest content of the jar without state",
		"  drey job stateless-update orders --jar target/orders.jar", true, false, false},
	{"relaunch", "RE_LAUNCH", "Start the job's version again, as it was frozen",
		"  drey job relaunch orders", false, false, false},
}

// launchFlags are what an action that starts the job can be told.
type launchFlags struct {
	jar, class, text, savepoint string
	args, conf                  []string
	drop, cleared               bool // cleared: --args was given, maybe empty
}

func (a *app) jobLaunches() []*cobra.Command {
	var all []*cobra.Command
	for _, l := range launches {
		var f launchFlags
		var c *cobra.Command
		c = a.verb(l.verb+" CLUSTER", l.short, l.example, func(ctx context.Context, s *session, args []string) error {
			f.cleared = c.Flags().Changed("args")
			r, err := s.launchRequest(ctx, args[0], f)
			if err != nil {
				return err
			}
			r.Action = l.action
			return what(s.launch(ctx, args[0], r), "Cannot %s %q", l.verb, args[0])
		})
		if l.content {
			f.declare(c.Flags())
		}
		if l.savepoint {
			c.Flags().StringVar(&f.savepoint, "savepoint", "", "`name or URI` of the savepoint to start from; absent: the newest")
		}
		if l.drop {
			c.Flags().BoolVar(&f.drop, "allow-non-restored-state", false, "leave state behind that no operator of the new version claims")
		}
		all = append(all, c)
	}
	return all
}

func (f *launchFlags) declare(fl *pflag.FlagSet) {
	fl.StringVar(&f.jar, "jar", "", "another jar, SQL script or Python program: a `file` of this machine, or a URI")
	fl.StringVar(&f.class, "class", "", "another entry `class`")
	fl.StringArrayVar(&f.args, "arg", nil, "one `argument` of main(); repeated for more")
	fl.StringVar(&f.text, "args", "", "all arguments of main() as one `text`")
	fl.StringArrayVar(&f.conf, "conf", nil, "Flink configuration of the job, `key=value`: replaces what the job had")
}

// launchRequest is the runJob that the flags ask for; a jar on this machine is uploaded for it.
func (s *session) launchRequest(ctx context.Context, name string, f launchFlags) (r jobRequest, err error) {
	r = jobRequest{EntryClass: f.class, SavePointName: f.savepoint, AllowNonRestoredState: f.drop}
	words, given, err := joinArgs(f.text, f.args)
	if err != nil {
		return r, err
	}
	if given || f.cleared {
		r.Args = &words
	}
	if len(f.conf) > 0 {
		if r.FlinkConfiguration, err = pairs("--conf", f.conf); err != nil {
			return r, err
		}
	}
	if f.jar != "" {
		uri, err := s.jarURI(ctx, name, f.jar)
		if err != nil {
			return r, what(err, "Cannot upload the jar")
		}
		cut := strings.LastIndexByte(uri, '/')
		r.JobJarDirectory, r.JarName = uri[:max(cut, 0)], uri[cut+1:]
	}
	return r, nil
}

// launch runs an action that starts the job; where that means to move much state, its ways are shown first.
func (s *session) launch(ctx context.Context, name string, r jobRequest) error {
	s.showWays(ctx, name, r)
	return s.saying(ctx, name, s.runAction(ctx, name, r))
}

// largeState is how much state, in bytes, makes the choice between the ways worth a look.
const largeState = 100 << 20

// showWays shows what each way to replace the running job costs. It only informs: a plan that cannot be had keeps nobody from acting.
func (s *session) showWays(ctx context.Context, name string, r jobRequest) {
	plan, err := s.plan(ctx, name, r)
	if err != nil || plan.StateBytes < largeState && !s.flags.dryRun || len(plan.Ways) == 0 {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "The job has %s of state.", size(plan.StateBytes))
	if plan.Cold != "" {
		fmt.Fprintf(&text, " It is stopped before the next is started: %s.", clean(plan.Cold))
	}
	text.WriteString(" What it takes:\n")
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, way := range plan.Ways {
		basis := "estimated"
		if way.Measured {
			basis = "as before"
		}
		fmt.Fprintf(w, "  drey job %s\tgap about %.1f s (%s)\t%s\n", verbOf(way.Action), way.GapSeconds, basis, clean(way.Price))
	}
	_ = w.Flush() // a strings.Builder takes everything
	s.note("%s", strings.TrimRight(text.String(), "\n"))
}

func (s *session) plan(ctx context.Context, name string, r jobRequest) (p v20261101.JobPlan, err error) {
	ask, err := s.jobCall(name, "/planJob", r)
	if err != nil {
		return p, err
	}
	a, err := s.do(ctx, ask)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(a.body, &p)
}

// jobCall is a POST with a runJob body below a cluster.
func (s *session) jobCall(name, below string, r jobRequest) (request, error) {
	r.JobType = "FlinkJob"
	text, err := json.Marshal(map[string]any{"properties": r})
	if err != nil {
		return request{}, err
	}
	at, err := s.clusterPath(name)
	return request{method: http.MethodPost, path: at + below, body: bytesBody(text), header: http.Header{"Content-Type": {"application/json"}}}, err
}

func verbOf(action string) string {
	for _, l := range launches {
		if l.action == action {
			return l.verb
		}
	}
	return action
}

// saying adds to the failure of an operation what runs now.
func (s *session) saying(ctx context.Context, name string, err error) error {
	if err == nil || asFailure(err).Exit != exitOperation {
		return err
	}
	f := *asFailure(err)
	f.Now = s.standing(ctx, name)
	return &f
}

// standing is which version runs, and how the job is; "" if that cannot be read.
func (s *session) standing(ctx context.Context, name string) string {
	versions, _, err := s.versions(ctx, name)
	if err != nil {
		return ""
	}
	job, _, err := s.job(ctx, name)
	if err != nil {
		return ""
	}
	state := "job " + first(job.Properties.Status, "–")
	for _, v := range versions {
		if v.Properties.Running {
			return fmt.Sprintf("version %s runs, %s", v.Name, state)
		}
	}
	return "no version runs, " + state
}
