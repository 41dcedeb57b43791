package arm

import (
	"net/http"

	"drey/internal/arm/v20261101"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// dryRunHeader, with the value true, asks what a request would do: it is checked as else, and nothing is kept or begun
// (docs/decisions/0005).
const dryRunHeader = "x-drey-dry-run"

// checkDryRun refuses the header where it would not be heeded: what was meant as a question must not be done.
func checkDryRun(r *request) error {
	switch value := r.Header.Get(dryRunHeader); {
	case value == "" || value == "false" || r.Method == http.MethodGet || r.Method == http.MethodHead:
		return nil
	case value != "true":
		return cluster.Errorf(cluster.Invalid, "InvalidHeaderValue", dryRunHeader, "The header %s is true or false, not %q.", dryRunHeader, value)
	case !r.route.dryRun:
		return cluster.Errorf(cluster.Invalid, "DryRunNotSupported", dryRunHeader, "%s %s has no dry run; nothing was done.", r.Method, r.URL.Path)
	}
	return nil
}

// foretold answers a dry run with the operation that would begin.
func foretold(w http.ResponseWriter, op lifecycle.Operation) error {
	w.Header().Set(dryRunHeader, "true")
	w.Header().Del("ETag") // of what is not kept
	return writeJSON(w, http.StatusOK, v20261101.NewForetold(op))
}
