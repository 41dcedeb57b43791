package arm

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"drey/internal/identity"
)

var param = regexp.MustCompile(`\{[^}]+\}`)

// walkFront is a front whose door must not be reached.
func walkFront(t *testing.T) *Front {
	t.Helper()
	issuer, err := identity.NewIssuer(identity.Config{KeyFile: filepath.Join(t.TempDir(), "key.pem"), Tenant: "11111111-1111-4111-a111-111111111111"})
	if err != nil {
		t.Fatal(err)
	}
	return New(nil, issuer, Options{})
}

func TestEveryRouteButTheAnonymousOnesWantsAToken(t *testing.T) {
	f := walkFront(t)
	walked := 0
	for _, rt := range table() {
		if rt.action == "" {
			t.Errorf("%s %s has no action", rt.method, rt.pattern)
		}
		if rt.action == anonymous {
			continue
		}
		for why, header := range map[string]string{"no token": "", "a bad token": "Bearer a.b.c", "no bearer": "Basic eDp5"} {
			r := httptest.NewRequest(rt.method, param.ReplaceAllString(rt.pattern, "x")+"?api-version=2026-11-01", strings.NewReader("{}"))
			if header != "" {
				r.Header.Set("Authorization", header)
			}
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			walked++
			var body struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatalf("%s %s, %s: %v in %s", rt.method, rt.pattern, why, err, w.Body)
			}
			if w.Code != http.StatusUnauthorized || body.Error.Code == "" || w.Header().Get("x-ms-error-code") != body.Error.Code ||
				!strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer authorization_uri=") || w.Header().Get("x-ms-request-id") == "" {
				t.Errorf("%s %s, %s: %d %s, headers %v", rt.method, rt.pattern, why, w.Code, w.Body, w.Header())
			}
		}
	}
	if walked < 60 {
		t.Errorf("only %d requests were tried", walked)
	}
}

func TestAPathThatIsNoRouteTellsNothingWithoutAToken(t *testing.T) {
	w := httptest.NewRecorder()
	walkFront(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/subscriptions/x/nothing", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("got %d: %s", w.Code, w.Body)
	}
}

func TestHealthNeedsNoToken(t *testing.T) {
	w := httptest.NewRecorder()
	walkFront(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Errorf("got %d: %s", w.Code, w.Body)
	}
}

func TestPathsAreReadAsClientsWriteThem(t *testing.T) {
	f := walkFront(t)
	for why, path := range map[string]string{
		"in any case":          "/Subscriptions/s/resourcegroups/g/Providers/microsoft.hdinsight/clusterPools/p/Clusters/c/RUNJOB",
		"with doubled slashes": "/subscriptions/s/resourceGroups/g/providers/Microsoft.HDInsight//clusterpools/p/clusters/c/runJob/",
	} {
		segments, ok := split(path)
		rt, params, _ := f.find(http.MethodPost, segments)
		if !ok || rt == nil || params["cluster"] != "c" || !strings.HasSuffix(rt.pattern, "/runJob") {
			t.Errorf("%s: %v %v", why, rt, params)
		}
	}
}
