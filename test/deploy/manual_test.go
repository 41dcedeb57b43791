package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	root   = "../.."
	manual = root + "/docs/kubernetes.md"
)

// namespaces are those of the manual: with the plain manifests, and with the chart.
var namespaces = []string{"drey-flink", "flink-prod"}

// block is a block of shell commands of the manual.
type block struct {
	line int // where its first command is
	text string
}

// blocks are those of a document that begin with ```sh.
func blocks(tb testing.TB, file string) (all []block) {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	inside, n := false, 0
	for line := range strings.Lines(string(text)) {
		n++
		switch fence := strings.TrimSpace(line); {
		case fence == "```sh":
			inside, all = true, append(all, block{line: n + 1})
		case strings.HasPrefix(fence, "```"):
			inside = false
		case inside:
			all[len(all)-1].text += line
		}
	}
	return all
}

// TestTheManualIsTrue runs all of its commands in one shell, as a person would who reads on.
func TestTheManualIsTrue(t *testing.T) {
	var script strings.Builder
	for _, b := range blocks(t, manual) {
		fmt.Fprintf(&script, "{ echo '== %s:%d'; set -x; } 2>&1\n%s", filepath.Base(manual), b.line, b.text)
	}
	if script.Len() == 0 {
		t.Fatal("the manual has no commands")
	}
	for _, namespace := range namespaces {
		volumes(t, namespace)
	}
	tagFlink(t)
	out, err := newReader(t).read(t, script.String(), 10*time.Minute)
	t.Log(out)
	if err != nil {
		t.Errorf("the manual does not work: %v", err)
		for _, namespace := range namespaces {
			t.Log(trouble(namespace))
		}
	}
}
