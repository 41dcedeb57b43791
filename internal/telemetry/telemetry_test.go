package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordsCarryTheIDsOfTheirContext(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		ctx  func() context.Context
		want map[string]any
	}{
		"a bare context adds nothing": {context.Background, map[string]any{"msg": "turn", "a": "b"}},
		"ids are added in order, the newest of a key wins": {func() context.Context {
			ctx := With(context.Background(), "operation", "one")
			ctx = With(ctx, "cluster", "orders")
			return With(ctx, "operation", "two")
		}, map[string]any{"msg": "turn", "a": "b", "operation": "two", "cluster": "orders"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log, err := NewLogger(&out, "info", "json")
			if err != nil {
				t.Fatal(err)
			}
			log.With("a", "b").InfoContext(tt.ctx(), "turn")
			log.DebugContext(tt.ctx(), "below the level")
			got := map[string]any{}
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("log line %q: %v", out.String(), err)
			}
			delete(got, "time")
			delete(got, "level")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("record differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAContextIsNotChangedByOneMadeFromIt(t *testing.T) {
	t.Parallel()
	parent := With(context.Background(), "operation", "one")
	_ = With(parent, "step", "left")
	right := With(parent, "step", "right")
	var out bytes.Buffer
	log, err := NewLogger(&out, "debug", "text")
	if err != nil {
		t.Fatal(err)
	}
	log.DebugContext(right, "turn")
	if got := out.String(); !bytes.Contains(out.Bytes(), []byte("operation=one step=right")) {
		t.Errorf("got %q, want it to end in operation=one step=right", got)
	}
}

func TestUnknownLevelsAndFormatsAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{{"loud", "text"}, {"info", "xml"}, {"", "text"}, {"info+2", "json"}} {
		if _, err := NewLogger(&bytes.Buffer{}, tt[0], tt[1]); err == nil {
			t.Errorf("NewLogger(%q, %q): got no error, want one", tt[0], tt[1])
		}
	}
}
