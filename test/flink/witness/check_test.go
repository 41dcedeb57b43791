package witness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script writes a ledger: one incarnation per call, numbers from..to, beginning at second.
type script struct {
	t   *testing.T
	dir string
}

func (s script) run(incarnation string, second float64, from, to int64, change func(n int64) (count int64, skip bool)) {
	s.t.Helper()
	var b strings.Builder
	nanos := int64(second * 1e9)
	line := func(what string, a, k, c int64) {
		fmt.Fprintf(&b, "%s %d %d %d 0 0 %s %d %d 1\n", what, a, k, c, incarnation, nanos, nanos/1e6)
		nanos += 1e6
	}
	line("open", 1, 0, 0)
	for n := from; n <= to; n++ {
		c, skip := count(n, keys), false
		if change != nil {
			c, skip = change(n)
		}
		if !skip {
			line("record", n, n%keys, c)
		}
	}
	line("close", 0, 0, 0)
	if err := os.WriteFile(filepath.Join(s.dir, incarnation+"-0.ledger"), []byte(b.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestCheckReportsWhatWentWrong(t *testing.T) {
	for why, tt := range map[string]struct {
		write func(s script)
		in    Input
		want  string // the violation begins so; "" = none
	}{
		"two lives that follow each other are clean": {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 101, 200, nil) }, Input{}, ""},
		"an empty start":     {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 1, 50, nil) }, Input{}, "REPEATED: incarnation b goes on at 1"},
		"an older savepoint": {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 60, 150, nil) }, Input{}, "REPEATED: incarnation b goes on at 60"},
		"a repeat within what a checkpoint allows": {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 90, 150, nil) },
			Input{Repeats: map[string]int64{"b": 80}}, ""},
		"a repeat beyond what a checkpoint allows": {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 70, 150, nil) },
			Input{Repeats: map[string]int64{"b": 80}}, "REPEATED"},
		"records that were lost between two lives": {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 105, 150, nil) }, Input{}, "LOST"},
		"two copies": {func(s script) { s.run("a", 1, 1, 1000, nil); s.run("b", 1.5, 1001, 1100, nil) }, Input{}, "OVERLAP"},
		"one dropped record": {func(s script) {
			s.run("a", 1, 1, 100, func(n int64) (int64, bool) { return count(n, keys), n == 50 })
		}, Input{}, "GAP: incarnation a has 51 after 49"},
		"a counter that was rewound": {func(s script) {
			s.run("a", 1, 1, 100, func(n int64) (int64, bool) { return count(n, keys) - n/90, false })
		}, Input{}, "COUNTER"},
		"a lock that was taken": {func(s script) {
			s.run("a", 1, 1, 10, nil)
			f := filepath.Join(s.dir, "b-0.ledger")
			if err := os.WriteFile(f, []byte("double 0 0 0 0 0 b 5 5 1\n"), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}, Input{}, "DOUBLE"},
		"a chosen older savepoint is no fault": {func(s script) { s.run("a", 1, 1, 100, nil); s.run("b", 2, 41, 60, nil) },
			Input{Fresh: map[string]int64{"b": 41}}, ""},
	} {
		t.Run(why, func(t *testing.T) {
			dir := t.TempDir()
			tt.write(script{t, dir})
			tt.in.Ledger = dir
			r, err := Check(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.want == "" && len(r.Violations) > 0:
				t.Errorf("got %q, want none", r.Violations)
			case tt.want != "" && (len(r.Violations) == 0 || !strings.HasPrefix(r.Violations[0], tt.want)):
				t.Errorf("got %q, want one that begins with %q", r.Violations, tt.want)
			}
		})
	}
}

func TestCheckReportsWhatTheSinkDid(t *testing.T) {
	for why, tt := range map[string]struct{ text, want string }{
		"1 to n, in any order":     {"3\n1\n2\n", ""},
		"a number twice":           {"1\n2\n2\n3\n", "SINK: 2 was committed twice"},
		"a number that is missing": {"1\n3\n", "SINK: 3 was committed where 2 must follow"},
	} {
		t.Run(why, func(t *testing.T) {
			sink := t.TempDir()
			if err := os.WriteFile(filepath.Join(sink, "part-0"), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(sink, ".part-1.inprogress"), []byte("9\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Check(Input{Ledger: t.TempDir(), Sink: sink})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(r.Violations, "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
