package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// token is an access token, kept in memory only.
type token struct {
	text    string
	expires time.Time
}

// bearer gives the token, fetching one when there is none or it is about to end.
func (c *client) bearer(ctx context.Context) (string, error) {
	if given := os.Getenv("DREY_TOKEN"); given != "" {
		return given, nil
	}
	if c.conn.TokenEndpoint == "" {
		return "", &failure{Code: "SignInFailed", Exit: exitDenied, Why: "there is no token for " + c.conn.Endpoint, Hint: "set DREY_TOKEN, or name a connection file with --connection"}
	}
	c.tokenLock.Lock()
	defer c.tokenLock.Unlock()
	if c.token.text != "" && time.Until(c.token.expires) > time.Minute {
		return c.token.text, nil
	}
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.conn.ClientID},
		"client_secret": {c.conn.ClientSecret},
		"scope":         {c.conn.Endpoint + "/.default"},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.conn.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if r.URL.Scheme != "https" {
		return "", &failure{Why: "the token endpoint of the connection is not https", Code: "InsecureTokenEndpoint", Exit: exitFailed}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.http.Do(r)
	if err != nil {
		return "", unreachable(c.conn.TokenEndpoint, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", unreachable(c.conn.TokenEndpoint, err)
	}
	c.token, err = readToken(response.StatusCode, body)
	return c.token.text, err
}

// forget drops the token, so that the next call fetches another.
func (c *client) forget() {
	c.tokenLock.Lock()
	defer c.tokenLock.Unlock()
	c.token = token{}
}

func readToken(status int, body []byte) (token, error) {
	var t struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   any    `json:"expires_in"` // seconds: a number, or a text with one
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &t); err != nil || status != http.StatusOK || t.AccessToken == "" {
		f := &failure{Code: "SignInFailed", Exit: exitDenied, Why: "sign-in was refused: " + first(t.Description, t.Error, fmt.Sprintf("the token endpoint answered %d", status)),
			Hint: "the secret in the connection file may be another server's: start `drey serve` once more, or name the right file with --connection"}
		if status >= 500 {
			f.Code, f.Exit, f.Hint = "Unreachable", exitUnavailable, ""
		}
		return token{}, f
	}
	var seconds float64
	fmt.Sscan(fmt.Sprint(t.ExpiresIn), &seconds) // 0 if it says nothing: then the token is good for one call
	return token{t.AccessToken, time.Now().Add(time.Duration(seconds) * time.Second)}, nil
}
