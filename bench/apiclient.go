package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// api is a client of one server: a token, and connections that are kept.
type api struct {
	endpoint, group string
	token           string
	http            http.Client
}

// Versions of the API: the published one, and ours for what only we have.
const (
	publishedVersion = "2024-05-01"
	ourVersion       = "2026-11-01"
)

// dial reads a server's connection file, and gets a token.
func dial(ctx context.Context, data string) (*api, error) {
	raw, err := os.ReadFile(filepath.Join(data, "connection.json"))
	if err != nil {
		return nil, err
	}
	var c struct {
		Endpoint, CAFile, TokenEndpoint, ClientID, ClientSecret, SubscriptionID string
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	a := &api{endpoint: c.Endpoint, group: "/subscriptions/" + c.SubscriptionID + "/resourceGroups/dev/providers/Microsoft.HDInsight"}
	// HTTP/1.1 with as many connections as some tens of clients keep: each new one costs both sides a handshake, more than most requests.
	a.http = http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "scope": {"https://management.azure.com/.default"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Token == "" {
		return nil, fmt.Errorf("no token: %s: %w", response.Status, err)
	}
	a.token = answer.Token
	return a, nil
}

// send sends a request, and answers the body of an answer of 2xx.
func (a *api) send(ctx context.Context, method, path, version string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	at := a.endpoint + path
	if strings.HasPrefix(path, "https://") {
		at = path
	} else {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		at += mark + "api-version=" + version
	}
	request, err := http.NewRequestWithContext(ctx, method, at, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if response.StatusCode > 299 {
		err = errors.Join(fmt.Errorf("%s %s: %s: %.300s", method, path, response.Status, raw), err)
	}
	return raw, err
}
