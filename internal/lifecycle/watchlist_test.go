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
	var ids []string
	for i := range 10000 {
		ids = append(ids, fmt.Sprint(i))
	}
	l.put(ids, now)
	looks := 0
	for tick := range 40 { // ten seconds, nobody waits
		for _, id := range l.take(now.Add(time.Duration(tick) * watchTick)) {
			looks++
			l.done(id)
		}
	}
	if looks < 9000 || looks > 11000 {
		t.Errorf("%d looks in ten seconds, want about 10,000", looks)
	}
}
