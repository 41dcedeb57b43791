package simulated

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"drey/internal/runtime"
)

// run is one stretch of a job's counting, as the JobManager's output tells it. Times are milliseconds.
type run struct {
	incarnation runtime.IncarnationID
	from, began int64
	to, over    int64
	told        bool // where it came to; a process that is killed tells nothing more
}

// history is what all jobs did, oldest first, by name.
func (s *server) history() map[string][]run {
	s.t.Helper()
	all := map[string][]run{}
	for _, inc := range s.incarnations() {
		if len(inc.Processes) == 0 {
			continue
		}
		out, _, err := s.target.Logs(s.t.Context(), inc.ID, jobManager, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(out)
		if err != nil {
			s.t.Fatal(err)
		}
		for name, runs := range runsIn(inc, string(text)) {
			all[name] = append(all[name], runs...)
		}
	}
	for _, runs := range all {
		slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.began, b.began) })
	}
	return all
}

func runsIn(inc runtime.Status, text string) map[string][]run {
	all := map[string][]run{}
	over := time.Now().UnixMilli()
	if p := inc.Process(jobManager); p.State == runtime.Exited {
		over = p.Exit.At.UnixMilli()
	}
	for line := range strings.Lines(text) {
		var name string
		r := run{incarnation: inc.ID}
		if n, _ := fmt.Sscanf(line, "Job %s counts from %d at %d.", &name, &r.from, &r.began); n == 3 {
			r.over, r.to = over, r.from+over-r.began
			all[name] = append(all[name], r)
		} else if n, _ := fmt.Sscanf(line, "Job %s came to %d at %d.", &name, &r.to, &r.over); n == 3 {
			last := &all[name][len(all[name])-1]
			last.to, last.over, last.told = r.to, r.over, true
		}
	}
	return all
}

// continuity is what a run must have begun with.
type continuity string

const (
	exact   continuity = "exactly where the one before came to"
	again   continuity = "from a checkpoint of the one before"
	fresh   continuity = "from the beginning"
	somehow continuity = "where the one before began, or later"
)

// torn says what is wrong with the runs of one job: two at a time, or state lost.
func torn(runs []run, how continuity) string {
	for i, r := range runs {
		if i == 0 {
			if r.from != 0 {
				return fmt.Sprintf("the first run began with %d", r.from)
			}
			continue
		}
		before := runs[i-1]
		inside := before.from <= r.from && r.from <= before.to
		switch {
		case r.began < before.over:
			return fmt.Sprintf("two runs at a time: %+v and %+v", before, r)
		case how == exact && (!before.told || r.from != before.to),
			how == again && (!inside || r.from == 0),
			how == fresh && r.from != 0,
			how == somehow && !inside:
			return fmt.Sprintf("%+v does not begin %s: %+v", r, how, before)
		}
	}
	return ""
}
