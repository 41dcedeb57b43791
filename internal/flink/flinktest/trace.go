package flinktest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Step is a question and its answer, as far as they are the same each time.
type Step struct {
	Title  string `json:"title"`
	Asked  string `json:"asked"`
	Body   any    `json:"body,omitempty"`
	Status int    `json:"status,omitempty"` // of HTTP
	Answer any    `json:"answer,omitempty"`
}

// Trace is all that was asked in a scenario, in its order.
type Trace []Step

// note adds a step; the same question and answer again is noted once.
func (p *Player) note(s Step) {
	s.Title = p.title
	if n := len(p.trace); n > 0 && s.Body == nil && encode(p.trace[n-1]) == encode(s) {
		return
	}
	p.trace = append(p.trace, s)
}

// json is the trace, one step a line.
func (t Trace) json() []byte {
	var lines []string
	for _, s := range t {
		lines = append(lines, encode(s))
	}
	return []byte("[\n" + strings.Join(lines, ",\n") + "\n]\n")
}

func encode(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // what came from JSON
	}
	return strings.TrimSpace(out.String())
}

// Check plays a scenario, and compares its trace with the one that was recorded.
func Check(t *testing.T, w World, name string) {
	t.Helper()
	raw, err := os.ReadFile(file(w, name))
	if err != nil {
		t.Fatalf("there is no trace of this scenario (`make record`): %v", err)
	}
	if diff := cmp.Diff(parse(t, raw), parse(t, play(t, w, name).json())); diff != "" {
		t.Errorf("- is what real Flink answered when the trace was recorded, + what is answered now:\n%s", diff)
	}
}

func parse(t *testing.T, raw []byte) (trace Trace) {
	t.Helper()
	if err := json.Unmarshal(raw, &trace); err != nil {
		t.Fatal(err)
	}
	return trace
}

// Record plays a scenario, and writes its trace.
func Record(t *testing.T, w World, name string) {
	t.Helper()
	raw := play(t, w, name).json()
	if t.Failed() {
		return
	}
	if err := os.WriteFile(file(w, name), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func file(w World, name string) string {
	return filepath.Join(w.Traces, strings.ReplaceAll(name, " ", "-")+".json")
}

func play(t *testing.T, w World, name string) Trace {
	t.Helper()
	p := &Player{T: t, scenario: name, world: w, names: map[string]string{}, told: map[string]int{}}
	Scenarios[name].Play(p)
	return p.trace
}
