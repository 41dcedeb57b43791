package simtest

import (
	"fmt"
	"regexp"
	"strings"

	"drey/internal/store"
)

// verdict fails the test if anything was found, and tells what happened, with all that is needed to see it again.
func (j *judge) verdict() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.found) == 0 && !*stories {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d: %d violations; again: %s\n", j.p.plan.Seed, len(j.found), again(j.p.Name(), j.p.plan.Seed))
	for _, v := range j.found[:min(len(j.found), 5)] {
		fmt.Fprintln(&text, "  "+v)
	}
	fmt.Fprintln(&text, "schedule:")
	for _, e := range j.p.plan.Events {
		fmt.Fprintln(&text, "  "+describe(e))
	}
	fmt.Fprintln(&text, "story:")
	for _, line := range j.story {
		fmt.Fprintln(&text, "  "+line)
	}
	fmt.Fprintln(&text, "the last operations:")
	j.p.books.read(func(tx *store.Tx) error {
		ops, err := tx.Operations(store.Filter{Limit: 6})
		for _, op := range ops {
			lines, err := tx.Lines(op.ID)
			if err != nil {
				return err
			}
			fmt.Fprintf(&text, "  %s %s %s at %s of %s\n", op.Kind, short(op.ID), op.Outcome, op.Step, op.ResourceID[strings.LastIndex(op.ResourceID, "/")+1:])
			for _, l := range lines {
				fmt.Fprintf(&text, "  %8.2fs   %s: %s\n", l.At.Sub(j.p.began).Seconds(), l.Step, l.Text)
			}
		}
		return err
	})
	j.p.Log(text.String())
	if len(j.found) > 0 {
		j.p.Fail()
	}
}

// again is the command that plays one schedule, or makes one trial, once more. The order of goroutines is not of a seed: -count=20 finds
// again what depends on it.
func again(name string, seed uint64) string {
	const test = "go test -count=1 ./internal/simtest "
	if seed > 0 {
		return fmt.Sprintf("%s-run '^TestSchedules$' -schedules 1 -seed %d", test, seed)
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return test + "-run '" + strings.Join(parts, "/") + "'"
}
