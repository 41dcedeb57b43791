package simtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"drey/internal/arm"
	"drey/internal/identity"
	"drey/internal/secret"
)

const clientID, clientSecret, tenant = "44444444-4444-4444-8444-444444444444", "secret", "11111111-1111-4111-a111-111111111111"

var signer = sync.OnceValues(func() (*identity.Issuer, error) {
	dir, err := os.MkdirTemp("", "examples")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return identity.NewIssuer(identity.Config{KeyFile: filepath.Join(dir, "key.pem"), Tenant: tenant, Clients: []identity.Client{{
		ID: clientID, ObjectID: clientID, Secret: secret.New(clientSecret), Name: "examples", Roles: []identity.Assignment{{Role: "Owner", Scope: "/"}}}}})
})

type visitor struct {
	*server
	front   *arm.Front
	token   string
	version string
	folder  string
	values  map[string]string // what a text of an example becomes
	workers int               // that a resize asks for; 0: as published
}

func (s *server) visit(version string, seed uint64) *visitor {
	s.Helper()
	issuer, err := signer()
	if err != nil {
		s.Fatal(err)
	}
	v := &visitor{server: s, front: arm.New(s.Service, issuer, arm.Options{}), version: version, folder: exampleVersions[version], values: map[string]string{}}
	v.vary(seed)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret}, "scope": {"https://management.azure.com/.default"}}
	r := httptest.NewRequest("POST", "https://drey.test/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	v.front.ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		s.Fatalf("no token: %d %s", w.Code, w.Body)
	}
	v.token = answer.Token
	return v
}

func (v *visitor) vary(seed uint64) {
	v.values["00000000-0000-0000-0000-000000000000"] = pool.Subscription
	v.values["rg1"], v.values["clusterPool1"] = "hiloResourcegroup", "clusterpool1" // some examples name the same things otherwise
	if seed == 0 {
		return
	}
	r := rand.New(rand.NewPCG(seed, 1))
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	name := func(what string) string { return fmt.Sprintf("%s-%c%d", what, 'A'+rune(r.IntN(26)), r.IntN(1000)) }
	group, pool := name("Group"), name("Pool")
	for _, old := range []string{"hiloResourcegroup", "rg1"} {
		v.values[old] = group
	}
	for _, old := range []string{"clusterpool1", "clusterPool1"} {
		v.values[old] = pool
	}
	v.values["cluster1"] = name("orders")
	v.values["West US 2"] = one("westus2", "North Europe", "Japan East", "swedencentral")
	v.values["Standard_D3_v2"] = one("Standard_E4s_v3", "Standard_D8d_v5", "Standard_F16s_v2")
	v.values["Standard_E8as_v5"] = one("Standard_D16a_v4", "standard_e8as_v5")
	v.values["Standard_D8"] = one("Standard_D16", "Standard_F8")
	v.values["tag1"], v.values["value2"] = name("Team"), name("of")
	v.values["testuser1"], v.values["Testuser1"] = name("user"), name("user")
	v.values["Cen. Australia Standard Time"] = one("UTC", "W. Europe Standard Time", "Europe/Berlin")
	v.workers = 2 + r.IntN(4)
}

func (v *visitor) varied(value any) any {
	switch x := value.(type) {
	case string:
		if other, ok := v.values[x]; ok {
			return other
		}
	case map[string]any:
		out := map[string]any{}
		for key, member := range x {
			if other, ok := v.values[key]; ok {
				key = other
			}
			out[key] = v.varied(member)
		}
		if _, ok := out["targetWorkerNodeCount"]; ok && v.workers > 0 {
			out["targetWorkerNodeCount"] = float64(v.workers)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = v.varied(item)
		}
		return out
	}
	return value
}

func (v *visitor) send(method, path string, body any) (int, http.Header, []byte) {
	v.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			v.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	if !strings.Contains(path, "api-version=") {
		path += "?api-version=" + v.version
	}
	r := httptest.NewRequest(method, "https://drey.test"+path, in)
	r.Header.Set("Authorization", "Bearer "+v.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	v.front.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.Bytes()
}

func (v *visitor) done(want int, method, path string, body any) http.Header {
	v.Helper()
	code, header, answer := v.send(method, path, body)
	if code != want {
		v.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	for {
		poll, err := url.Parse(header.Get("Azure-AsyncOperation"))
		if err != nil || poll.Path == "" {
			v.Fatalf("%s %s: no operation in %v", method, path, header)
		}
		_, _, status := v.send("GET", poll.RequestURI(), nil)
		var said struct{ Status string }
		if err := json.Unmarshal(status, &said); err != nil {
			v.Fatal(err)
		}
		switch said.Status {
		case "Succeeded":
			return header
		case "Accepted", "Deleting":
			time.Sleep(time.Second)
		default:
			v.Fatalf("%s %s ended %s", method, path, status)
		}
	}
}

func (v *visitor) shows(path string, want map[string]any) map[string]any {
	v.Helper()
	code, _, raw := v.send("GET", path, nil)
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil || code != http.StatusOK {
		v.Fatalf("GET %s: %d %s", path, code, raw)
	}
	for _, fault := range shape("", want, got) {
		v.Errorf("GET %s: %s", path, fault)
	}
	return got
}
