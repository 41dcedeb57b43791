package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hiding is a cluster with a secret, which the server compares with what it is asked about.
func hiding(f *fake, secret string) {
	const shown = `{"name":"kept","location":"local","properties":{"clusterProfile":{"flinkProfile":{"flinkConfiguration":{"a.password":"******","b":"c"}}}}}`
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/clusters/kept"):
			f.answer(w, r)
		case r.Method == http.MethodGet:
			_, _ = w.Write([]byte(shown))
		case r.Header.Get(dryRunHeader) != "true":
			w.WriteHeader(http.StatusTeapot) // a plan does nothing
		default:
			f.answer(httptest.NewRecorder(), r)
			unchanged := strings.Contains(f.bodies["/clusters/kept"], `"a.password":"`+secret+`","b":"c"`)
			_, _ = w.Write([]byte(`{"dryRun":true,"unchanged":` + map[bool]string{true: "true", false: "false"}[unchanged] + `}`))
		}
	})
}

func TestAPlanSaysThatASecretIsAnotherWithoutShowingIt(t *testing.T) {
	const file = "{type: Microsoft.HDInsight/clusterpools/clusters, name: kept, location: local, properties: {clusterProfile: {flinkProfile: {flinkConfiguration: {a.password: SECRET, b: WORD}}}}}"
	const at = "    properties.clusterProfile.flinkProfile.flinkConfiguration."
	for why, tt := range map[string]struct{ secret, word, want string }{
		"the same":                   {"hush", "c", "= cluster local/kept\n"},
		"what the server shows":      {"'******'", "c", "= cluster local/kept\n"},
		"another":                    {"hiss", "c", "~ cluster local/kept\n" + at + "a.password  ****** → ****** (another)\n"},
		"the same, beside something": {"hush", "d", "~ cluster local/kept\n" + at + "b  c → d\n"},
		"both":                       {"hiss", "d", "~ cluster local/kept\n" + at + "b  c → d\n" + at + "a.password  ****** → ****** (another)\n"},
	} {
		f := newFake(t)
		hiding(f, "hush")
		f.stdin = strings.NewReplacer("SECRET", tt.secret, "WORD", tt.word).Replace(file)
		out, stderr, code := f.run(t, "good", "plan", "-f", "-")
		if plan, _, _ := strings.Cut(out, "Plan: "); code != exitOK || plan != tt.want {
			t.Errorf("%s: exit code %d, %s, got\n%swant\n%s", why, code, stderr, plan, tt.want)
		}
	}
}
