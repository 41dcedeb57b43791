package fake

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestABehaviourIsReadFromItsText(t *testing.T) {
	t.Parallel()
	b, err := ParseBehaviour(Quick, "snapshot=2s, trouble=close,operators=source+count")
	if err != nil || b.Snapshot != 2*time.Second || b.Trouble != HangsClosing || len(b.Operators) != 2 || b.Boot != Quick.Boot {
		t.Errorf("got %+v, %v", b, err)
	}
	for text, want := range map[string]string{
		"snapshot=soon": "time of at most one hour",
		"snapshot=-1s":  "time of at most one hour",
		"boot=2h":       "time of at most one hour",
		"trouble=ghost": "no trouble",
		"colour=red":    "no \"colour\"",
	} {
		if _, err := ParseBehaviour(Quick, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

// TestTheDocsNameEachKnob: a knob or a trouble without a word in docs/simulated.md is one that nobody finds.
func TestTheDocsNameEachKnob(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../docs/simulated.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range (&Behaviour{}).durations() {
		if !strings.Contains(string(raw), "| `"+name+"` |") {
			t.Errorf("the docs do not name %s", name)
		}
	}
	for _, trouble := range troubles {
		if !strings.Contains(string(raw), "`"+string(trouble)+"`") {
			t.Errorf("the docs do not name the trouble %s", trouble)
		}
	}
}
