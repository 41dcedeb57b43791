package lifecycle

import (
	"math/rand/v2"
	"sync"
	"time"
)

// A watchlist says which incarnation is looked at when: each one in turn, the more there are the more rarely, so that the looks of a second
// do not grow with their number; and at once what a hint names. A look that takes long holds nobody up.
type watchlist struct {
	hinted chan struct{} // something is due at once

	mu      sync.Mutex
	all     map[string]*watched
	looking int
	read    time.Time // when it was read last what there is
}

type watched struct {
	due     time.Time
	counted time.Time
	looked  bool // it is being looked at
	hinted  bool // while it was
}

const (
	watchEvery = time.Second      // the shortest time between two looks
	eachLook   = time.Millisecond // of that time for each incarnation: ten thousand are looked at in ten seconds
	mostLooks  = 256              // at once: those that wait for an answer cost nothing else
)

func newWatchlist() watchlist {
	return watchlist{hinted: make(chan struct{}, 1), all: map[string]*watched{}}
}

// period is the time between two looks at the same one.
func (l *watchlist) period() time.Duration {
	return max(watchEvery, time.Duration(len(l.all))*eachLook)
}

// stale says that it is time to read what there is.
func (l *watchlist) stale(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.read) >= l.period()/2
}

// put is what there is. What is new is due within the period, not all at once.
func (l *watchlist) put(ids []string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = now
	old := l.all
	l.all = make(map[string]*watched, len(ids))
	for _, id := range ids {
		if l.all[id] = old[id]; l.all[id] == nil {
			l.all[id] = &watched{}
		}
	}
	for id, w := range old {
		if l.all[id] == nil && !w.due.After(now) {
			l.all[id] = w // hinted at since ids were read: it is looked at once, and then is on the list or not
		}
	}
	for _, w := range l.all {
		if w.due.IsZero() {
			w.due = now.Add(time.Duration(rand.Float64() * float64(l.period()-watchEvery)))
		}
	}
}

// hint makes one due at once, also one that is not on the list yet.
func (l *watchlist) hint(id string) {
	l.mu.Lock()
	w := l.all[id]
	if w == nil {
		w = &watched{}
		l.all[id] = w
	}
	w.due, w.hinted = time.Time{}.Add(1), w.looked
	l.mu.Unlock()
	select {
	case l.hinted <- struct{}{}:
	default:
	}
}

// take gives those that are due and may be looked at now; done is to be called for each.
func (l *watchlist) take(now time.Time) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	period := l.period()
	for id, w := range l.all {
		if l.looking >= mostLooks {
			break
		}
		if w.looked || w.due.After(now) {
			continue
		}
		w.looked, w.due = true, now.Add(period*9/10+rand.N(period/5))
		l.looking++
		ids = append(ids, id)
	}
	return ids
}

func (l *watchlist) done(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looking--
	w := l.all[id]
	if w == nil {
		return
	}
	if w.looked = false; w.hinted {
		w.due, w.hinted = time.Time{}.Add(1), false
	}
}

// counts says that it is time to count the checkpoints of one again.
func (l *watchlist) counts(id string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.all[id]
	if w == nil || now.Sub(w.counted) < countEvery {
		return false
	}
	w.counted = now
	return true
}

func (l *watchlist) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[id] != nil
}
