package identity

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const maxForm = 64 << 10 // bytes

// Handler serves the issuer's anonymous routes on their own. The ARM front has them in its route table instead.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", i.Token)
	mux.HandleFunc("POST /{tenant}/oauth2/token", i.Token)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", i.Discovery)
	mux.HandleFunc("GET /{tenant}/.well-known/openid-configuration", i.Discovery)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", i.Keys)
	mux.HandleFunc("GET /{tenant}/discovery/keys", i.Keys)
	return mux
}

// refusal is an error of the token endpoint (RFC 6749, section 5.2); description starts with the code Microsoft's libraries look for.
type refusal struct {
	status            int
	code, description string
}

func (e *refusal) Error() string { return e.code + ": " + e.description }

// Token answers a client-credentials request: v2.0 with scope, v1 with resource. It wants the path value tenant.
func (i *Issuer) Token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	answer, err := i.token(w, r)
	if err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func refuse(w http.ResponseWriter, err error) {
	no, ok := errors.AsType[*refusal](err)
	if !ok {
		no = &refusal{http.StatusInternalServerError, "server_error", "Internal server error."}
	}
	writeJSON(w, no.status, map[string]string{"error": no.code, "error_description": no.description})
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	if err := i.checkTenant(r); err != nil {
		return nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, &refusal{http.StatusBadRequest, "invalid_request", "AADSTS900144: The body is no form."}
	}
	if r.PostForm.Get("grant_type") != "client_credentials" {
		return nil, &refusal{http.StatusBadRequest, "unsupported_grant_type", "AADSTS70003: Only client_credentials is supported."}
	}
	client, err := i.authenticate(credentials(r))
	if err != nil {
		return nil, &refusal{http.StatusUnauthorized, "invalid_client", "AADSTS7000215: The client id is unknown or the secret is wrong."}
	}
	wanted, v2 := resource(r)
	audience, err := audienceOf(wanted, r.Host)
	if err != nil {
		return nil, err
	}
	text, err := i.issue(client, audience)
	if err != nil {
		return nil, err
	}
	return i.grant(text, wanted, v2), nil
}

// grant is the answer: numbers in v2.0, numbers as text in v1, as the original has it.
func (i *Issuer) grant(token, wanted string, v2 bool) map[string]any {
	seconds := int64(lifetime.Seconds())
	if v2 {
		return map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
	}
	text, now := strconv.FormatInt(seconds, 10), i.now().Unix()
	return map[string]any{
		"token_type": "Bearer", "expires_in": text, "ext_expires_in": text, "access_token": token, "resource": wanted,
		"not_before": strconv.FormatInt(now, 10), "expires_on": strconv.FormatInt(now+seconds, 10),
	}
}

// checkTenant compares the path's tenant.
func (i *Issuer) checkTenant(r *http.Request) error {
	if strings.EqualFold(r.PathValue("tenant"), i.tenant) {
		return nil
	}
	return &refusal{http.StatusBadRequest, "invalid_request", "AADSTS90002: There is no such tenant here."}
}

// credentials come in the form or, percent-encoded, as HTTP Basic (RFC 6749, section 2.3.1).
func credentials(r *http.Request) (id, text string) {
	if id, text, ok := r.BasicAuth(); ok {
		id, err1 := url.QueryUnescape(id)
		text, err2 := url.QueryUnescape(text)
		if err1 != nil || err2 != nil {
			return "", ""
		}
		return id, text
	}
	return r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
}

// resource is what a token is asked for. In v2.0 it is the scope that ends in /.default; the others (openid, offline_access, profile) change nothing.
func resource(r *http.Request) (name string, v2 bool) {
	if !r.PostForm.Has("scope") {
		return r.PostForm.Get("resource"), false
	}
	for _, s := range strings.Fields(r.PostForm.Get("scope")) {
		if cut, ok := strings.CutSuffix(s, "/.default"); ok {
			return cut, true
		}
	}
	return "", true
}

// audienceOf turns the many names of this API, our own address among them, into one audience.
func audienceOf(wanted, host string) (string, error) {
	switch strings.ToLower(strings.TrimRight(wanted, "/")) {
	case "https://management.azure.com", "https://management.core.windows.net", "https://" + strings.ToLower(host):
		return Audience, nil
	case "https://storage.azure.com":
		return storageAudience, nil
	}
	return "", &refusal{http.StatusBadRequest, "invalid_scope", "AADSTS500011: There is no such resource here. Ask for https://management.azure.com/.default."}
}

// Discovery answers the tenant's OpenID configuration. It wants the path value tenant.
func (i *Issuer) Discovery(w http.ResponseWriter, r *http.Request) {
	if err := i.checkTenant(r); err != nil {
		refuse(w, err)
		return
	}
	root := base(r) + "/" + i.tenant
	document := map[string]any{
		"issuer":                                root + "/v2.0", // clients compare it with the address they asked
		"authorization_endpoint":                root + "/oauth2/v2.0/authorize",
		"token_endpoint":                        root + "/oauth2/v2.0/token",
		"jwks_uri":                              root + "/discovery/v2.0/keys",
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"scopes_supported":                      []string{"openid", "profile", "offline_access"},
	}
	if !strings.Contains(strings.ToLower(r.URL.Path), "v2.0") {
		document["issuer"], document["token_endpoint"] = i.issuerName(), root+"/oauth2/token"
		document["authorization_endpoint"], document["jwks_uri"] = root+"/oauth2/authorize", root+"/discovery/keys"
	}
	writeJSON(w, http.StatusOK, document)
}

// Keys answers the public signing key. It wants the path value tenant.
func (i *Issuer) Keys(w http.ResponseWriter, r *http.Request) {
	if err := i.checkTenant(r); err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have gone: nothing is left to tell him
}
