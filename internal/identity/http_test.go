package identity

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"drey/internal/secret"
)

// fetch GETs a path of the issuer.
func fetch(t *testing.T, i *Issuer, path string, into any) int {
	t.Helper()
	w := httptest.NewRecorder()
	i.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://drey.test:8443"+path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code
}

func TestDiscoveryLeadsToTheKeysAndTheTokens(t *testing.T) {
	now := time.Now()
	i := newIssuer(t, &now)
	const root = "https://drey.test:8443/" + tenant
	for path, want := range map[string][3]string{
		"/v2.0/.well-known/openid-configuration": {root + "/v2.0", root + "/oauth2/v2.0/token", root + "/discovery/v2.0/keys"},
		"/.well-known/openid-configuration":      {i.issuerName(), root + "/oauth2/token", root + "/discovery/keys"},
	} {
		var d struct {
			Issuer, TokenEndpoint, Keys string
		}
		raw := map[string]any{}
		if code := fetch(t, i, "/"+strings.ToUpper(tenant)+path, &raw); code != http.StatusOK {
			t.Fatalf("%s: %d", path, code)
		}
		d.Issuer, _ = raw["issuer"].(string)
		d.TokenEndpoint, _ = raw["token_endpoint"].(string)
		d.Keys, _ = raw["jwks_uri"].(string)
		if got := [3]string{d.Issuer, d.TokenEndpoint, d.Keys}; got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
		if raw["authorization_endpoint"] == nil {
			t.Errorf("%s: Microsoft's libraries want an authorization endpoint", path)
		}
	}
	var keys jose.JSONWebKeySet
	fetch(t, i, "/"+tenant+"/discovery/v2.0/keys", &keys)
	if len(keys.Keys) != 1 || !keys.Keys[0].IsPublic() || !keys.Keys[0].Valid() || keys.Keys[0].KeyID != i.public.KeyID {
		t.Errorf("the keys are %+v", keys)
	}
	var refused map[string]string
	if code := fetch(t, i, "/"+object+"/v2.0/.well-known/openid-configuration", &refused); code != http.StatusBadRequest || refused["error"] == "" {
		t.Errorf("another tenant: %d %v", code, refused)
	}
}

func TestWhatClientsSendToTheTokenEndpointIsUnderstood(t *testing.T) {
	now := time.Now()
	i := newIssuer(t, &now)
	const arm = "https://management.azure.com"
	for why, tt := range map[string]struct {
		path string
		form url.Values
		code int
		word string // of the error
	}{
		"a double slash":              {"/oauth2/v2.0/token", form("good", "scope", arm+"//.default"), 200, ""},
		"more scopes":                 {"/oauth2/v2.0/token", form("good", "scope", "openid offline_access "+arm+"/.default profile"), 200, ""},
		"claims and client_info":      {"/oauth2/v2.0/token", form("good", "scope", arm+"/.default", "claims", "{}", "client_info", "1"), 200, ""},
		"the older name":              {"/oauth2/token", form("good", "resource", "https://management.core.windows.net/"), 200, ""},
		"Hadoop's":                    {"/oauth2/token", form("good", "resource", "https://storage.azure.com/"), 200, ""},
		"another resource":            {"/oauth2/token", form("good", "resource", "https://graph.microsoft.com/"), 400, "invalid_scope"},
		"no resource":                 {"/oauth2/token", form("good"), 400, "invalid_scope"},
		"an assertion, not supported": {"/oauth2/v2.0/token", form("", "scope", arm+"/.default", "client_assertion", "a.b.c"), 401, "invalid_client"},
		"an unknown client":           {"/oauth2/v2.0/token", form("good", "scope", arm+"/.default", "client_id", object), 401, "invalid_client"},
		"no grant":                    {"/oauth2/v2.0/token", form("good", "grant_type", ""), 400, "unsupported_grant_type"},
		"an endless form":             {"/oauth2/v2.0/token", form("good", "scope", strings.Repeat("x", maxForm)), 400, "invalid_request"},
	} {
		t.Run(why, func(t *testing.T) {
			code, body := ask(t, i, tt.path, tt.form)
			word, _ := body["error"].(string)
			if code != tt.code || word != tt.word {
				t.Fatalf("got %d %v", code, body)
			}
			if text, _ := body["error_description"].(string); tt.word != "" && !strings.HasPrefix(text, "AADSTS") {
				t.Errorf("the description is %q", text)
			}
			// v2.0 has numbers, v1 has text (Hadoop reads expires_on).
			_, number := body["expires_in"].(float64)
			if tt.code == 200 && number != strings.Contains(tt.path, "v2.0") {
				t.Errorf("expires_in is %T", body["expires_in"])
			}
		})
	}
}

func TestCredentialsMayComeInTheHeader(t *testing.T) {
	now := time.Now()
	i := newIssuer(t, &now)
	for text, want := range map[string]int{"good": 200, "bad": 401, "%zz": 401} {
		r := httptest.NewRequest(http.MethodPost, "https://drey.test/"+tenant+"/oauth2/v2.0/token",
			strings.NewReader("grant_type=client_credentials&scope=https%3A%2F%2Fdrey.test%2F.default"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(app, text)
		w := httptest.NewRecorder()
		i.Handler().ServeHTTP(w, r)
		if w.Code != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %s", text, w.Code, w.Body)
		}
	}
}

func TestASetUpThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	good := Client{ID: app, ObjectID: object, Secret: secret.New("s"), Roles: []Assignment{{Role: Reader, Scope: "/"}}}
	change := func(f func(*Client)) []Client { c := good; f(&c); return []Client{c} }
	for why, c := range map[string]Config{
		"the tenant is no GUID":    {Tenant: "mine", Clients: []Client{good}},
		"a client is no GUID":      {Tenant: tenant, Clients: change(func(c *Client) { c.ID = "me" })},
		"an object is no GUID":     {Tenant: tenant, Clients: change(func(c *Client) { c.ObjectID = "" })},
		"a client has no secret":   {Tenant: tenant, Clients: change(func(c *Client) { c.Secret = secret.Value{} })},
		"a role that is not there": {Tenant: tenant, Clients: change(func(c *Client) { c.Roles = []Assignment{{Role: "King"}} })},
		"a client is there twice":  {Tenant: tenant, Clients: []Client{good, good}},
		"the folder is not there":  {Tenant: tenant, Clients: []Client{good}, KeyFile: filepath.Join(t.TempDir(), "no", "key.pem")},
	} {
		if c.KeyFile == "" {
			c.KeyFile = filepath.Join(t.TempDir(), "key.pem")
		}
		if _, err := NewIssuer(c); err == nil || strings.Contains(err.Error(), `"s"`) {
			t.Errorf("%s: got %v", why, err)
		}
	}
}
