package arm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// response notes what has been sent.
type response struct {
	http.ResponseWriter
	status    int
	streaming bool          // the body is of a length nobody knew when it began
	limit     time.Duration // for each piece to be taken; 0 = none
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.within(w.limit)
	defer w.taken()
	return w.ResponseWriter.Write(b)
}

// The budgets a client reads.
const (
	readsLeft  = "x-ms-ratelimit-remaining-subscription-reads"
	writesLeft = "x-ms-ratelimit-remaining-subscription-writes"
)

func (w *response) began() bool { return w.status != 0 }

// standardHeaders are those of every answer (API paper, 1.5). The remaining budgets stay where they begin until the caller's are known.
func (f *Front) standardHeaders(w http.ResponseWriter, r *request) {
	h := w.Header()
	for name, value := range map[string]string{
		"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "X-Content-Type-Options": "nosniff",
		"x-ms-request-id": r.caller.RequestID, "x-ms-correlation-request-id": r.correlation, "mise-correlation-id": r.correlation,
		"x-ms-routing-request-id":  "DREY:" + f.options.Now().UTC().Format("20060102T150405Z") + ":" + r.caller.RequestID,
		"x-ms-providerhub-traffic": "True",
	} {
		h.Set(name, value)
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		h.Set(readsLeft, "11999")
	} else {
		h.Set(writesLeft, "1199")
	}
	if r.caller.ClientRequestID != "" && strings.EqualFold(r.Header.Get("x-ms-return-client-request-id"), "true") {
		h.Set("x-ms-client-request-id", r.caller.ClientRequestID)
	}
}

// writeJSON answers body. It is written as a whole before anything is sent.
func writeJSON(w http.ResponseWriter, status int, body any) error {
	text, err := toJSON(body)
	if err != nil {
		return err
	}
	write(w, status, text)
	return nil
}

// toJSON encodes a body; texts are not escaped for HTML.
func toJSON(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, fmt.Errorf("cannot write the answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// write answers a body that is encoded.
func write(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the caller may have gone: nothing is left to tell him
}

// ignore keeps what was read over of the body, as much of it as a header should hold: the log of what is accepted names it too (R34).
func (r *request) ignore(paths []string) {
	var kept []string
	size := 0
	for _, path := range paths {
		path = ascii(path)
		if size += len(path) + 2; size > 4<<10 {
			kept = append(kept, "and more")
			break
		}
		kept = append(kept, path)
	}
	*r.caller.Ignored = strings.Join(kept, ", ")
}

// note names in a header what was read over.
func (r *request) note(w http.ResponseWriter) {
	if *r.caller.Ignored != "" {
		w.Header().Set("x-drey-ignored", *r.caller.Ignored)
	}
}

// ascii replaces what a header cannot hold.
func ascii(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == ',' {
			return '?'
		}
		return c
	}, text)
}
