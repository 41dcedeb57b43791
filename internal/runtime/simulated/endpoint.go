package simulated

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"syscall"

	"drey/internal/runtime"
)

// Endpoint implements [runtime.Runtime]: every incarnation has an address of its own, reached without a network.
func (r *Runtime) Endpoint(id runtime.IncarnationID, _ int) runtime.Endpoint {
	return runtime.Endpoint{URL: "http://" + string(id) + ".simulated", Transport: inside{r}}
}

// inside carries requests to the JobManagers of a Runtime.
type inside struct{ r *Runtime }

// RoundTrip implements [http.RoundTripper].
func (t inside) RoundTrip(request *http.Request) (*http.Response, error) {
	id, _, _ := strings.Cut(request.URL.Host, ".")
	h := t.r.handler(runtime.IncarnationID(id))
	if h == nil {
		return nil, syscall.ECONNREFUSED
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, request)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
	}, nil
}

// handler is the REST interface of an incarnation's JobManager; nil: nobody listens.
func (r *Runtime) handler(id runtime.IncarnationID) http.Handler {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.all[id]
	if inc == nil {
		return nil
	}
	for _, p := range inc.processes {
		if p.gated && p.exit == nil && !p.dying {
			return inc.http
		}
	}
	return nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
