package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	c := a.command("logs CLUSTER", "Print the output of a cluster's processes, also of those that have ended",
		"  drey logs orders\n  drey logs orders -f --process taskmanager-0\n  drey logs orders -n 50 --incarnation 3f9a2c",
		func(ctx context.Context, args []string) error { // -n is the number of lines here, as everywhere
			s, err := a.connect()
			if err != nil {
				return err
			}
			return what(s.logs(ctx, args[0], f), "Cannot read the logs of %q", args[0])
		})
	fl := c.Flags()
	fl.StringVar(&f.process, "process", "", "`jobmanager, taskmanager-0, …`; absent: all")
	fl.StringVar(&f.incarnation, "incarnation", "", "`id` of an incarnation, or its beginning; absent: the newest that runs, else the newest")
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
	out := &lineWriter{app: s.app, named: len(chosen) > 1}
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

// choose finds the processes that are meant. Without a word it is not an update that was refused, when the version before it runs on.
func choose(sources []v20261101.LogSource, f logFlags) []v20261101.LogSource {
	var chosen []v20261101.LogSource
	incarnation := strings.ToLower(f.incarnation)
	if incarnation == "" && len(sources) > 0 { // they come newest first
		alive := slices.IndexFunc(sources, func(src v20261101.LogSource) bool { return src.Properties.Alive })
		incarnation = sources[max(0, alive)].Properties.Incarnation
	}
	for _, src := range sources {
		p := src.Properties
		process := f.process == "" || f.process == "all" || p.Process == f.process || p.Process == f.process+"-0"
		if strings.HasPrefix(p.Incarnation, incarnation) && process {
			chosen = append(chosen, src)
		}
	}
	return chosen
}

// copyLog writes one process's output: all of it or its last lines, and then what follows.
func (s *session) copyLog(ctx context.Context, at string, src v20261101.LogSource, f logFlags, out *lineWriter) error {
	var cursor int64
	if f.lines > 0 {
		var err error
		if cursor, err = s.tail(ctx, at, src, f, out); err != nil || !f.follow {
			return err
		}
	}
	_, err := s.readLog(ctx, at, src, cursor, f.follow, func(line string) { out.write(src.Properties.Process, line) })
	return err
}

// tail writes the last lines of what is there now, and answers where to go on. A line whose end is not written yet is left
// for those who follow.
func (s *session) tail(ctx context.Context, at string, src v20261101.LogSource, f logFlags, out *lineWriter) (end int64, err error) {
	var kept []string
	end, err = s.readLog(ctx, at, src, 0, false, func(line string) {
		if kept = append(kept, line); len(kept) > f.lines {
			kept = kept[1:]
		}
	})
	if err != nil {
		return 0, err
	}
	if last := len(kept) - 1; f.follow && last >= 0 && !strings.HasSuffix(kept[last], "\n") {
		end -= int64(len(kept[last]))
		kept = kept[:last]
	}
	for _, line := range kept {
		out.write(src.Properties.Process, line)
	}
	return end, nil
}

// readLog gives each line from cursor on to each, and answers the cursor behind the last one.
func (s *session) readLog(ctx context.Context, at string, src v20261101.LogSource, cursor int64, follow bool, each func(line string)) (end int64, err error) {
	q := url.Values{}
	if cursor > 0 {
		q.Set("cursor", strconv.FormatInt(cursor, 10))
	}
	if follow {
		q.Set("follow", "true")
	}
	r, err := s.open(ctx, request{method: http.MethodGet, path: at + "/logs/" + src.Name, query: q})
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Body.Close() }()
	if end, err = strconv.ParseInt(r.Header.Get("x-drey-cursor"), 10, 64); err != nil {
		end = cursor // older bytes may be gone: only the server knows where its answer begins
	}
	lines := bufio.NewReaderSize(r.Body, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		end += int64(len(line))
		if line != "" {
			each(line)
		}
		if errors.Is(err, io.EOF) || err != nil && ctx.Err() != nil {
			return end, nil
		} else if err != nil {
			return end, unreachable(s.conn.Endpoint, err)
		}
	}
}

// lineWriter writes whole lines of several processes, with the process in front where there is more than one; with -o jsonl as JSON.
type lineWriter struct {
	*app
	mu    sync.Mutex
	named bool
}

func (w *lineWriter) write(process, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line = strings.TrimRight(line, "\r\n")
	switch {
	case w.form() == outNone:
	case w.form() == outJSONL:
		_ = w.asLines(map[string]string{"process": process, "line": line}) // who closed our stdout does not want to know
	case w.named:
		fmt.Fprintln(w.out, process+" | "+clean(line))
	default:
		fmt.Fprintln(w.out, clean(line))
	}
}
