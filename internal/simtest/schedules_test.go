package simtest

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"drey/internal/lifecycle"
)

var (
	howMany = flag.Int("schedules", 0, "how many schedules TestSchedules plays; 0: as many as its minutes allow")
	first   = flag.Uint64("seed", 1, "the seed of the first one")
	stories = flag.Bool("stories", false, "with -v: tell what happened in each schedule, also where nothing is wrong")
)

// tooMany failures tell no more than these: the rest is not played.
const tooMany = 10

// TestSchedules plays seeded schedules: clusters, callers and faults, then quiet. Whatever fails prints its seed, and
// the command that plays it again.
func TestSchedules(t *testing.T) {
	if _, err := image(); err != nil {
		t.Fatal(err)
	}
	n := *howMany
	if n == 0 {
		n = schedulesByDefault
	}
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for i := range n {
			seeds <- *first + uint64(i)
		}
	}()
	all := newCounts()
	var failed atomic.Int32
	t.Run("all", func(t *testing.T) {
		for w := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				for seed := range seeds {
					if failed.Load() >= tooMany {
						continue
					}
					t.Run(fmt.Sprint(seed), func(t *testing.T) {
						t.Cleanup(func() {
							if t.Failed() {
								failed.Add(1)
								t.Logf("seed %d; again: %s", seed, again("", seed))
							}
						})
						synctest.Test(t, func(t *testing.T) {
							c := perform(t, draw(seed))
							all.add(c)
							total.add(c)
						})
					})
				}
			})
		}
	})
	t.Logf("%d schedules, %d calls (%d accepted, %d refused), %d faults, %d servers", all.Schedules, all.Calls, all.Accepted, all.Refused, all.Faults, all.Servers)
	for _, kind := range slices.Sorted(maps.Keys(all.Operations)) {
		t.Logf("%6d %s", all.Operations[kind], kind)
	}
	t.Log("\n" + all.table())
}

// demanded are the faults that every kind of operation meets (reliability.md 2.5), and the kinds that are too short, or have nothing that
// the fault could be done to.
var demanded = map[string][]string{
	"server killed":           {"pool.update"},
	"JobManager killed":       {"cluster.create", "job.retire", "pool.create", "pool.update", "pool.delete"},
	"TaskManager killed":      {"cluster.create", "job.retire", "pool.create", "pool.update", "pool.delete"},
	"JobManager unreachable":  {"cluster.create", "job.retire", "job.cancel", "pool.create", "pool.update", "pool.delete"},
	"answer lost":             {"pool.create", "pool.update", "pool.delete", "job.retire"},
	"question failed":         {"pool.update", "pool.delete"},
	"effect failed":           {"pool.create", "pool.update", "pool.delete"},
	"every effect done twice": {"pool.create", "pool.update", "pool.delete"},
}

// missing are the cells of the table that must not be empty, and are.
func (c *counts) missing() (cells [][2]string) {
	for fault, spared := range demanded {
		for _, kind := range lifecycle.Kinds() {
			met := 0
			for name, n := range c.Met[kind.Name] {
				if strings.HasPrefix(name, fault) {
					met += n
				}
			}
			if met == 0 && !slices.Contains(spared, kind.Name) {
				cells = append(cells, [2]string{kind.Name, fault})
			}
		}
	}
	return cells
}

// total is what all tests of this run did together.
var total = newCounts()

var adding sync.Mutex

func (c *counts) add(d counts) {
	adding.Lock()
	defer adding.Unlock()
	c.Schedules += d.Schedules
	c.Calls += d.Calls
	c.Accepted += d.Accepted
	c.Refused += d.Refused
	c.Faults += d.Faults
	c.Kills += d.Kills
	c.Servers += d.Servers
	c.Violations += d.Violations
	for kind, n := range d.Operations {
		c.Operations[kind] += n
	}
	for kind, faults := range d.Met {
		if c.Met[kind] == nil {
			c.Met[kind] = map[string]int{}
		}
		for fault, n := range faults {
			c.Met[kind][fault] += n
		}
	}
}

// table is which kinds of operations met which faults.
func (c *counts) table() string {
	kinds := slices.Sorted(maps.Keys(c.Met))
	faults := map[string]bool{}
	for _, met := range c.Met {
		for f := range met {
			faults[f] = true
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-40s", "")
	for _, k := range kinds {
		_, short, _ := strings.Cut(k, ".")
		fmt.Fprintf(&text, "%10.9s", short)
	}
	for _, f := range slices.Sorted(maps.Keys(faults)) {
		fmt.Fprintf(&text, "\n%-40s", f)
		for _, k := range kinds {
			fmt.Fprintf(&text, "%10d", c.Met[k][f])
		}
	}
	return text.String()
}
