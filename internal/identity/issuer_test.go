package identity

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/internal/secret"
)

const (
	tenant = "11111111-1111-4111-a111-111111111111"
	app    = "22222222-2222-4222-a222-222222222222"
	object = "33333333-3333-4333-a333-333333333333"
)

func newIssuer(t *testing.T, clock *time.Time) *Issuer {
	t.Helper()
	i, err := NewIssuer(Config{KeyFile: filepath.Join(t.TempDir(), "key.pem"), Tenant: tenant, Now: func() time.Time { return *clock },
		Clients: []Client{{ID: app, Secret: secret.New("good"), ObjectID: object, Name: "tests", Roles: []Assignment{{Role: "Owner", Scope: "/"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// ask asks the token endpoint; path is v1's or v2's.
func ask(t *testing.T, i *Issuer, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://127.0.0.1:8443/"+tenant+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	i.Handler().ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, body
}

func form(secret string, more ...string) url.Values {
	f := url.Values{"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret}}
	for n := 0; n+1 < len(more); n += 2 {
		f.Set(more[n], more[n+1])
	}
	return f
}

func TestATokenIsGivenForTheSecretOnly(t *testing.T) {
	now := time.Now()
	i := newIssuer(t, &now)
	for why, tt := range map[string]struct {
		path string
		form url.Values
		code int
	}{
		"v2 with a scope":    {"/oauth2/v2.0/token", form("good", "scope", "https://management.azure.com//.default"), 200},
		"v1 with a resource": {"/oauth2/token", form("good", "resource", "https://management.azure.com/"), 200},
		"our own endpoint":   {"/oauth2/v2.0/token", form("good", "scope", "https://127.0.0.1:8443/.default"), 200},
		"a wrong secret":     {"/oauth2/v2.0/token", form("bad", "scope", "https://management.azure.com/.default"), 401},
		"no secret":          {"/oauth2/v2.0/token", form("", "scope", "https://management.azure.com/.default"), 401},
		"another grant":      {"/oauth2/v2.0/token", form("good", "grant_type", "password"), 400},
	} {
		t.Run(why, func(t *testing.T) {
			code, body := ask(t, i, tt.path, tt.form)
			if code != tt.code {
				t.Fatalf("got %d %v", code, body)
			}
			if code != 200 {
				if body["error"] == "" || body["access_token"] != nil {
					t.Errorf("got %v", body)
				}
				return
			}
			who, err := i.Verify(body["access_token"].(string))
			if err != nil || who.ObjectID != object || who.AppID != app {
				t.Errorf("the token says %+v, %v", who, err)
			}
		})
	}
}

func TestABadTokenIsRefused(t *testing.T) {
	now := time.Now()
	i, other := newIssuer(t, &now), newIssuer(t, &now)
	_, body := ask(t, i, "/oauth2/v2.0/token", form("good", "scope", "https://management.azure.com/.default"))
	good := body["access_token"].(string)
	_, body = ask(t, other, "/oauth2/v2.0/token", form("good", "scope", "https://management.azure.com/.default"))
	foreign := body["access_token"].(string)
	_, body = ask(t, i, "/oauth2/token", form("good", "resource", "https://storage.azure.com/"))
	storage, _ := body["access_token"].(string)
	parts := strings.Split(good, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	altered := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), object, app, 1)))
	header := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for why, token := range map[string]string{
		"nothing":                    "",
		"one word":                   "token",
		"two segments":               parts[0] + "." + parts[1],
		"four segments":              good + ".x",
		"five segments, as of a JWE": "a.b.c.d.e",
		"too long":                   good + strings.Repeat("A", 17<<10),
		"no signature":               parts[0] + "." + parts[1] + ".",
		"another signature":          parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"an altered payload":         parts[0] + "." + altered + "." + parts[2],
		"algorithm none":             header(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"algorithm HS256":            header(`{"alg":"HS256","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"a key of its own":           header(`{"alg":"RS256","jwk":{}}`) + "." + parts[1] + "." + parts[2],
		"a key from elsewhere":       header(`{"alg":"RS256","jku":"https://evil.example/keys"}`) + "." + parts[1] + "." + parts[2],
		"another issuer's":           foreign,
		"for another audience":       storage,
		"not base64":                 "!!.!!.!!",
		"a blank inside":             parts[0] + ". " + parts[1] + "." + parts[2],
	} {
		t.Run(why, func(t *testing.T) {
			if who, err := i.Verify(token); err == nil {
				t.Errorf("it was taken for %+v", who)
			}
		})
	}
	if _, err := i.Verify(good); err != nil {
		t.Errorf("the good one was refused: %v", err)
	}
	now = now.Add(lifetime + 2*time.Minute)
	if _, err := i.Verify(good); err == nil {
		t.Error("it is good after its end")
	}
	now = now.Add(-2*lifetime - 10*time.Minute)
	if _, err := i.Verify(good); err == nil {
		t.Error("it is good before its beginning")
	}
}
