// Package witness judges from outside of Flink's state whether a job lost, repeated or doubled anything. It reads what the
// witness job of this folder wrote: the ledger of each incarnation, and the files its exactly-once sink committed.
package witness

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is one line of a ledger (Ledger.java says what the words mean).
type event struct {
	what        string
	a, b, c     int64
	subtask     int
	attempt     int
	incarnation string
	nanos       int64 // monotonic: comparable between all processes since the machine was started
	at          time.Time
}

// life is what one subtask did between open and its end.
type life struct {
	incarnation string
	records     []event
	began       int64 // nanos of open
	ended       int64 // nanos of its last line
	restored    int64 // checkpoint id, 0 = it started empty
}

// readLedger reads the lives of all subtasks, in the order in which they began.
func readLedger(dir string) (lives []life, doubles []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.ledger"))
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		events, err := readEvents(file)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range events {
			switch {
			case e.what == "double":
				doubles = append(doubles, fmt.Sprintf("DOUBLE: incarnation %s found subtask %d running elsewhere", e.incarnation, e.subtask))
				continue
			case e.what == "open":
				lives = append(lives, life{incarnation: e.incarnation, began: e.nanos, ended: e.nanos})
			}
			if len(lives) == 0 || lives[len(lives)-1].incarnation != e.incarnation {
				return nil, nil, fmt.Errorf("%s: %q before open", filepath.Base(file), e.what)
			}
			l := &lives[len(lives)-1]
			l.ended = e.nanos
			switch e.what {
			case "restored":
				l.restored = e.a
			case "record":
				l.records = append(l.records, e)
			}
		}
	}
	slices.SortStableFunc(lives, func(x, y life) int { return int(min(1, max(-1, x.began-y.began))) })
	return lives, doubles, nil
}

// readEvents reads one file. A last line without its end is of a process that was killed while it wrote: it is left out.
func readEvents(file string) ([]event, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var events []event
	lines := bufio.NewScanner(strings.NewReader(string(raw[:strings.LastIndexByte(string(raw), '\n')+1])))
	for n := 1; lines.Scan(); n++ {
		w := strings.Fields(lines.Text())
		if len(w) != 10 {
			return nil, fmt.Errorf("%s:%d: %d words instead of 10", filepath.Base(file), n, len(w))
		}
		var v [10]int64
		for _, i := range []int{1, 2, 3, 4, 5, 7, 8, 9} {
			if v[i], err = strconv.ParseInt(w[i], 10, 64); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", filepath.Base(file), n, err)
			}
		}
		events = append(events, event{what: w[0], a: v[1], b: v[2], c: v[3], subtask: int(v[4]), attempt: int(v[5]), incarnation: w[6],
			nanos: v[7], at: time.UnixMilli(v[8])})
	}
	return events, lines.Err()
}

// readSink reads the numbers of all committed files; files whose name begins with a dot are not committed.
func readSink(dir string) ([]int64, error) {
	var numbers []int64
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(raw)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return fmt.Errorf("%s: %w", d.Name(), err)
			}
			numbers = append(numbers, n)
		}
		return nil
	})
	if os.IsNotExist(err) {
		return nil, nil
	}
	return numbers, err
}

// Last is the highest number of the ledger and when it was written; 0 if there is none yet.
func Last(dir string) (number int64, at time.Time, err error) {
	lives, _, err := readLedger(dir)
	for _, l := range lives {
		for _, r := range l.records {
			if r.a > number {
				number, at = r.a, r.at
			}
		}
	}
	return number, at, err
}

// First is when the first record of the ledger was written.
func First(dir string) (at time.Time, err error) {
	lives, _, err := readLedger(dir)
	for _, l := range lives {
		for _, r := range l.records {
			if at.IsZero() || r.at.Before(at) {
				at = r.at
			}
		}
	}
	return at, err
}

// LongestPause is the longest time without a record between two moments, and how many records lie between them.
func LongestPause(dir string, from, to time.Time) (longest time.Duration, records int, err error) {
	lives, _, err := readLedger(dir)
	var times []time.Time
	for _, l := range lives {
		for _, r := range l.records {
			if !r.at.Before(from) && !r.at.After(to) {
				times = append(times, r.at)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for i := 1; i < len(times); i++ {
		longest = max(longest, times[i].Sub(times[i-1]))
	}
	return longest, len(times), err
}

// Snapshot is the last number that a checkpoint or savepoint of an incarnation holds, by its id; 0 if the ledger does not tell. Ids of
// checkpoints that were never complete come again in the next incarnation: without the incarnation, any that has the id counts.
func Snapshot(dir, incarnation string, checkpointID int64) (int64, error) {
	files, err := filepath.Glob(filepath.Join(dir, incarnation+"*.ledger"))
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		events, err := readEvents(file)
		if err != nil {
			return 0, err
		}
		for _, e := range events {
			if e.what == "snapshot" && e.a == checkpointID {
				return e.b, nil
			}
		}
	}
	return 0, nil
}

// Lives is how often a subtask was opened: 1 for a job that was started once and never restarted by Flink.
func Lives(dir string) (int, error) {
	lives, _, err := readLedger(dir)
	return len(lives), err
}
