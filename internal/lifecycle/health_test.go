package lifecycle

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
	"drey/internal/telemetry"
)

func TestTheStateSaysWhetherATargetIsOwned(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		state, err := h.State(t.Context())
		if err != nil || len(state.Targets) != 1 || state.Targets[0] != (telemetry.Target{Name: "here", Epoch: 1, Owned: true}) {
			t.Errorf("got %+v, %v", state, err)
		}
		h.owner.mu.Lock()
		h.owner.held["here"] = claim{epoch: 1, renewed: time.Now().Add(-ownerStale)}
		h.owner.mu.Unlock()
		if state, err := h.State(t.Context()); err != nil || state.Targets[0].Owned {
			t.Errorf("with an old claim: got %+v, %v", state, err)
		}
	})
}

func TestTheGapOfAStartIsCountedOnce(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.Metrics = telemetry.New("1")
		gap := &cluster.Gap{Total: 500 * time.Millisecond, Parts: []cluster.GapPart{{Name: "restore", Took: 200 * time.Millisecond}}}
		err := h.Store.Change(t.Context(), nil, func(tx *store.Tx) error {
			return tx.InsertIncarnation(cluster.Incarnation{ID: "i", JobUID: "j", Target: "here", Phase: cluster.Live, Gap: gap})
		})
		if err != nil {
			t.Fatal(err)
		}
		h.measured(store.Operation{Kind: cluster.KindUpdate, Facts: []byte(`{"incarnation":"i","releasedAt":"2026-11-01T12:00:00Z"}`)})
		h.measured(store.Operation{Kind: cluster.KindStop, Facts: []byte(`{"incarnation":"i"}`)}) // it works on one that another started
		text := scrape(h.Metrics)
		for _, want := range []string{`drey_job_gap_seconds_sum{kind="job.update"} 0.5`, `drey_job_gap_seconds_count{kind="job.update"} 1`, `drey_job_gap_part_seconds_sum{part="restore"} 0.2`} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %s in\n%s", want, text)
			}
		}
		if strings.Contains(text, cluster.KindStop) {
			t.Error("a stop has a gap")
		}
	})
}

// away is a target whose JobManagers do not answer.
type away struct{ runtime.Runtime }

func (away) Endpoint(runtime.IncarnationID, int) runtime.Endpoint {
	return runtime.Endpoint{URL: "http://away", Transport: nowhere{"away"}}
}

func TestCallsToJobManagersAreCounted(t *testing.T) {
	t.Parallel()
	w := &world{Config{Targets: map[string]Target{"away": {Runtime: away{}}}, Metrics: telemetry.New("1")}}
	if _, err := w.flinkAt(cluster.Incarnation{Target: "away"}).JobStatus(t.Context(), "j"); err == nil {
		t.Fatal("it answered")
	}
	if text := scrape(w.Metrics); !strings.Contains(text, `drey_flink_request_duration_seconds_count{outcome="unreachable"} 1`) {
		t.Errorf("got\n%s", text)
	}
}

func scrape(m *telemetry.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}
