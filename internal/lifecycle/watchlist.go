package lifecycle

import (
	"slices"
	"sync"
	"time"
)

// A watchlist says which incarnation is looked at when: each one in turn, the more there are the more rarely, so that the looks of a second
// do not grow with their number; and at once what a hint names. Looks are spread over time, since whoever asks for something waits behind
// those that begin together. A look that takes long holds nobody up.
type watchlist struct {
	hinted chan struct{} // something is due at once

	mu      sync.Mutex
	all     map[string]*watched
	ring    []string // what there was when it was read last, looked at in this order
	next    int      // of ring
	named   []string // by hints, to be looked at first
	turns   allowance
	hints   allowance
	looking int
	read    time.Time // when it was read last what there is
}

type watched struct {
	counted time.Time
	looked  bool // it is being looked at
	named   bool // it is in named
	again   bool // it was hinted at while it was being looked at
}

const (
	watchEvery = time.Second      // the shortest time between two looks
	eachLook   = time.Millisecond // of that time for each incarnation: ten thousand are looked at in ten seconds
	mostLooks  = 256              // at once: those that wait for an answer cost nothing else

	hintEach  = time.Millisecond // for each hint, where there are more than hintBurst at once
	hintBurst = 64

	longestPause  = 250 * time.Millisecond // between two goes
	shortestPause = 20 * time.Millisecond
	turnsBurst    = 100 * time.Millisecond // a go that comes late makes up for so much
)

func newWatchlist() watchlist {
	return watchlist{hinted: make(chan struct{}, 1), all: map[string]*watched{}, hints: allowance{left: hintBurst}}
}

// period is the time between two looks at the same one.
func (l *watchlist) period() time.Duration {
	return max(watchEvery, time.Duration(len(l.ring))*eachLook)
}

// pause is the time until the next go: so short that few are due then.
func (l *watchlist) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(longestPause, max(shortestPause, l.period()/time.Duration(max(1, len(l.ring)))))
}

// stale says that it is time to read what there is.
func (l *watchlist) stale(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.read) >= l.period()/2
}

// put is what there is. Whose turn it is stays so.
func (l *watchlist) put(ids []string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	turn := ""
	if l.next < len(l.ring) {
		turn = l.ring[l.next]
	}
	l.read, l.ring, l.next = now, ids, max(0, slices.Index(ids, turn))
	old := l.all
	l.all = make(map[string]*watched, len(ids))
	for _, id := range ids {
		if l.all[id] = old[id]; l.all[id] == nil {
			l.all[id] = &watched{}
		}
	}
	for id, w := range old {
		if l.all[id] == nil && (w.named || w.looked) {
			l.all[id] = w // hinted at since ids were read: it is looked at once, and then is on the list or not
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
	if w.looked {
		w.again = true
	} else {
		l.name(id, w)
	}
	l.mu.Unlock()
	l.wake()
}

// name puts one that is not being looked at among those that are due at once.
func (l *watchlist) name(id string, w *watched) {
	if !w.named {
		w.named = true
		l.named = append(l.named, id)
	}
}

func (l *watchlist) wake() {
	select {
	case l.hinted <- struct{}{}:
	default:
	}
}

// take gives those that are due and may be looked at now; done is to be called for each.
func (l *watchlist) take(now time.Time) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hinted := l.hints.earned(now, hintEach, hintBurst)
	for ; hinted > 0 && len(l.named) > 0 && l.looking < mostLooks; hinted-- {
		id := l.named[0]
		l.named = l.named[1:]
		l.all[id].named = false
		ids = l.begin(ids, id)
	}
	l.hints.left = hinted
	each := l.period() / time.Duration(max(1, len(l.ring)))
	turns := l.turns.earned(now, each, max(1, int(turnsBurst/each)))
	for ; turns > 0 && len(l.ring) > 0 && l.looking < mostLooks; turns-- {
		id := l.ring[l.next]
		l.next = (l.next + 1) % len(l.ring)
		if w := l.all[id]; !w.looked && !w.named {
			ids = l.begin(ids, id)
		}
	}
	l.turns.left = turns
	return ids
}

// begin notes that one is looked at.
func (l *watchlist) begin(ids []string, id string) []string {
	l.all[id].looked = true
	l.looking++
	return append(ids, id)
}

func (l *watchlist) done(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looking--
	w := l.all[id]
	if w == nil {
		return
	}
	if w.looked = false; w.again {
		w.again = false
		l.name(id, w)
		l.wake()
	}
}

// allowance is how many looks may begin: one for each so much time, and not more at once than a burst, however long nobody came.
type allowance struct {
	left int
	at   time.Time // up to which time what is left was counted
}

// earned is what may begin now. What of it is not used is to be put into left.
func (a *allowance) earned(now time.Time, each time.Duration, burst int) int {
	if a.at.IsZero() || now.Sub(a.at) > time.Duration(burst+1)*each {
		a.at = now.Add(-time.Duration(burst-a.left) * each)
	}
	n := int(now.Sub(a.at) / each)
	a.at = a.at.Add(time.Duration(n) * each)
	return min(burst, a.left+n)
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
