package flinktest

import (
	"io"
	"net/http"
	"strings"
)

// recorder notes what is asked and answered.
type recorder struct {
	p    *Player
	next http.RoundTripper
}

// direct is used where a runtime has no transport of its own.
var direct = &http.Transport{}

// RoundTrip implements [http.RoundTripper].
func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	var sent []byte
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		if sent, err = io.ReadAll(body); err != nil {
			return nil, err
		}
	}
	next := r.next
	if next == nil {
		next = direct
	}
	answer, err := next.RoundTrip(request)
	if err != nil {
		r.p.note(Step{Asked: request.Method + " " + r.p.name(request.URL.Path), Answer: "none: " + err.Error()})
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(strings.NewReader(string(got)))
	r.p.note(r.p.step(request, sent, answer.StatusCode, got))
	return answer, nil
}

// Raw asks what no method of the client asks.
func (m *JobManager) Raw(method, path, body string) {
	m.p.Helper()
	request, err := http.NewRequestWithContext(m.p.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.p.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := m.transport.RoundTrip(request)
	if err != nil {
		m.p.Fatal(err)
	}
	_ = answer.Body.Close()
}
