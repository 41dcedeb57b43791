package arm

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drey/internal/identity"
	"drey/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Clients of the tests' issuer, by what they may do.
var clients = map[string]identity.Client{
	"owner":    client("1", "Owner", "/"),
	"reader":   client("2", "Reader", "/subscriptions/"+subID),
	"operator": client("3", "Job Operator", poolID),
	"stranger": client("4", "Owner", poolID+"2"),
}

func client(digit, role, scope string) identity.Client {
	return identity.Client{
		ID: strings.ReplaceAll("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx", "x", digit), ObjectID: strings.ReplaceAll("aaaaaaaa-xxxx-4xxx-8xxx-xxxxxxxxxxxx", "x", digit),
		Secret: secret.New("secret"), Name: "client " + digit, Roles: []identity.Assignment{{Role: role, Scope: scope}},
	}
}

const tenantID = "11111111-1111-4111-a111-111111111111"

// testIssuer is made once: its key costs half a second.
var testIssuer = sync.OnceValues(func() (*identity.Issuer, error) {
	dir, err := os.MkdirTemp("", "arm-test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var all []identity.Client
	for _, c := range clients {
		all = append(all, c)
	}
	return identity.NewIssuer(identity.Config{KeyFile: filepath.Join(dir, "key.pem"), Tenant: tenantID, Clients: all, Now: func() time.Time { return now }})
})

// front makes a front of door whose clock stands still.
func front(t *testing.T, door *fakeDoor, options Options) *Front {
	t.Helper()
	issuer, err := testIssuer()
	if err != nil {
		t.Fatal(err)
	}
	options.Now = func() time.Time { return now }
	return New(door, issuer, options)
}

// bearer asks the front itself for a token.
func bearer(t *testing.T, f *Front, who string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clients[who].ID}, "client_secret": {"secret"}, "scope": {"https://management.azure.com/.default"}}
	r := httptest.NewRequest("POST", "https://drey.test/"+tenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		t.Fatalf("no token for %q: %d %s", who, w.Code, w.Body)
	}
	return answer.Token
}

// ask sends one request as who; headers are "Name: value". A body without a Content-Type is JSON.
func ask(t *testing.T, f *Front, who, line, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "https://drey.test:8443"+target, strings.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+bearer(t, f, who))
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// exchange is one request of a transcript.
type exchange struct {
	why     string
	door    *fakeDoor // nil = running()
	who     string    // "" = owner
	line    string
	body    string
	headers []string
	options Options
}

// shownHeaders are those a transcript shows; the others are the same everywhere.
var shownHeaders = []string{"Content-Type", "Azure-AsyncOperation", "Location", "Retry-After", "ETag", "Allow", "x-ms-error-code", "x-drey-ignored", "x-drey-cursor"}

// transcribe compares what was answered, and what the door was asked, with testdata/name.golden.
func transcribe(t *testing.T, name string, exchanges []exchange) {
	t.Helper()
	var b strings.Builder
	for _, x := range exchanges {
		if x.door == nil {
			x.door = running()
		}
		if x.who == "" {
			x.who = "owner"
		}
		x.door.calls = nil
		w := ask(t, front(t, x.door, x.options), x.who, x.line, x.body, x.headers...)
		fmt.Fprintf(&b, "### %s\n%s\n", x.why, strings.ReplaceAll(strings.ReplaceAll(x.line, itsID, "C"), poolID, "P"))
		for _, call := range x.door.calls {
			fmt.Fprintf(&b, "door: %s\n", strings.ReplaceAll(strings.ReplaceAll(call, itsID, "C"), poolID, "P"))
		}
		fmt.Fprintf(&b, "%d\n", w.Code)
		for _, h := range shownHeaders {
			if v := w.Header().Get(h); v != "" {
				fmt.Fprintf(&b, "%s: %s\n", h, v)
			}
		}
		fmt.Fprintf(&b, "%s\n\n", pretty(w.Body.Bytes()))
	}
	compare(t, name, b.String())
}

