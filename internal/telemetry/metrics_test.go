package telemetry

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the list of metrics anew")

func TestTheListOfMetricsIsTheRegistrys(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "metrics.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- made by internal/telemetry: go test -update -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the list", file)
	}
	want := before + begin + list(t, used(t)) + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("%s differs (-registry +file):\n%s", file, d)
	}
}

// used is a registry in which everything was counted once: what no method feeds is not in the list.
func used(t *testing.T) *Metrics {
	t.Helper()
	m := New("1.2.3")
	m.Request("/healthz", http.MethodGet, http.StatusOK, time.Second)
	m.Refuse("principal")
	m.Connect(1)
	m.Commit(time.Millisecond, nil)
	m.Turn("job.stop")
	m.Trouble("job.stop", "await")
	m.Operation("job.stop", "Succeeded", time.Second)
	m.Gap("job.update", time.Second)
	m.GapPart("restore", time.Second)
	m.Looked("local", time.Unix(1, 0))
	m.Panic("step")
	answers := m.Transport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("gone") }))
	if _, err := answers.RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil)); err == nil {
		t.Error("the error was lost")
	}
	m.Watch(func(context.Context) (State, error) {
		return State{Clusters: map[string]int{"Running": 2}, Operations: map[string]int{"Active": 1}, Targets: []Target{{Name: "local", Epoch: 3, Owned: true}}}, nil
	})
	return m
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// list is a table of a registry's own metrics.
func list(t *testing.T, m *Metrics) string {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), namespace+"_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	b.WriteString("\n")
	return b.String()
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestAScrapeHasWhatWasCounted(t *testing.T) {
	t.Parallel()
	text := scrape(t, used(t))
	for _, want := range []string{
		`drey_http_request_duration_seconds_count{method="GET",route="/healthz",status="2xx"} 1`,
		`drey_store_commit_duration_seconds_count{outcome="done"} 1`, `drey_flink_request_duration_seconds_count{outcome="unreachable"} 1`,
		`drey_clusters{phase="Running"} 2`, `drey_operations{state="Active"} 1`, `drey_target_epoch{target="local"} 3`,
		`drey_target_owned{target="local"} 1`, `drey_watcher_last_look_timestamp_seconds{target="local"} 1`, `drey_build_info{version="1.2.3"} 1`, "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

func TestAScrapeHasTheRestWhereTheStateCannotBeRead(t *testing.T) {
	t.Parallel()
	m := New("1")
	m.Watch(func(context.Context) (State, error) { return State{}, errors.New("the database is locked") })
	text := scrape(t, m)
	if !strings.Contains(text, "drey_build_info") || strings.Contains(text, "drey_clusters") || strings.Contains(text, "locked") {
		t.Errorf("got\n%s", text)
	}
}

func TestWhatACallerMakesUpIsNoLabel(t *testing.T) {
	t.Parallel()
	m := New("1")
	m.Request("", "BREW-17", http.StatusNotFound, 0)
	if text := scrape(t, m); strings.Contains(text, "BREW") || !strings.Contains(text, `route="none"`) {
		t.Errorf("got\n%s", text)
	}
}

func TestCountingATurnAllocatesNothing(t *testing.T) {
	m := New("1")
	if n := testing.AllocsPerRun(100, func() { m.Turn("job.update") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNoMetricsAreNoTrouble(t *testing.T) {
	t.Parallel()
	var m *Metrics
	m.Request("/", "GET", 200, 0)
	m.Refuse("x")
	m.Connect(1)
	m.Commit(0, nil)
	m.Turn("x")
	m.Trouble("x", "y")
	m.Operation("x", "y", 0)
	m.Gap("x", 0)
	m.GapPart("x", 0)
	m.Looked("x", time.Time{})
	m.Panic("x")
	if m.Transport(http.DefaultTransport) != http.DefaultTransport {
		t.Error("the transport was changed")
	}
}
