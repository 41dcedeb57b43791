package witness

import (
	"cmp"
	"fmt"
	"slices"
)

// keys is how many keys the witness job has unless told otherwise.
const keys = 16

// Input says what is to be judged. The job's counter has parallelism 1.
type Input struct {
	Ledger string // folder
	Keys   int64  // as the job was told; 0 = what it has by itself
	Sink   string // folder of committed files, or ""
	// Repeats says for an incarnation from which number on it may repeat what came before it: the first number after the newest
	// checkpoint that was complete when its predecessor died. An incarnation that is not named goes on at last + 1.
	Repeats map[string]int64
	// Fresh names incarnations that start empty because a person chose so, or from an older savepoint: they begin at this number.
	Fresh map[string]int64
}

// Report is the judgement.
type Report struct {
	Incarnations int
	Records      int
	Last         int64 // highest number of the ledger
	Committed    int   // numbers in the sink
	Violations   []string
}

// Check judges a ledger and a sink. Each violation is a sentence.
func Check(in Input) (Report, error) {
	lives, doubles, err := readLedger(in.Ledger)
	if err != nil {
		return Report{}, err
	}
	r := Report{Violations: doubles}
	seen := map[string]bool{}
	last := int64(0)
	for i, l := range lives {
		seen[l.incarnation] = true
		r.Records += len(l.records)
		r.overlap(lives[:i], l)
		if len(l.records) == 0 {
			continue
		}
		r.begin(in, l, last)
		r.inside(l, cmp.Or(in.Keys, keys))
		last = l.records[len(l.records)-1].a
		r.Last = max(r.Last, last)
	}
	r.Incarnations = len(seen)
	if in.Sink == "" {
		return r, nil
	}
	return r, r.sink(in.Sink)
}

func (r *Report) say(format string, args ...any) {
	r.Violations = append(r.Violations, fmt.Sprintf(format, args...))
}

// overlap: at no moment do two incarnations process records.
func (r *Report) overlap(before []life, l life) {
	for _, b := range before {
		if b.incarnation != l.incarnation && l.began < b.ended {
			r.say("OVERLAP: incarnation %s began %.3f s before incarnation %s ended", l.incarnation, float64(b.ended-l.began)/1e9, b.incarnation)
		}
	}
}

// begin: the first record of a life follows the last one before it.
func (r *Report) begin(in Input, l life, last int64) {
	first := l.records[0].a
	want := last + 1
	if from, ok := in.Fresh[l.incarnation]; ok {
		want = from
	}
	from, mayRepeat := in.Repeats[l.incarnation]
	switch {
	case first == want:
	case mayRepeat && first >= from && first <= want:
	case first > want:
		r.say("LOST: incarnation %s goes on at %d, after %d", l.incarnation, first, last)
	default:
		r.say("REPEATED: incarnation %s goes on at %d, after %d", l.incarnation, first, last)
	}
}

// inside: numbers go up by one, and each counter is what it must be.
func (r *Report) inside(l life, keys int64) {
	for i, rec := range l.records {
		if i > 0 && rec.a != l.records[i-1].a+1 {
			r.say("GAP: incarnation %s has %d after %d", l.incarnation, rec.a, l.records[i-1].a)
		}
		if want := count(rec.a, keys); rec.c != want {
			r.say("COUNTER: incarnation %s counted %d for number %d of key %d; it must be %d", l.incarnation, rec.c, rec.a, rec.b, want)
			return
		}
	}
}

// count is how often the key of n came up among 1..n.
func count(n, keys int64) int64 {
	key := n % keys
	if key == 0 {
		return n / keys
	}
	return n/keys + 1
}

// sink: what was committed is exactly 1..n.
func (r *Report) sink(dir string) error {
	numbers, err := readSink(dir)
	if err != nil {
		return err
	}
	r.Committed = len(numbers)
	slices.Sort(numbers)
	for i, n := range numbers {
		want := int64(i + 1)
		if n == want {
			continue
		}
		if i > 0 && n == numbers[i-1] {
			r.say("SINK: %d was committed twice", n)
		} else {
			r.say("SINK: %d was committed where %d must follow", n, want)
		}
		return nil
	}
	return nil
}
