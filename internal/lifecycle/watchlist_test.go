package lifecycle

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAHintIsNotLostWhileTheListIsRead(t *testing.T) {
	t.Parallel()
	l, now := newWatchlist(), time.Now()
	l.put([]string{"a"}, now)
	if got := l.take(now); !slices.Equal(got, []string{"a"}) {
		t.Fatalf("got %v, want a", got)
	}
	l.done("a")
	l.hint("b")               // it was released after the list was read
	l.put([]string{"a"}, now) // as it was read
	if got := l.take(now); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %v, want b", got)
	}
	l.done("b")
	l.put([]string{"a"}, now)
	if l.has("b") {
		t.Error("what was hinted at and is not there stays on the list")
	}
}

func TestTheLooksOfASecondDoNotGrowWithTheirNumber(t *testing.T) {
	t.Parallel()
	l, now := newWatchlist(), time.Now()
	l.put(names(10000), now)
	looks, most := map[string]int{}, 0
	for range 500 { // ten seconds
		ids := look(&l, now)
		most = max(most, len(ids))
		for _, id := range ids {
			looks[id]++
		}
		now = now.Add(shortestPause)
	}
	if len(looks) != 10000 {
		t.Errorf("%d were looked at within ten seconds, want all 10,000", len(looks))
	}
	if most > 100 {
		t.Errorf("%d looks began at once, want 100 at most", most)
	}
}

func TestAFewAreLookedAtEachSecond(t *testing.T) {
	t.Parallel()
	l, now := newWatchlist(), time.Now()
	l.put(names(3), now)
	looks := 0
	for range 41 {
		looks += len(look(&l, now))
		now = now.Add(l.pause())
	}
	if looks < 28 || looks > 32 {
		t.Errorf("%d looks at 3 in ten seconds, want about 30", looks)
	}
}

func TestAStandstillIsNotMadeUpForAtOnce(t *testing.T) {
	t.Parallel()
	l, now := newWatchlist(), time.Now()
	l.put(names(10000), now)
	look(&l, now)
	if got := len(look(&l, now.Add(time.Minute))); got != 100 {
		t.Errorf("%d looks began at once after a minute without any, want 100", got)
	}
}

func TestWhatIsHintedAtComesFirstAndAFloodOfHintsIsSpread(t *testing.T) {
	t.Parallel()
	l, now := newWatchlist(), time.Now()
	ids := names(10000)
	l.put(ids, now)
	look(&l, now)
	l.hint("9999")
	if got := look(&l, now); !slices.Equal(got, []string{"9999"}) {
		t.Errorf("got %v, want what was hinted at", got)
	}
	now = now.Add(time.Minute)
	for _, id := range ids {
		l.hint(id)
	}
	if got := len(look(&l, now)); got > 200 {
		t.Errorf("%d looks began at once, want a few", got)
	}
	looks := map[string]bool{}
	for range 600 { // twelve seconds
		now = now.Add(shortestPause)
		for _, id := range look(&l, now) {
			looks[id] = true
		}
	}
	if len(looks) < 9900 || len(l.named) > 0 {
		t.Errorf("%d of 10,000 were looked at, and %d hints are left", len(looks), len(l.named))
	}
}

func TestTheTurnStaysWhereItWasWhenTheListIsReadAgain(t *testing.T) {
	t.Parallel()
	l, now := newWatchlist(), time.Now()
	l.put(names(2000), now)
	seen := len(look(&l, now))
	l.put(names(2000)[1:], now)
	now = now.Add(shortestPause)
	if got, want := look(&l, now)[0], fmt.Sprint(seen); got != want {
		t.Errorf("%s was next, want %s", got, want)
	}
}

func names(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint(i))
	}
	return ids
}

// look takes what is due and is done with it.
func look(l *watchlist, now time.Time) []string {
	ids := l.take(now)
	for _, id := range ids {
		l.done(id)
	}
	return ids
}
