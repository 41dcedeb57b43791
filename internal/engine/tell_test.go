package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"drey/internal/telemetry"
)

func TestEveryLineOfAnOperationSaysWhichAndWhere(t *testing.T) {
	r := newRig(t)
	var text bytes.Buffer
	log, err := telemetry.NewLog(&text, "debug", "json")
	if err != nil {
		t.Fatal(err)
	}
	r.log, r.count = log, telemetry.New("1")
	failures := 2
	r.act = func() error {
		if failures--; failures >= 0 {
			return errors.New("no such luck")
		}
		r.world++
		return nil
	}
	r.submit("a", 1, time.Minute)
	_, stop := r.run()
	r.end()
	stop()
	steps := map[string][]string{}
	for line := range strings.Lines(text.String()) {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got["operation"] != "a" || got["kind"] != "test.count" || got["cluster"] != "/clusters/a" {
			t.Errorf("this line does not say which: %s", line)
		}
		message, _ := got["msg"].(string)
		step, _ := got["step"].(string)
		steps[message] = append(steps[message], step)
	}
	want := map[string][]string{"operation taken up": {"count"}, "step has trouble, again later": {"count", "count"}, "operation ended": {"end"}}
	if !maps.EqualFunc(steps, want, slices.Equal) {
		t.Errorf("got %v, want %v", steps, want)
	}
	w := httptest.NewRecorder()
	r.count.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`drey_operation_duration_seconds_count{kind="test.count",outcome="Succeeded"} 1`, `drey_operation_troubles_total{kind="test.count",step="count"} 2`,
		`drey_operation_turns_total{kind="test.count"} 5`, // two in trouble, one that acts, one that is done, the end
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("there is no %s in\n%s", line, w.Body)
		}
	}
}