var requestID = regexp.MustCompile(`("requestId": ")[0-9a-f-]{36}"`)

func pretty(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return requestID.ReplaceAllString(b.String(), `$1<request id>"`)
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, d)
	}
}

const published1 = "?api-version=2024-05-01"
const ours1 = "?api-version=2026-11-01"

const flinkBody = `{"location":"East US 2","tags":{"Team":"a<b"},"properties":{"clusterType":"flink","computeProfile":{"nodes":[{"type":"worker","vmSize":"Standard_D8d_v5","count":3}]},
	"clusterProfile":{"clusterVersion":"1.2.1","ossVersion":"1.17.0","authorizationProfile":{"userIds":["u"]},"prometheusProfile":{"enabled":false},"secretsProfile":null,
	"managedIdentityProfile":{"identityList":[{"type":"cluster","resourceId":"/r","clientId":"c","objectId":"o"}]},
	"serviceConfigsProfiles":[{"serviceName":"flink-operator","configs":[{"component":"flink-configs","files":[{"fileName":"flink-conf.yaml","values":{"a.b":1}}]}]}],
	"flinkProfile":{"deploymentMode":"Application","storage":{"storageUri":"abfs://c@a.dfs.core.windows.net/"},"jobManager":{"cpu":1.0,"memory":2000},
	"taskManager":{"cpu":2,"memory":2000},"jobSpec":{"jobJarDirectory":"jars","jarName":"job.jar","args":"","upgradeMode":"UPDATE"}}}}}`

// declared is a door whose cluster was made by flinkBody.
func declared(t *testing.T) *fakeDoor {
	t.Helper()
	d := running()
	spec, _, err := published.decodeCluster([]byte(flinkBody), nil)
	if err != nil {
		t.Fatal(err)
	}
	spec.Properties.Profile.Flink.Configuration = map[string]string{"parallelism": "2"}
	d.view.Spec = spec
	return d
}

func TestEveryAnswerHasTheStandardHeaders(t *testing.T) {
	t.Parallel()
	f := front(t, running(), Options{})
	w := ask(t, f, "owner", "GET "+itsID+published1, "", "x-ms-client-request-id: mine", "x-ms-return-client-request-id: true", "x-ms-correlation-request-id: together")
	for name, want := range map[string]string{
		"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1", "X-Content-Type-Options": "nosniff",
		"Content-Type": "application/json; charset=utf-8", "x-ms-correlation-request-id": "together", "x-ms-client-request-id": "mine",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "x-ms-ratelimit-remaining-subscription-reads": "11999",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if id := w.Header().Get("x-ms-request-id"); !guidForm.MatchString(id) || !strings.HasSuffix(w.Header().Get("x-ms-routing-request-id"), id) {
		t.Errorf("the request's id is %q, the routing id %q", id, w.Header().Get("x-ms-routing-request-id"))
	}
	w = ask(t, f, "owner", "GET "+itsID+published1, "", "x-ms-client-request-id: mine", "x-ms-correlation-request-id: a\tb")
	if w.Header().Get("x-ms-client-request-id") != "" || w.Header().Get("x-ms-correlation-request-id") != w.Header().Get("x-ms-request-id") {
		t.Errorf("not asked for, or not fit to be repeated: %v", w.Header())
	}
}

func TestAPanicIsAnsweredLoggedAndSurvived(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	door := running()
	door.panics = true
	f := front(t, door, Options{Log: slog.New(slog.NewJSONHandler(&text, nil))})
	w := ask(t, f, "owner", "GET "+poolID+published1, "")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hinges") || !strings.Contains(w.Body.String(), w.Header().Get("x-ms-request-id")) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if !strings.Contains(text.String(), "hinges") || strings.Contains(text.String(), "Bearer") || strings.Contains(text.String(), "api-version") {
		t.Errorf("the log says %s", text.String())
	}
	door.panics = false
	if w := ask(t, f, "owner", "GET "+poolID+published1, ""); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}
