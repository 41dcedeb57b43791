package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const foretoldBody = `{"dryRun":true,"kind":"job.update","verb":"PATCH","resourceId":"/x/clusters/orders","begins":true,"steps":["stage","stop"],"says":["tags changed"]}`

// willing answers every change with what it would do, and notes which were asked for.
func willing(f *fake) *[]string {
	asked := new([]string)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/token") || strings.HasSuffix(r.URL.Path, "/planJob") {
			f.answer(w, r)
			return
		}
		*asked = append(*asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, poolID))
		if r.Header.Get("x-drey-dry-run") == "true" {
			w.Header().Set("x-drey-dry-run", "true")
		}
		_, _ = w.Write([]byte(foretoldBody))
	})
	return asked
}

func TestADryRunTellsWhatWouldBeDone(t *testing.T) {
	jar := filepath.Join(t.TempDir(), "job.jar")
	if err := os.WriteFile(jar, []byte("a jar"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, asks := range map[string]string{
		"cluster update orders --tag a=b":    "PATCH /clusters/orders",
		"cluster update orders --set a=b":    "PUT /clusters/orders",
		"cluster resize orders 4":            "POST /clusters/orders/resize",
		"cluster upgrade run orders":         "POST /clusters/orders/upgrade",
		"cluster delete orders":              "DELETE /clusters/orders",
		"cluster create n --jar JAR":         "PUT /clusters/n",
		"cluster version rollback orders 1":  "POST /clusters/orders/versions/1/rollback",
		"job update orders --jar JAR":        "POST /clusters/orders/runJob",
		"job cancel orders":                  "POST /clusters/orders/runJob",
		"job stop orders --no-wait -o table": "POST /clusters/orders/runJob",
		"pool update analytics --tag a=b":    "PATCH " + strings.Replace(poolID, "/local", "/analytics", 1),
		"pool create analytics":              "PUT " + strings.Replace(poolID, "/local", "/analytics", 1),
		"pool delete analytics":              "DELETE " + strings.Replace(poolID, "/local", "/analytics", 1),
	} {
		f := newFake(t)
		asked := willing(f)
		args := strings.Fields(strings.ReplaceAll(line, "JAR", jar) + " --dry-run")
		stdout, stderr, code := f.run(t, "good", args...)
		for _, want := range []string{"dry run, nothing was done", "would begin", "job.update", "stage, stop", "tags changed"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: %q is not in %s", line, want, stdout)
			}
		}
		if d := cmp.Diff([]string{asks}, *asked); code != exitOK || d != "" {
			t.Errorf("%s: exit code %d, %s\n-want +got:\n%s", line, code, stderr, d)
		}
	}
}

func TestAServerThatKnowsNoDryRunIsNotTrusted(t *testing.T) {
	_, stderr, code := newFake(t).run(t, "good", "job", "stop", "orders", "--dry-run")
	if code != exitFailed || !strings.Contains(stderr, "knows no dry run") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestIfMatchGoesBeforeTheTagThatWasRead(t *testing.T) {
	f := newFake(t)
	f.etag = `"e7"`
	_, stderr, code := f.run(t, "good", "cluster", "update", "orders", "--set", "a=b", "--if-match", "e6")
	if got := f.headers["/clusters/orders"].Get("If-Match"); code != exitOK || got != `"e6"` {
		t.Errorf("exit code %d, If-Match %s, %s", code, got, stderr)
	}
}

func TestDebugShowsRequestsWithoutSecrets(t *testing.T) {
	t.Setenv("DREY_TOKEN", "h.eyJvaWQiOiJwMSIsImFwcGlkIjoiYTEiLCJ0aWQiOiJ0MSIsImV4cCI6MTc5NTYwODAwMH0.s")
	_, stderr, code := newFake(t).run(t, "good", "job", "stop", "orders", "--debug", "--client-token", "mine")
	for _, want := range []string{"> POST ", "/clusters/orders/runJob?api-version=", "< 202", ">   Authorization: ******", ">   X-Drey-Client-Token: ******"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in %s", want, stderr)
		}
	}
	if code != exitOK || strings.Contains(stderr, "h.eyJ") || strings.Contains(stderr, "mine") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
