package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const events = `{"Action":"start","Package":"p"}
go: downloading something
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: 2 kills\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"        stop: Succeeded  \n"}
{"Action":"output","Package":"p","Test":"TestA/part","Output":"        a_test.go:9: of a part\n"}
{"Action":"pass","Package":"p","Test":"TestA/part","Elapsed":1}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1.5}
{"Action":"pass","Package":"p","Elapsed":1.6}
`

func TestWhatPassedIsWrittenDownWithWhatItSaid(t *testing.T) {
	t.Parallel()
	var shown strings.Builder
	tests, err := read(strings.NewReader(events), &shown)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]test{"TestA": {Passed: true, Parts: 1, Seconds: 1.5, Said: []string{"2 kills", "stop: Succeeded"}}}, tests); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if want := "go: downloading something\n=== RUN   TestA\n    a_test.go:7: 2 kills\n        stop: Succeeded  \n        a_test.go:9: of a part\n"; shown.String() != want {
		t.Errorf("shown: %q, want %q", shown.String(), want)
	}
}

func TestWhatFailedOrNeverRanFailsTheCommand(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"a test":              events + `{"Action":"fail","Package":"p","Test":"TestB","Elapsed":2}`,
		"one was skipped":     events + `{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}`,
		"a package alone":     events + `{"Action":"fail","Package":"q","Elapsed":2}`,
		"nothing ran":         "",
		"it does not build":   "# p\na.go:1: undefined: x\nFAIL p [build failed]\n",
		"one that began only": `{"Action":"run","Package":"p","Test":"TestC"}` + "\n" + `{"Action":"fail","Package":"p","Elapsed":2}`,
	} {
		if tests, err := read(strings.NewReader(in), &strings.Builder{}); err == nil {
			t.Errorf("%s: no error with %v", name, tests)
		}
	}
}
