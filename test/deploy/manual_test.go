package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/test/docs"
)

const (
	root   = "../.."
	manual = root + "/docs/kubernetes.md"
)

// namespaces are those of the manual: with the plain manifests, and with the chart.
var namespaces = []string{"drey-flink", "flink-prod"}

// TestTheManualIsTrue runs all of its commands in one shell, as a person would who reads on.
func TestTheManualIsTrue(t *testing.T) {
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := docs.Steps(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&script, "{ echo '== %s:%d'; set -x; } 2>&1\n%s\n", filepath.Base(manual), s.Line, s.Command)
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
