package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// counting is a script that counts and adds up 1, 2, 3, …: whatever is lost or repeated shows in the sum.
const counting = `CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '%d',
  'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '200000');
CREATE TABLE sums (c BIGINT, s BIGINT) WITH ('connector' = 'print');
INSERT INTO sums SELECT COUNT(*), SUM(n) FROM numbers;
`

var printed = regexp.MustCompile(`[-+][IUD]\[(\d+), ?(\d+)\]`)

// counts are the first and the last count that the newest incarnation of a script printed. Each must come with its sum.
func (s *server) counts(name string) (first, last int64) {
	s.t.Helper()
	for _, m := range printed.FindAllStringSubmatch(s.must("logs", name), -1) {
		last, _ = strconv.ParseInt(m[1], 10, 64)
		if sum := fmt.Sprint(last * (last + 1) / 2); m[2] != sum {
			s.t.Fatalf("the sum of 1 to %d is said to be %s", last, m[2])
		}
		if first == 0 {
			first = last
		}
	}
	return first, last
}

// A SQL script is a job like another: its state goes through a stop, a start and an update, and what does not fit is told before anything stops.
func TestASQLScriptGoesOnWithItsState(t *testing.T) {
	s := newServer(t)
	s.configure("gate:\n  minimumSeconds: 0\n  maximumSeconds: 120\n") // a sequence keeps what is still to come as its state
	script := func(text string) string {
		file := filepath.Join(t.TempDir(), "counts.sql")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	grows := func(from int64) int64 {
		t.Helper()
		var first, last int64
		s.until("the script counts on", func() bool {
			first, last = s.counts("counts")
			return last > from+100
		})
		if from > 0 && first != from {
			t.Errorf("it goes on at %d, and was stopped at %d", first, from)
		}
		return last
	}
	s.must("cluster", "create", "counts", "--jar", script(fmt.Sprintf(counting, 200)), "--conf", "execution.checkpointing.interval=1s")
	grows(0)
	s.must("job", "stop", "counts")
	_, stopped := s.counts("counts")
	s.must("job", "start", "counts")
	last := grows(stopped)
	s.must("job", "update", "counts", "--jar", script(fmt.Sprintf(counting, 400)))
	if first, _ := s.counts("counts"); first < last {
		t.Errorf("after the update it goes on at %d; it had come to %d", first, last)
	}
	r := s.cli("job", "update", "counts", "--jar", script("INSERT INTO nowhere SELECT 1;"))
	if r.code == 0 || !strings.Contains(r.err, "nowhere") || !strings.Contains(r.err, "version 2 runs") {
		t.Errorf("a script without its table: exit code %d\n%s", r.code, r.err)
	}
	if r := s.cli("cluster", "create", "old", "--flink-version", versions(t)[0], "--jar", script(counting)); r.code != 1 || !strings.Contains(r.err, "runs no SQL scripts") {
		t.Errorf("on the oldest line: exit code %d\n%s", r.code, r.err)
	}
	s.must("job", "stop", "counts")
}
