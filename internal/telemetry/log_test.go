package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestALineCarriesWhatItsContextWasGiven(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := NewLog(&out, "info", "json")
	if err != nil {
		t.Fatal(err)
	}
	request := With(context.Background(), slog.String("request", "r1"))
	one, other := With(request, slog.String("step", "stop")), With(request, slog.String("step", "await"))
	log.With("part", "engine").InfoContext(one, "first", "own", 1)
	log.InfoContext(other, "second")
	log.Info("third")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []map[string]any{
		{"msg": "first", "request": "r1", "step": "stop", "own": 1.0, "part": "engine"},
		{"msg": "second", "request": "r1", "step": "await"},
		{"msg": "third", "request": nil, "step": nil},
	} {
		var got map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatalf("%v in %q", err, lines[i])
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("line %d: %s is %v, want %v", i+1, name, got[name], value)
			}
		}
	}
}

func TestALogOfTheOldKindHasConstantMessages(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := NewLog(&out, "debug", "text")
	if err != nil {
		t.Fatal(err)
	}
	Lines(log, "the HTTP server says").Printf("tls: %s\nforged=1", "bad record")
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `msg="the HTTP server says" text="tls: bad record\nforged=1"`) {
		t.Errorf("got %q", got)
	}
}

func TestALogOfAnUnknownLevelOrFormatIsRefused(t *testing.T) {
	t.Parallel()
	for part, words := range map[string][2]string{"log.level": {"loud", "json"}, "log.format": {"info", "xml"}} {
		if _, err := NewLog(&bytes.Buffer{}, words[0], words[1]); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v", part, err)
		}
	}
}
