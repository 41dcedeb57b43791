package arm

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func TestOurOwnRoutesOnTheWire(t *testing.T) {
	t.Parallel()
	logs := running()
	logs.sources = [][]lifecycle.LogSource{{{Incarnation: "fedcba98765432100123456789abcdef", Process: "jobmanager-0", Exit: "exit code 1", StartedAt: now}}}
	text := running()
	text.output = []string{"line\n"}
	transcribe(t, "ours", []exchange{
		{why: "about, with and without a version", line: "GET /about"},
		{why: "about under a published version", line: "GET /about" + published1},
		{why: "what can be done here, published", line: "GET /providers/Microsoft.HDInsight/operations" + published1},
		{why: "what can be done here, ours", line: "GET /providers/Microsoft.HDInsight/operations" + ours1},
		{why: "operations of a pool", line: "GET " + poolID + "/operations" + ours1 + "&state=active&cluster=Cluster1"},
		{why: "operations of a cluster", line: "GET " + itsID + "/operations" + ours1},
		{why: "an operation of a pool", door: with(ended(operation("POST"), "Succeeded")), line: "GET " + poolID + "/operations/" + opID + ours1},
		{why: "an operation asked of another cluster", line: "GET " + itsID + "2/operations/" + opID + ours1},
		{why: "a state that is none", line: "GET " + poolID + "/operations" + ours1 + "&state=Open"},
		{why: "savepoints", line: "GET " + itsID + "/savepoints" + ours1},
		{why: "ours are not in published versions", line: "GET " + itsID + "/savepoints" + published1},
		{why: "processes whose output is kept", door: logs, line: "GET " + itsID + "/logs" + ours1},
		{why: "output", door: text, line: "GET " + itsID + "/logs/newest/jobmanager-0" + ours1 + "&cursor=7"},
		{why: "a cursor that is none", line: "GET " + itsID + "/logs/newest/jobmanager-0" + ours1 + "&cursor=-1"},
		{why: "an upload of any type", line: "PUT " + poolID + "/storage" + ours1 + "&uri=abfs%3A%2F%2Fc%40a.dfs.core.windows.net%2Fjars%2Fa.jar", body: "PK",
			headers: []string{"Content-Type: application/octet-stream"}},
		{why: "an upload to nowhere", line: "PUT " + poolID + "/storage" + ours1, body: "PK"},
		{why: "an upload by a reader", who: "reader", line: "PUT " + poolID + "/storage" + ours1 + "&uri=x", body: "PK"},
	})
}

func TestAFollowerGetsAllThatAProcessWroteUntilItsEnd(t *testing.T) {
	t.Parallel()
	const first, second = "fedcba98765432100123456789abcdef", "00000000000000000123456789abcdef"
	alive := lifecycle.LogSource{Incarnation: first, Process: "jobmanager-0", Alive: true}
	dead := alive
	dead.Alive = false
	next := lifecycle.LogSource{Incarnation: second, Process: "jobmanager-0", Alive: true}
	door := running()
	// It is found, alive; alive; then another incarnation has begun and it is dead: what it wrote meanwhile is still sent.
	door.sources = [][]lifecycle.LogSource{{alive}, {alive}, {next, alive}, {next, dead}}
	door.output = []string{"one\n", "two\n", "three\n", "never"}
	f := front(t, door, Options{})
	server := httptest.NewServer(f)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+itsID+"/logs/newest/jobmanager-0"+ours1+"&follow=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer(t, f, "owner"))
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || string(text) != "one\ntwo\nthree\n" || answer.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %q, %v, %v", text, err, answer.Header)
	}
	want := []string{"Logs " + first + " jobmanager-0 0", "Logs " + first + " jobmanager-0 4", "Logs " + first + " jobmanager-0 8"}
	if d := cmp.Diff(want, door.calls); d != "" {
		t.Errorf("the door was asked otherwise (-want +got):\n%s", d)
	}
}

// breaking is a door whose logs break off in the middle.
type breaking struct{ *fakeDoor }

func (breaking) Logs(context.Context, cluster.Ref, string, string, int64) (io.ReadCloser, int64, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 10000)), iotest.ErrReader(io.ErrUnexpectedEOF))), 0, nil
}

func TestAStreamThatBreaksIsSeenToBeBroken(t *testing.T) {
	t.Parallel()
	door := breaking{running()}
	issuer, err := testIssuer()
	if err != nil {
		t.Fatal(err)
	}
	f := New(door, issuer, Options{Now: func() time.Time { return now }})
	server := httptest.NewServer(f)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+itsID+"/logs/newest/jobmanager-0"+ours1, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer(t, f, "owner"))
	answer, err := server.Client().Do(r)
	if err != nil {
		return // so early that not even the headers came
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("it looked whole: %d %q", answer.StatusCode, text)
	}
}

func TestEachPartOfATransferIsWhole(t *testing.T) {
	t.Parallel()
	door := running()
	big := strings.Repeat("x", 3<<20) // more than a JSON body may have
	w := ask(t, front(t, door, Options{}), "owner", "PUT "+poolID+"/storage"+ours1+"&uri=u", big, "Content-Type: application/java-archive")
	if w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"bytes":3145728`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
