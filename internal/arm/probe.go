package arm

import (
	"io"
	"net/http"
	"strings"
)

// health answers while the process can.
func (f *Front) health(w http.ResponseWriter, _ *request) error { return words(w, http.StatusOK, "ok") }

// ready answers whether the server can do what it is asked for, and if not, why not. Anybody may know: probes cannot sign in.
func (f *Front) ready(w http.ResponseWriter, r *request) error {
	if f.options.Ready != nil {
		if troubles := f.options.Ready(r.Context()); len(troubles) > 0 {
			return words(w, http.StatusServiceUnavailable, troubles...)
		}
	}
	return words(w, http.StatusOK, "ready")
}

func words(w http.ResponseWriter, status int, lines ...string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}
