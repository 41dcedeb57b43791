package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/daemon"
)

func TestAnUpdateChangesWhatIsNamedAndNothingElse(t *testing.T) {
	for line, want := range map[string]string{
		"--tag a=b": `PATCH {"tags":{"a":"b"}}`,
		"--conf k.x=1 --task-managers 3 --cpu 0.5 --job-manager-memory 1024": `PUT "e7" {"location":"local","properties":{"clusterProfile":{"authorizationProfile":{},"clusterVersion":"1.2.2",` +
			`"flinkProfile":{"flinkConfiguration":{"k.x":"1"},"jobManager":{"cpu":0.5,"memory":1024},"numReplicas":3,"taskManager":{"cpu":0.5}},"ossVersion":"2.3.0"},"clusterType":"Flink","computeProfile":{"nodes":[]}},"tags":{"team":"flink"}}`,
		"--set tags.team=null --set properties.list=[1] --set properties.clusterProfile.ossVersion=2.3.1": `PUT "e7" {"location":"local","properties":{"clusterProfile":{"authorizationProfile":{},"clusterVersion":"1.2.2",` +
			`"ossVersion":"2.3.1"},"clusterType":"Flink","computeProfile":{"nodes":[]},"list":[1]},"tags":{}}`,
	} {
		f := newFake(t)
		f.etag = `"e7"`
		_, stderr, code := f.run(t, "good", append([]string{"cluster", "update", "orders"}, strings.Fields(line)...)...)
		got := fmt.Sprintf("%s %s", "PATCH", f.bodies["/clusters/orders"])
		if slices.Contains(f.seen, "PUT /clusters/orders") {
			got = fmt.Sprintf("PUT %s %s", f.headers["/clusters/orders"].Get("If-Match"), f.bodies["/clusters/orders"])
		}
		if d := cmp.Diff(want, strings.TrimSpace(got)); code != exitOK || d != "" {
			t.Errorf("%s: exit code %d, %s\n-want +got:\n%s", line, code, stderr, d)
		}
	}
	for line, says := range map[string]string{"": "nothing is named", "--set x": "no path=value", "--set location.x=1": "location is no object", "--set a..b=1": "no path=value"} {
		if _, stderr, code := newFake(t).run(t, "good", append([]string{"cluster", "update", "orders"}, strings.Fields(line)...)...); code != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %s", line, code, stderr)
		}
	}
}

func TestAResizeSaysHowManyWorkersAndWhere(t *testing.T) {
	f := newFake(t)
	_, stderr, code := f.run(t, "good", "cluster", "resize", "orders", "4")
	if want := `{"location":"local","properties":{"targetWorkerNodeCount":4}}`; code != exitOK || strings.TrimSpace(f.bodies["/clusters/orders/resize"]) != want {
		t.Errorf("exit code %d, sent %s, want %s; %s", code, f.bodies["/clusters/orders/resize"], want, stderr)
	}
	if _, _, code := f.run(t, "good", "cluster", "resize", "orders", "few"); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
}

func TestAnOperationIsLookedForInItsOwnPool(t *testing.T) {
	f := newFake(t)
	f.outcome = "Accepted"
	_, stderr, code := f.run(t, "good", "pool", "create", "analytics", "--timeout", "1ms")
	if code != exitTimeout || !strings.Contains(stderr, " -p analytics` waits again") {
		t.Errorf("exit code %d, stderr %s", code, stderr)
	}
	for at, want := range map[string]string{
		poolID: poolID, poolID + "?api-version=x": poolID, poolID + "/clusters/c/runJob": poolID, strings.ToLower(poolID) + "/": strings.ToLower(poolID), "/about": "", "{pool}/clusters": "",
	} {
		if got := poolOf(at); got != want {
			t.Errorf("the pool of %s is %q, want %q", at, got, want)
		}
	}
}

// A pool that was deleted has no list of operations any more.
func TestAnOperationThatThePoolDoesNotListIsFollowedByItsStatus(t *testing.T) {
	for status, want := range map[string]int{`{"status":"Succeeded","endTime":"2026-11-25T12:00:01Z"}`: exitOK,
		`{"status":"Failed","endTime":"2026-11-25T12:00:01Z","error":{"code":"NoRoom","message":"There is no room."}}`: exitOperation} {
		f := newFake(t)
		f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/clusterpools/analytics/operations/"):
				w.WriteHeader(http.StatusNotFound)
			case strings.Contains(r.URL.Path, "/operationStatuses/"):
				_, _ = w.Write([]byte(status))
			default:
				f.answer(w, r)
			}
		})
		if _, stderr, code := f.run(t, "good", "pool", "create", "analytics"); code != want {
			t.Errorf("exit code %d, want %d: %s", code, want, stderr)
		}
	}
}

func TestVersionWithoutAServerIsThatOfTheProgram(t *testing.T) {
	for line, want := range map[string]string{"version --short": daemon.Version() + "\n", "version --client -o name": daemon.Version() + "\n", "version -o name": daemon.Version() + "\n"} {
		if out, stderr, code := runIn(t, t.TempDir(), strings.Fields(line)...); code != exitOK || out != want {
			t.Errorf("%s: exit code %d, got %q, want %q; %s", line, code, out, want, stderr)
		}
	}
}

func TestOnATerminalWatchReplacesItsLine(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	var out bytes.Buffer
	a := f.app(t, dir)
	a.out, a.outTTY, a.sleep = &out, true, noPause
	code := a.run(t.Context(), []string{"--connection", f.connectionIn(t, dir), "cluster", "watch", "going"})
	line := "2026-11-25T12:00:00Z going · Stopping · job CANCELLING · DELETE in_progress\n"
	if want := line + "\x1b[1A\r\x1b[K" + line; code != exitOK || out.String() != want {
		t.Errorf("exit code %d, got %q, want %q", code, out.String(), want)
	}
}
