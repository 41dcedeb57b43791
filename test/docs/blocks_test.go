package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheStepsOfADocument(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{"# T", "```sh", "one", "two", "```", "```yaml", "three: 3", "```", "```sh", "$ four \\", "  --more", "out", "", "$ five", "^C", "```"}, "\n")
	want := []Step{{3, "one\ntwo", nil}, {10, "four \\\n  --more", []string{"out", ""}}, {14, "five", nil}, {15, "^C", nil}}
	got, err := Steps(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Step{})); d != "" {
		t.Error(d)
	}
	for why, bad := range map[string]string{"a block without a language": "```\ndrey\n```", "a block without an end": "```sh\ndrey"} {
		if _, err := Steps(bad); err == nil {
			t.Errorf("%s is taken", why)
		}
	}
}

func TestWhatIsPrintedIsComparedWithWhatIsShown(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		out, shows string
		want       bool
	}{
		"the same":                         {"a b\nc\n", "a b\nc", true},
		"other columns":                    {"a   b\n  c\n", "a b\nc", true},
		"another word":                     {"a b\n", "a c", false},
		"a line more":                      {"a\nb\n", "a", false},
		"a line less":                      {"a\n", "a\nb", false},
		"anything in a line":               {"took 3.1s here\n", "took …s here", true},
		"nothing beyond the line":          {"took 3.1s\nhere\n", "took …here", false},
		"any lines":                        {"a\nb\nc\nd\n", "a\n…\nd", true},
		"no line where there may be any":   {"a\nd\n", "a\n…\nd", true},
		"signs that patterns give meaning": {"a.b(c)\n", "a.b(c)", true},
		"a dot is no other sign":           {"axb\n", "a.b", false},
	} {
		if got := printed(tt.out, strings.Split(tt.shows, "\n")); got != tt.want {
			t.Errorf("%s: %v, want %v", why, got, tt.want)
		}
	}
}

func TestACommandThatDoesNotDoWhatIsSaidIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := &reader{dir: dir, bin: filepath.Join(dir, "drey")}
	if err := os.WriteFile(r.bin, []byte("#!/bin/sh\necho says $1\nexit $1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for why, tt := range map[string]struct {
		Step
		fails bool
	}{
		"it does not fail":                   {Step{Command: "drey 0"}, false},
		"it fails":                           {Step{Command: "drey 3"}, true},
		"one of a script fails":              {Step{Command: "drey 3\ndrey 0"}, true},
		"it fails as shown":                  {Step{Command: "drey 3", shows: []string{"says 3"}}, false},
		"it fails, and nobody says how":      {Step{Command: "drey 3", shows: []string{"…"}}, true},
		"it prints something else":           {Step{Command: "drey 0", shows: []string{"says 3"}}, true},
		"a server that does not start":       {Step{Command: "drey serve"}, true},
		"nobody is there to be interrupted":  {Step{Command: "^C"}, true},
		"it is run in the folder of the doc": {Step{Command: "test -x drey"}, false},
	} {
		if err := r.does(tt.Step); (err != nil) != tt.fails {
			t.Errorf("%s: %v", why, err)
		}
	}
}
