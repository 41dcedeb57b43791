package cli

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// trace is a transport that tells of each request and its answer: lines and headers, no bodies, and nothing that is secret.
type trace struct {
	http.RoundTripper
	to io.Writer
}

// secretHeaders are shown by name only.
var secretHeaders = []string{"Authorization", "X-Drey-Client-Token", "Cookie", "Set-Cookie"}

// RoundTrip implements [http.RoundTripper].
func (t trace) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	fmt.Fprintf(t.to, "> %s %s%s\n", r.Method, r.URL.Redacted(), bodySize(r.ContentLength))
	t.headers(">", r.Header)
	response, err := t.RoundTripper.RoundTrip(r)
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		fmt.Fprintf(t.to, "< %v after %v\n", err, took)
		return nil, err
	}
	fmt.Fprintf(t.to, "< %s after %v%s\n", response.Status, took, bodySize(response.ContentLength))
	t.headers("<", response.Header)
	return response, nil
}

func bodySize(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%d bytes)", n)
}

func (t trace) headers(mark string, all http.Header) {
	for _, name := range sortedKeys(all) {
		value := strings.Join(all[name], ", ")
		if slices.Contains(secretHeaders, http.CanonicalHeaderKey(name)) {
			value = masked
		}
		fmt.Fprintf(t.to, "%s   %s: %s\n", mark, name, clean(value))
	}
}
