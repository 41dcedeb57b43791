package arm

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheRoutesAreThese(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, rt := range table() {
		versions := rt.supported()
		if versions == "" {
			versions = "-"
		}
		if rt.optional {
			versions += " (optional)"
		}
		fmt.Fprintf(&b, "%-6s %s\n       versions: %s\n       needs: %s\n", rt.method, rt.pattern, versions, rt.action)
	}
	compare(t, "routes", b.String())
}

func TestNoTwoRoutesAnswerTheSameRequest(t *testing.T) {
	t.Parallel()
	f := New(nil, nil, Options{})
	for _, rt := range table() {
		segments, ok := split(param.ReplaceAllString(rt.pattern, "x"))
		if !ok {
			t.Fatalf("%s cannot be split", rt.pattern)
		}
		if found, _, _ := f.find(rt.method, segments); found == nil || found.pattern != rt.pattern {
			t.Errorf("%s %s is answered by %v", rt.method, rt.pattern, found)
		}
	}
}
