package cli

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPlanSaysWhatAPutWouldChange(t *testing.T) {
	t.Parallel()
	now := map[string]any{"location": "westus3", "tags": map[string]any{"a": "1"}, "properties": map[string]any{
		"list": []any{1.0, 2.0}, "clusterProfile": map[string]any{"flinkProfile": map[string]any{"flinkConfiguration": map[string]any{"k.x": "v", "a.password": masked}}}}}
	for why, tt := range map[string]struct {
		version, body string
		want          []difference
	}{
		"nothing, in other words": {apiVersion, `{"location":"West US 3","tags":{"a":"1"},"properties":{"list":[1,2],"none":null,"empty":{},"status":"Running","clusterProfile":{"flinkProfile":{"flinkConfiguration":{"k.x":"v","a.password":"secret"},"storage":{"storagekey":"k"}}}}}`, nil},
		"a new secret is not shown": {apiVersion, `{"location":"westus3","tags":{"a":"1"},"properties":{"list":[1,2],"clusterProfile":{"flinkProfile":{"flinkConfiguration":{"k.x":"v","a.password":"******","a.token":"secret"}}}}}`,
			[]difference{{"properties.clusterProfile.flinkProfile.flinkConfiguration.a.token", "", masked}}},
		"what is absent is taken out": {apiVersion, `{"location":"westus3","properties":{"list":[1,2]}}`, []difference{{"properties.clusterProfile.flinkProfile.flinkConfiguration.a.password", masked, ""}, {"properties.clusterProfile.flinkProfile.flinkConfiguration.k.x", "v", ""}, {"tags.a", "1", ""}}},
		"what a version does not know stays": {"2024-05-01", `{"location":"westus3","tags":{"a":"1"},"properties":{"list":[1,3,4]}}`,
			[]difference{{"properties.list[1]", "2", "3"}, {"properties.list[2]", "", "4"}}},
	} {
		var body map[string]any
		if err := json.Unmarshal([]byte(tt.body), &body); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, compare(now, resource{version: tt.version, body: body})); d != "" {
			t.Errorf("%s (-want +got):\n%s", why, d)
		}
	}
}

func TestApplyStopsAtTheFirstFailureAndSaysHowThingsStand(t *testing.T) {
	f := newFake(t)
	f.stdin = "{type: Microsoft.HDInsight/clusterpools, name: analytics, location: local}\n---\n" +
		"{type: Microsoft.HDInsight/clusterpools/clusters, name: fresh, location: local}\n---\n{type: Microsoft.HDInsight/clusterpools/clusters, name: later, location: local}\n"
	f.Config.Handler = failing(f, "PUT", "/clusters/fresh", 400, `{"error":{"code":"InvalidName","message":"Not so."}}`)
	_, stderr, code := f.run(t, "good", "apply", "-f", "-", "-y")
	for _, want := range []string{"Cannot apply cluster local/fresh: Not so.", "now: analytics changed, local/later not begun"} {
		if code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, want %q in stderr:\n%s", code, want, stderr)
		}
	}
	if slices.Contains(f.seen, "PUT /clusters/later") {
		t.Errorf("it went on: %v", f.seen)
	}
}

// failing answers a method of a path in another way.
func failing(f *fake, method, path string, status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method && strings.TrimPrefix(r.URL.Path, poolID) == path {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return
		}
		f.answer(w, r)
	}
}

func TestApplyDoesExactlyWhatThePlanSaid(t *testing.T) {
	f := newFake(t)
	f.stdin = newCluster
	out, stderr, code := f.run(t, "good", "plan", "-f", "-", "-o", "tsv", "--query", "id")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	plan := strings.TrimSpace(out)
	if _, stderr, code := f.run(t, "good", "apply", "-f", "-", "--plan", plan); code != exitOK { // without --yes: the plan is the yes
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if got := f.headers["/clusters/fresh"].Get("If-None-Match"); got != "*" {
		t.Errorf("a new cluster was put with If-None-Match %q", got)
	}
	f.stdin = strings.Replace(newCluster, "Flink", "flink", 1)
	if _, stderr, code := f.run(t, "good", "apply", "-f", "-", "--plan", plan); code != exitConflict {
		t.Errorf("other files: exit code %d: %s", code, stderr)
	}
	if _, stderr, code := f.run(t, "good", "apply", "-f", "-"); code != exitUsage || !strings.Contains(stderr, "--yes") {
		t.Errorf("nobody said yes: exit code %d: %s", code, stderr)
	}
}

func TestWhatIsExportedIsAsDeclared(t *testing.T) {
	f := newFake(t)
	for _, form := range []string{outTable, outJSON} {
		text, stderr, code := f.run(t, "good", "cluster", "export", "orders", "-o", form)
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		f.stdin = text
		if out, stderr, code := f.run(t, "good", "diff", "-f", "-", "--exit-code", "-o", "table"); code != exitOK || out != "" {
			t.Errorf("-o %s: exit code %d, stdout %s, stderr %s", form, code, out, stderr)
		}
	}
}

func TestWhatFailedIsTriedAgain(t *testing.T) {
	f := newFake(t)
	text, _, _ := f.run(t, "good", "cluster", "export", "orders")
	f.stdin, f.provisioning = text, "Failed"
	out, stderr, code := f.run(t, "good", "plan", "-f", "-")
	if code != exitOK || !strings.HasPrefix(out, "~ cluster local/orders    once more: the last change ended Failed\n") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, out, stderr)
	}
}

func TestThePlanOfAJobsChangeTellsItsGap(t *testing.T) {
	f := newFake(t)
	f.plan = `{"action":"UPDATE","ways":[{"action":"UPDATE","gapSeconds":0.41,"measured":true,"price":"nothing is lost"}]}`
	f.stdin = "{type: Microsoft.HDInsight/clusterpools/clusters, name: orders, location: local, properties: {clusterProfile: {flinkProfile: {jobSpec: {jobJarDirectory: 'abfs://a@b', jarName: new.jar, args: '--x'}}}}}"
	out, stderr, code := f.run(t, "good", "plan", "-f", "-")
	if code != exitOK || !strings.HasPrefix(out, "~ cluster local/orders    update, gap about 0.4 s, nothing is lost\n") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, out, stderr)
	}
	want := `{"properties":{"jobType":"FlinkJob","action":"UPDATE","jobJarDirectory":"abfs://a@b","jarName":"new.jar","args":"--x"}}`
	if got := f.bodies["/clusters/orders/planJob"]; got != want {
		t.Errorf("it asked for %s, want %s", got, want)
	}
}
