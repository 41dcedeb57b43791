package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// openLoop is a load: requests begin at fixed moments, whatever became of those before.
type openLoop struct {
	name  string
	rate  int // a second
	lasts time.Duration
	send  func(ctx context.Context, i int) error
}

// latencies are what a load saw, each counted from the moment it should have begun; a failure counts as the time until it failed.
type latencies struct {
	sorted   []time.Duration
	failures []error
	late     time.Duration // how late the generator itself was, at worst
}

func (l openLoop) run(ctx context.Context) latencies {
	n := int(l.lasts.Seconds() * float64(l.rate))
	took := make([]time.Duration, n)
	var out latencies
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	for i := range n {
		at := begin.Add(time.Duration(i) * time.Second / time.Duration(l.rate))
		time.Sleep(time.Until(at))
		late := time.Since(at)
		all.Go(func() {
			err := l.send(ctx, i)
			took[i] = time.Since(at)
			mu.Lock()
			defer mu.Unlock()
			out.late = max(out.late, late)
			if err != nil {
				out.failures = append(out.failures, err)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	out.sorted = took
	return out
}

// at is a quantile in milliseconds.
func (l latencies) at(q float64) float64 {
	if len(l.sorted) == 0 {
		return 0
	}
	return float64(l.sorted[min(int(q*float64(len(l.sorted))), len(l.sorted)-1)].Microseconds()) / 1000
}

// row is a line of the report.
func (l latencies) row(what, goal string) string {
	return fmt.Sprintf("| %s | %d | %.1f | %.1f | %.1f | %d | %s |", what, len(l.sorted), l.at(0.5), l.at(0.99), l.at(1), len(l.failures), goal)
}

// cpu is the processor time that a process has used.
func cpu(pid int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	var user, system int64
	if len(fields) > 12 {
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
	}
	return time.Duration(user+system) * time.Second / 100 // clock ticks of Linux
}

// cores are how many cores processes used on average while something lasted.
func cores(lasts time.Duration, pids ...int) []float64 {
	before := make([]time.Duration, len(pids))
	for i, pid := range pids {
		before[i] = cpu(pid)
	}
	begin := time.Now()
	time.Sleep(lasts)
	var used []float64
	for i, pid := range pids {
		used = append(used, (cpu(pid)-before[i]).Seconds()/time.Since(begin).Seconds())
	}
	return used
}
