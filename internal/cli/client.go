package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"drey/internal/daemon"
)

// apiVersion is the only one the CLI speaks.
const apiVersion = "2026-11-01"

// maxAnswer is the longest answer we hold in memory, in bytes.
const maxAnswer = 64 << 20

// retries are the pauses before a request is sent again.
var retries = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond}

// client is a small ARM client.
type client struct {
	conn        daemon.Connection
	http        *http.Client
	clientToken string // x-drey-client-token of mutating requests, or ""
	tokenLock   sync.Mutex
	token       token
}

// request is one call. Its path begins with "/"; or it is a URL that the server gave us.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         func() (io.ReadCloser, int64, error) // opened anew for each try; nil = none
}

// answer is what the server said; a success, unless an error came with it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// newClient makes a client for a connection. The server is trusted by the connection's own CA only, if it names one.
func newClient(conn daemon.Connection, clientToken string) (*client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	text := []byte(conn.CA)
	if conn.CAFile != "" {
		var err error
		if text, err = os.ReadFile(conn.CAFile); err != nil {
			return nil, fmt.Errorf("cannot read the server's CA: %w", err)
		}
	}
	if len(text) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("the connection's CA (%s) holds no certificate", first(conn.CAFile, "ca"))
		}
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment, // never used for loopback
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		ResponseHeaderTimeout: 2 * time.Minute,
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{conn: conn, clientToken: clientToken, http: &http.Client{Transport: transport, CheckRedirect: noRedirect}}, nil
}

// do sends r and reads the answer. What is no 2xx is a *failure. A request that changes something carries an id, so that a
// repeat is the same operation (R38).
func (c *client) do(ctx context.Context, r request) (answer, error) {
	response, err := c.open(ctx, r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return answer{}, unreachable(c.conn.Endpoint, err)
	}
	if len(body) > maxAnswer {
		return answer{}, &failure{Why: "the answer is too long to be held in memory", Code: "AnswerTooLong", Exit: exitFailed}
	}
	return answer{response.StatusCode, response.Header, body}, nil
}

// open sends r, with retries, and leaves the answer's body to the caller.
func (c *client) open(ctx context.Context, r request) (*http.Response, error) {
	target, err := c.resolve(r)
	if err != nil {
		return nil, err
	}
	id := guid()
	renewed := false
	for try := 0; ; try++ {
		response, err := c.send(ctx, r, target, id)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				response.Body.Close()
			}
			return nil, ctx.Err()
		case err != nil && (try == len(retries) || !passing(err)):
			return nil, err
		case err == nil && response.StatusCode == http.StatusUnauthorized && !renewed:
			response.Body.Close() // the server may have new keys since it gave us the token
			c.forget()
			renewed = true
			continue
		case err == nil && (try == len(retries) || !worthRetry(response.StatusCode)):
			return c.checked(response)
		}
		pause := retries[try]
		if err == nil {
			pause = max(pause, min(retryAfter(response.Header), 10*time.Second))
			response.Body.Close()
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// checked makes a failure of an answer that is no success.
func (c *client) checked(response *http.Response) (*http.Response, error) {
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, unreachable(c.conn.Endpoint, err)
	}
	return nil, refusal(response.StatusCode, response.Header, body)
}

// send is one try.
func (c *client) send(ctx context.Context, r request, target, id string) (*http.Response, error) {
	bearer, err := c.bearer(ctx)
	if err != nil {
		return nil, err
	}
	h, err := http.NewRequestWithContext(ctx, r.method, target, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		h.Header[name] = values
	}
	if r.body != nil {
		if h.Body, h.ContentLength, err = r.body(); err != nil {
			return nil, err
		}
		if h.ContentLength == 0 {
			h.Body.Close()
			h.Body = http.NoBody
		}
	}
	h.Header.Set("Authorization", "Bearer "+bearer)
	h.Header.Set("User-Agent", "drey/"+daemon.Version())
	if r.method != http.MethodGet && r.method != http.MethodHead {
		h.Header.Set("x-ms-client-request-id", id)
		if c.clientToken != "" {
			h.Header.Set("x-drey-client-token", c.clientToken)
		}
	}
	response, err := c.http.Do(h)
	if err != nil {
		return nil, unreachable(c.conn.Endpoint, err)
	}
	return response, nil
}

// resolve makes the URL of r. A URL the server gave us must lead back to it: it gets our token.
func (c *client) resolve(r request) (string, error) {
	base, err := url.Parse(c.conn.Endpoint)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(r.path)
	if err != nil {
		return "", usage("", "%q is no path", r.path)
	}
	if u.Scheme != base.Scheme || u.Host != base.Host {
		return "", &failure{Why: fmt.Sprintf("%s is not below %s: the token is for that server only", u.Redacted(), c.conn.Endpoint), Code: "ForeignURL", Exit: exitFailed}
	}
	q := u.Query()
	if len(r.query) == 0 && q.Has("api-version") {
		return u.String(), nil // as it came: the server may have signed it
	}
	for name, values := range r.query {
		q[name] = values
	}
	if !q.Has("api-version") {
		q.Set("api-version", apiVersion)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// bytesBody is a body that is in memory.
func bytesBody(text []byte) func() (io.ReadCloser, int64, error) {
	return func() (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	}
}

// unreachable is a failure of the way to the server.
func unreachable(endpoint string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := &failure{Code: "Unreachable", Exit: exitUnavailable, Err: err, Hint: "is it running? `drey serve --dev` starts one, `drey doctor` looks at what is there"}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		f.Hint = "the connection file and the server do not belong together: another server may have taken its port"
	}
	cause := err
	if u, ok := errors.AsType[*url.Error](err); ok {
		cause = u.Err
	}
	f.Why = fmt.Sprintf("the server at %s is not reachable: %v", endpoint, cause)
	return f
}

// passing reports whether a failed try may be repeated: the server was not there, or went away.
func passing(err error) bool {
	var certificate *tls.CertificateVerificationError
	f, ok := errors.AsType[*failure](err)
	return ok && f.Code == "Unreachable" && !errors.As(err, &certificate)
}

func worthRetry(status int) bool {
	return status == http.StatusTooManyRequests ||
		status >= 500 && status != http.StatusNotImplemented && status != http.StatusInsufficientStorage
}

// retryAfter reads the header of that name; 0 if it is absent.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After")))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 600)) * time.Second
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// guid is a random GUID (version 4), lower-case.
func guid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
