package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

// logFlags say which output is wanted.
type logFlags struct {
	process, incarnation string
	follow               bool
	lines                int
}

func (a *app) logsCommand() *cobra.Command {
	var f logFlags
	c := &cobra.Command{
		Use: "logs CLUSTER", Short: "Print the output of a cluster's processes, also of those that have ended", Args: exactly("CLUSTER"),
		Example: "  drey logs orders\n  drey logs orders -f --process taskmanager-0\n  drey logs orders -n 50 --incarnation 3f9a2c",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.connect()
			if err != nil {
				return err
			}
			return what(s.logs(cmd.Context(), args[0], f), "Cannot read the logs of %q", args[0])
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.process, "process", "", "`jobmanager, taskmanager-0, …`; absent: all")
	fl.StringVar(&f.incarnation, "incarnation", "", "`id` of an incarnation, or its beginning; absent: the newest")
	fl.BoolVarP(&f.follow, "follow", "f", false, "go on as more is written")
	fl.IntVarP(&f.lines, "lines", "n", 0, "only the last `N` lines of each process; 0 = all")
	return c
}

func (s *session) logs(ctx context.Context, name string, f logFlags) error {
	at, err := s.clusterPath(name)
	if err != nil {
		return err
	}
	sources, err := all[v20261101.LogSource](ctx, s, at+"/logs", nil)
	if err != nil {
		return err
	}
	chosen := choose(sources, f)
	if len(chosen) == 0 {
		return &failure{Code: "ResourceNotFound", Exit: exitNotFound, Why: "there is no output of such a process", Hint: "`drey rest GET " + at + "/logs` lists what is kept"}
	}
	out := &lineWriter{out: s.out, named: len(chosen) > 1}
	if !f.follow {
		for _, c := range chosen {
			if err := s.copyLog(ctx, at, c, f, out); err != nil {
				return err
			}
		}
		return nil
	}
	return s.followAll(ctx, at, chosen, f, out)
}

// followAll reads every chosen process side by side, until all have ended or Ctrl-C.
func (s *session) followAll(ctx context.Context, at string, chosen []v20261101.LogSource, f logFlags, out *lineWriter) error {
	var wait sync.WaitGroup
	errs := make([]error, len(chosen))
	for i, c := range chosen {
		wait.Go(func() { errs[i] = s.copyLog(ctx, at, c, f, out) })
	}
	wait.Wait()
	if ctx.Err() != nil {
		return &failure{Code: "Interrupted", Exit: exitInterrupted, Why: "stopped reading"}
	}
	return errors.Join(errs...)
}

// choose finds the processes that are meant.
func choose(sources []v20261101.LogSource, f logFlags) []v20261101.LogSource {
	var chosen []v20261101.LogSource
	incarnation := strings.ToLower(f.incarnation)
	for _, src := range sources {
		p := src.Properties
		if incarnation == "" {
			incarnation = p.Incarnation // they come newest first
		}
		process := f.process == "" || f.process == "all" || p.Process == f.process || p.Process == f.process+"-0"
		if strings.HasPrefix(p.Incarnation, incarnation) && process {
			chosen = append(chosen, src)
		}
	}
	return chosen
}

func (s *session) copyLog(ctx context.Context, at string, src v20261101.LogSource, f logFlags, out *lineWriter) error {
	q := url.Values{}
	if f.follow {
		q.Set("follow", "true")
	}
	r, err := s.open(ctx, request{method: http.MethodGet, path: at + "/logs/" + src.Name, query: q})
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	lines := bufio.NewReaderSize(r.Body, 64<<10)
	var kept []string
	for {
		line, err := lines.ReadString('\n')
		switch {
		case line == "":
		case f.lines > 0 && !f.follow:
			if kept = append(kept, line); len(kept) > f.lines {
				kept = kept[1:]
			}
		default:
			out.write(src.Properties.Process, line)
		}
		if err != nil {
			for _, line := range kept {
				out.write(src.Properties.Process, line)
			}
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return unreachable(s.conn.Endpoint, err)
		}
	}
}

// lineWriter writes whole lines of several processes, with the process in front where there is more than one.
type lineWriter struct {
	mu    sync.Mutex
	out   io.Writer
	named bool
}

func (w *lineWriter) write(process, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line = clean(strings.TrimRight(line, "\r\n"))
	if w.named {
		line = process + " | " + line
	}
	fmt.Fprintln(w.out, line)
}
