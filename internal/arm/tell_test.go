package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
	"drey/internal/telemetry"
)

func scrape(m *telemetry.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// listening is a log whose text can be read.
func listening(t *testing.T) (*slog.Logger, *bytes.Buffer) {
	t.Helper()
	var text bytes.Buffer
	log, err := telemetry.NewLog(&text, "debug", "json")
	if err != nil {
		t.Fatal(err)
	}
	return log, &text
}

// talkative is a door that writes a line of its own.
type talkative struct {
	*fakeDoor
	log *slog.Logger
}

func (d talkative) PoolView(ctx context.Context, p cluster.PoolRef) (lifecycle.PoolView, error) {
	d.log.InfoContext(ctx, "pool is read")
	return d.fakeDoor.PoolView(ctx, p)
}

func TestEveryLineOfARequestSaysWhichAndWhose(t *testing.T) {
	t.Parallel()
	log, text := listening(t)
	issuer, err := testIssuer()
	if err != nil {
		t.Fatal(err)
	}
	f := New(talkative{running(), log}, issuer, Options{Log: log})
	token := bearer(t, front(t, running(), Options{}), "owner")
	f.options.Now = front(t, running(), Options{}).options.Now
	w := ask(t, f, "", "GET "+poolID+published1, "", "Authorization: Bearer "+token, "x-ms-client-request-id: mine")
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %d lines:\n%s", len(lines), text)
	}
	want := map[string]any{
		"msg": "pool is read", "request": w.Header().Get("x-ms-request-id"), "clientRequest": "mine",
		"correlation": w.Header().Get("x-ms-correlation-request-id"), "principal": clients["owner"].ObjectID, "route": poolPath,
	}
	for i, line := range lines {
		if i == 1 {
			want["msg"], want["status"], want["seconds"], want["method"] = "request", 200.0, 0.0, "GET"
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("line %d: %s is %v, want %v", i+1, name, got[name], value)
			}
		}
	}
}

// TestNoSecretReachesTheLogOrAnAnswer sends a secret by every way a caller has, into every way of the front to fail.
func TestNoSecretReachesTheLogOrAnAnswer(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3a/+="
	log, text := listening(t)
	secret := []string{canary, url.QueryEscape(canary), url.PathEscape(canary), "Y2FuYXJ5LTdmM2EvKz0"}
	bearing := "Authorization: Bearer " + canary
	put, stop := "PUT "+itsID+published1, "POST "+itsID+"/runJob"+published1
	storage := func(key string) string {
		return strings.Replace(flinkBody, `"storageUri":"abfs://c@a.dfs.core.windows.net/"`, `"storageUri":"abfs://c@a.dfs.core.windows.net/","storagekey":`+key, 1)
	}
	for why, x := range map[string]exchange{
		"in a bad token":                {who: "-", line: put, body: "{}", headers: []string{bearing}},
		"in another scheme":             {who: "-", line: put, body: "{}", headers: []string{"Authorization: Basic " + canary}},
		"as a client's secret":          {who: "-", line: "POST /" + tenantID + "/oauth2/v2.0/token", body: url.Values{"grant_type": {"client_credentials"}, "client_id": {"x"}, "client_secret": {canary}}.Encode(), headers: []string{"Content-Type: application/x-www-form-urlencoded"}},
		"in a query":                    {line: "GET /nothing?sig=" + url.QueryEscape(canary)},
		"in a version":                  {line: "GET " + itsID + "?api-version=" + url.QueryEscape(canary)},
		"as an id of the request":       {line: "GET " + itsID + published1, headers: []string{"x-ms-client-request-id: " + canary}},
		"as a storage key":              {line: put, body: storage(`"` + canary + `"`)},
		"as a storage key of two types": {line: put, body: storage(`["` + canary + `"]`)},
		"in JSON that is broken":        {line: put, body: storage(`"` + canary)},
		"in a field that is not known":  {line: put, body: `{"properties":{"password":"` + canary + `"}}`},
		"in a job's arguments":          {door: failing(fmt.Errorf("disk full")), line: stop, body: `{"properties":{"jobType":"FlinkJob","action":"UPDATE","args":"--password ` + canary + `"}}`},
		"while the door panics":         {door: &fakeDoor{panics: true}, line: put, body: storage(`"` + canary + `"`)},
	} {
		text.Reset()
		if x.door == nil {
			x.door = running()
		}
		f := front(t, x.door, Options{Log: log})
		if x.who == "" {
			x.headers = append(x.headers, "Authorization: Bearer "+bearer(t, f, "owner"))
		}
		w := ask(t, f, "", x.line, x.body, x.headers...)
		if !strings.Contains(text.String(), `"msg":"request"`) {
			t.Errorf("%s: the request is not in the log", why)
		}
		said := text.String() + w.Body.String() + fmt.Sprint(w.Header())
		for _, s := range secret {
			if strings.Contains(said, s) {
				t.Errorf("%s: %d\n%s", why, w.Code, said)
			}
		}
	}
}
