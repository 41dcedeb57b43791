package arm

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/identity"
	"drey/internal/lifecycle"
)

// may asks for a right beyond the route's own.
func (f *Front) may(r *request, action string) bool { return identity.Allow(r.who, action, r.scope()) }

// operationName is a GUID and a constant of the resource, as the original named operations.
func operationName(op lifecycle.Operation) string {
	return fmt.Sprintf("%s*%X", op.ID, sha256.Sum256([]byte(strings.ToLower(op.ResourceID))))
}

// operationPath has the location in upper case without blanks (R02).
func operationPath(op lifecycle.Operation, what string) string {
	place := strings.ToUpper(cluster.NormalizeLocation(op.Location))
	return "/providers/Microsoft.HDInsight/locations/" + url.PathEscape(place) + "/" + what + "/" + operationName(op)
}

// async says where to poll.
func (f *Front) async(w http.ResponseWriter, r *request, op lifecycle.Operation, location bool) {
	query := "?api-version=" + r.version.name
	status := r.base() + operationPath(op, "operationStatuses") + query
	w.Header().Set("Azure-AsyncOperation", status)
	w.Header().Set("Retry-After", f.retryAfter(op))
	if !location {
		return
	}
	result := r.base() + operationPath(op, "operationResults") + query
	if f.options.SameLocation(r.params["subscription"]) {
		result = status
	}
	w.Header().Set("Location", result)
}

// retryAfter grows with the operation's age (R38).
func (f *Front) retryAfter(op lifecycle.Operation) string {
	base := max(1, f.options.RetryAfterSeconds)
	switch age := f.options.Now().Sub(op.StartedAt); {
	case age > time.Minute:
		return strconv.Itoa(5 * base)
	case age > 10*time.Second:
		return strconv.Itoa(2 * base)
	}
	return strconv.Itoa(base)
}

// operationETag has the service's form and changes with what the status body says.
func operationETag(op lifecycle.Operation) string {
	state := crc32.ChecksumIEEE([]byte(op.Status + op.Step + strconv.Itoa(op.Percent)))
	return fmt.Sprintf("\"%.8s-0000-0d00-0000-%08x0000\"", op.ID, state)
}

// accepted answers POST and DELETE: 202 with the body null.
func (f *Front) accepted(w http.ResponseWriter, r *request, op lifecycle.Operation) error {
	if r.caller.DryRun {
		return foretold(w, op)
	}
	f.async(w, r, op, true)
	return writeJSON(w, http.StatusAccepted, nil)
}

func noOperation() *cluster.Error {
	return cluster.Errorf(cluster.NotFound, "ResourceNotFound", "", "There is no such operation.")
}

// loadOperation finds the operation that the path names; the part behind the star must be its resource's.
func (f *Front) loadOperation(r *request) error {
	id, _, _ := strings.Cut(r.params["operation"], "*")
	if !guidForm.MatchString(id) {
		return noOperation()
	}
	op, err := f.door.Operation(r.Context(), strings.ToLower(id))
	if err != nil {
		if e := cluster.AsError(err); e != nil && e.Kind == cluster.NotFound {
			return noOperation()
		}
		return err
	}
	if !strings.EqualFold(r.params["operation"], operationName(op)) {
		return noOperation()
	}
	r.operation = op
	return nil
}

func (f *Front) operationStatus(w http.ResponseWriter, r *request) error {
	op := r.operation
	body := contract.Status{
		ID: operationPath(op, "operationStatuses"), Name: operationName(op), ResourceID: op.ResourceID, Status: f.statusOf(op),
		StartTime: contract.Time(op.StartedAt), EndTime: contract.Time(op.EndedAt),
	}
	w.Header().Set("ETag", operationETag(op))
	code := http.StatusOK
	if op.Running() {
		percent := op.Percent
		body.PercentComplete = &percent
		w.Header().Set("Retry-After", f.retryAfter(op))
		if slices.Contains([]string{http.MethodPost, lifecycle.VerbResize, lifecycle.VerbUpgrade, http.MethodDelete}, op.Verb) {
			f.async(w, r, op, true)
			code = http.StatusAccepted
		}
		return writeJSON(w, code, body)
	}
	var result any // null, as recorded
	body.Properties = &result
	if op.Action != "" {
		result = map[string]string{"jobStatus": "SUBMITTED"} // as recorded; the job's own word is in its entry
	}
	if body.Status != "Succeeded" {
		body.Properties = nil
		detail := errorDetail(failure(op), "", r.version)
		body.Error = &detail
	}
	return writeJSON(w, code, body)
}

// failure is why an operation ended Failed or Canceled. ARM demands an error of both.
func failure(op lifecycle.Operation) *cluster.Error {
	e := op.Error
	if e == nil {
		e = &lifecycle.OperationError{Code: "Operation" + op.Status, Message: "The operation ended " + op.Status + "."}
	}
	return &cluster.Error{Kind: cluster.Conflict, Code: e.Code, Message: e.Message, Target: e.Target, Hint: e.Hint, Details: e.Details}
}

func (f *Front) statusOf(op lifecycle.Operation) string {
	if f.options.RunJobAlwaysSucceeds && op.Action != "" && !op.Running() {
		return "Succeeded"
	}
	return op.Status
}

// operationResult answers what a synchronous call would have answered.
func (f *Front) operationResult(w http.ResponseWriter, r *request) error {
	op := r.operation
	switch {
	case op.Running():
		f.async(w, r, op, true)
		w.WriteHeader(http.StatusAccepted)
		return nil
	case f.statusOf(op) != "Succeeded" && op.Action == "":
		e := failure(op)
		e.Operation = op.ID
		return e
	case op.Verb == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if ref, ok := poolOf(op.ResourceID); ok {
		return f.poolResult(w, r, ref)
	}
	ref, ok := refOf(op.ResourceID)
	if !ok {
		return noOperation()
	}
	if op.Action != "" {
		return f.jobResult(w, r, ref, op)
	}
	v, err := f.door.Cluster(r.Context(), ref)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, r.version.encodeCluster(v))
}

// jobResult is the job's entry, also after its DELETE: every client reads a job from here (R28).
func (f *Front) jobResult(w http.ResponseWriter, r *request, ref cluster.Ref, op lifecycle.Operation) error {
	jobs, err := f.door.Jobs(r.Context(), ref)
	if e := cluster.AsError(err); e != nil && e.Kind == cluster.NotFound || err == nil && len(jobs) == 0 {
		last := lifecycle.JobView{Job: cluster.Job{Name: ref.Name, Action: op.Action, ActionResult: cluster.ResultSuccess}}
		return writeJSON(w, http.StatusOK, r.version.encodeJob(ref, last))
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, r.version.encodeJob(ref, jobs[0]))
}

// poolOf reads the address out of a pool's ARM id.
func poolOf(id string) (cluster.PoolRef, bool) {
	s := strings.Split(id, "/")
	if len(s) != 9 {
		return cluster.PoolRef{}, false
	}
	return cluster.PoolRef{Subscription: s[2], Group: s[4], Pool: s[8]}, true
}

// refOf reads the address out of a cluster's ARM id.
func refOf(id string) (cluster.Ref, bool) {
	s := strings.Split(id, "/")
	if len(s) != 11 {
		return cluster.Ref{}, false
	}
	return cluster.Ref{PoolRef: cluster.PoolRef{Subscription: s[2], Group: s[4], Pool: s[8]}, Name: s[10]}, true
}
