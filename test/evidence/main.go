// Command evidence makes a file for docs/evidence of a run of tests. It shows what `go test -json` says on its standard input as `go test -v` shows
// it, writes down which tests passed and what they logged, and fails if one of them failed or was skipped, or none ran:
//
//	go test -json ./test/e2e | go run ./test/evidence -command "make failpoints-kube" -o docs/evidence/kube.json
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// record is the file.
type record struct {
	Command string          `json:"command"`
	Commit  string          `json:"commit"`
	Date    string          `json:"date"` // of its end
	Minutes float64         `json:"minutes"`
	Tests   map[string]test `json:"tests"`
}

// test is one test, not one of its parts.
type test struct {
	Passed  bool     `json:"passed"`
	Parts   int      `json:"parts,omitempty"` // subtests that passed
	Seconds float64  `json:"seconds"`
	Said    []string `json:"said,omitempty"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	command := flag.String("command", "", "what makes the same `evidence` again")
	file := flag.String("o", "", "the `file`")
	flag.Parse()
	commit, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		return fmt.Errorf("cannot find the commit: %w", err)
	}
	begin := time.Now()
	tests, failed := read(in, out)
	r := record{*command, strings.TrimSpace(string(commit)), time.Now().UTC().Format(time.DateOnly), time.Since(begin).Round(6 * time.Second).Minutes(), tests}
	text, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.WriteFile(*file, append(text, '\n'), 0o644)
	}
	return errors.Join(failed, err)
}

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

var (
	logged    = regexp.MustCompile(`^    \w+_test\.go:\d+: (.*)\n$`)
	continued = regexp.MustCompile(`^        (.*)\n$`)
)

// read shows and counts all events. An input that is no event is shown as it is.
func read(in io.Reader, out io.Writer) (tests map[string]test, err error) {
	tests = map[string]test{}
	lines := bufio.NewReader(in)
	for {
		line, end := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) != nil {
			e = event{Action: "output", Output: string(line)}
		}
		if e.Action == "output" {
			fmt.Fprint(out, e.Output)
		}
		if e.Action == "fail" || e.Action == "skip" && e.Test != "" {
			err = errors.Join(err, fmt.Errorf("%s %s: %s", e.Package, e.Test, e.Action))
		}
		if name, part, _ := strings.Cut(e.Test, "/"); name != "" {
			tests[name] = tests[name].with(e, part != "")
		}
		if end != nil {
			break
		}
	}
	if len(tests) == 0 {
		err = errors.Join(err, errors.New("no test ran"))
	}
	return tests, err
}

// with is a test after one more event of it, or of one of its parts.
func (t test) with(e event, part bool) test {
	switch {
	case part && e.Action == "pass":
		t.Parts++
	case part:
	case e.Action == "pass" || e.Action == "fail":
		t.Passed, t.Seconds = e.Action == "pass", e.Elapsed
	case e.Action == "output":
		for _, form := range []*regexp.Regexp{logged, continued} {
			if m := form.FindStringSubmatch(e.Output); m != nil {
				t.Said = append(t.Said, strings.TrimRight(m[1], " "))
				break
			}
		}
	}
	return t
}
