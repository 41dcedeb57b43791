package simtest

import (
	"path"
	"sync"

	"drey/internal/flink/fake"
)

// ledger is what all jobs of a target did: the judge's, outside of their state.
type ledger struct {
	mu      sync.Mutex
	runs    []fake.Run
	at      map[*fake.Run]int
	stopped func()
	stops   map[string]string // savepoints of stops that Flink called COMPLETED, by trigger
	tell    func(run fake.Run, others []fake.Run)
}

// began is told by JobManagers.
func (l *ledger) began(run *fake.Run) {
	l.mu.Lock()
	if l.at == nil {
		l.at = map[*fake.Run]int{}
	}
	others := append([]fake.Run(nil), l.runs...)
	l.at[run] = len(l.runs)
	l.runs = append(l.runs, *run)
	tell := l.tell
	l.mu.Unlock()
	if tell != nil {
		tell(*run, others)
	}
}

// over is told by JobManagers.
func (l *ledger) over(run *fake.Run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs[l.at[run]] = *run
}

// onBegan sets who is told of a run that begins, with those before it.
func (l *ledger) onBegan(tell func(run fake.Run, others []fake.Run)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell = tell
}

// onStopped sets who is told that a stop is about to show as COMPLETED, its job as FINISHED.
func (l *ledger) onStopped(tell func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = tell
}

func (l *ledger) tellStopped(_, savepoint string) {
	l.mu.Lock()
	if l.stops == nil {
		l.stops = map[string]string{}
	}
	l.stops[path.Base(path.Dir(savepoint))] = savepoint
	tell := l.stopped
	l.mu.Unlock()
	if tell != nil {
		tell()
	}
}

// completed is the savepoint of a stop that Flink called COMPLETED; "" if it never did.
func (l *ledger) completed(trigger string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stops[trigger]
}

// all are the runs that ever were, oldest first, as far as they have come.
func (l *ledger) all() []fake.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	runs := append([]fake.Run(nil), l.runs...)
	for i := range runs {
		runs[i].To = runs[i].Count()
	}
	return runs
}

// counting are the jobs that count now.
func (l *ledger) counting() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs := map[string]bool{}
	for _, run := range l.runs {
		if run.Over.IsZero() {
			jobs[run.Job] = true
		}
	}
	return jobs
}
