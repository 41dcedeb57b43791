package gate

import (
	"slices"
	"strings"
	"testing"

	"drey/internal/flink"
	"drey/internal/runtime"
)

// What the table of lines says of a JobManager whose job does not come to run is what it does.
func TestAJobManagerWithoutAJobEndsAsItsLineDoes(t *testing.T) {
	for _, version := range strings.Fields(env(t, "DREY_TEST_LINES")) {
		line, err := flink.LineOf(version)
		if err != nil {
			t.Fatal(err)
		}
		for why, tt := range map[string]struct {
			args    []string
			restore string
			want    flink.Ending
			says    string
		}{
			"main throws":         {[]string{"throws"}, "", line.NoMain, `the "cause"`},
			"main submits no job": {[]string{"nothing"}, "", line.NoJob, "no job"},
			"nothing to restore":  {[]string{"bounded"}, "abfs://state@account.dfs.core.windows.net/nowhere", line.NoRestore, flink.CodeSavepointNotFound},
		} {
			t.Run(version+"/"+why, func(t *testing.T) {
				t.Parallel()
				c := startOn(t, version, "jobs.jar", 0, nil, tt.args...)
				c.releaseFrom(tt.restore)
				var reason string
				c.await("a reason", func() bool { reason = c.told(tt.want.Reason); return reason != "" })
				if !strings.Contains(reason, tt.says) {
					t.Errorf("%s says %q, want %q", tt.want.Reason, reason, tt.says)
				}
				if len(tt.want.Exits) == 0 {
					c.livesOn()
					return
				}
				c.await("the JobManager's end", func() bool { return c.seen().State == runtime.Exited })
				code := c.seen().Exit.Code
				if t.Logf("it ended with %d", code); !slices.Contains(tt.want.Exits, code) {
					t.Errorf("want one of %v", tt.want.Exits)
				}
			})
		}
	}
}

// told is the reason that one source gives, "" as long as there is none.
func (c *cluster) told(source flink.Source) string {
	p := c.seen()
	switch source {
	case flink.FromGate:
		switch {
		case p.Gate.Gate == runtime.GateFailed:
			return flink.DiagnoseMain(p.Gate.Failure).Message
		case p.Gate.Gate == runtime.GateDone && len(p.Gate.Jobs) == 0:
			return "no job"
		}
	case flink.FromLog:
		if p.State == runtime.Exited {
			return flink.DiagnoseExit(flink.Exit{Role: flink.RoleJobManager, Code: p.Exit.Code}, c.log()).Code
		}
	case flink.FromREST:
		if list, err := flink.New(c.rest, nil).Exceptions(c.t.Context(), jobID); err == nil && len(list) > 0 {
			return flink.DiagnoseJob(list).Code
		}
	}
	return ""
}

// livesOn waits until Flink is done with the application, and fails if the JobManager does not answer after that.
func (c *cluster) livesOn() {
	c.t.Helper()
	c.await("the application's end", func() bool { return strings.Contains(c.log(), "with terminal state ") })
	if _, err := flink.New(c.rest, nil).Overview(c.t.Context()); err != nil || c.seen().State == runtime.Exited {
		c.t.Errorf("the JobManager has ended (%+v, %v)\n%s", c.seen(), err, c.log())
	}
}

// seen is the JobManager, whatever has become of it.
func (c *cluster) seen() runtime.ProcessStatus {
	c.t.Helper()
	s, err := c.runtime.Observe(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return s.Process(runtime.ProcessID{Role: flink.RoleJobManager})
}
