package arm

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
)

const invalidParameter = "InvalidParameter"

// Kinds of failures that only HTTP knows.
const (
	methodNotAllowed     cluster.Kind = "MethodNotAllowed"
	unsupportedMediaType cluster.Kind = "UnsupportedMediaType"
	requestTimeout       cluster.Kind = "RequestTimeout"
	tooManyRequests      cluster.Kind = "TooManyRequests"
	internal             cluster.Kind = "Internal"
)

// answers says with which status a kind is answered, and with which code where the error has none. Codes are contract: add, never rename.
var answers = map[cluster.Kind]struct {
	status int
	code   string
}{
	cluster.Invalid:             {http.StatusBadRequest, "InvalidRequestContent"},
	cluster.Unauthenticated:     {http.StatusUnauthorized, "AuthenticationFailed"},
	cluster.Forbidden:           {http.StatusForbidden, "AuthorizationFailed"},
	cluster.NotFound:            {http.StatusNotFound, "ResourceNotFound"},
	methodNotAllowed:            {http.StatusMethodNotAllowed, "MethodNotAllowed"},
	requestTimeout:              {http.StatusRequestTimeout, "RequestTimeout"},
	cluster.Conflict:            {http.StatusConflict, "Conflict"},
	cluster.PreconditionFailed:  {http.StatusPreconditionFailed, "PreconditionFailed"},
	cluster.TooLarge:            {http.StatusRequestEntityTooLarge, "RequestContentTooLarge"},
	unsupportedMediaType:        {http.StatusUnsupportedMediaType, "UnsupportedMediaType"},
	tooManyRequests:             {http.StatusTooManyRequests, "TooManyRequests"},
	cluster.Unavailable:         {http.StatusServiceUnavailable, "ServiceUnavailable"},
	cluster.InsufficientStorage: {http.StatusInsufficientStorage, "InsufficientStorage"},
	internal:                    {http.StatusInternalServerError, "InternalServerError"},
}

// known turns any error into one that may be shown.
func known(err error) *cluster.Error {
	if e := cluster.AsError(err); e != nil && answers[e.Kind].status != 0 {
		return e
	}
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return cluster.Errorf(cluster.TooLarge, "", "", "The request body is larger than %d bytes.", big.Limit)
	}
	return &cluster.Error{Kind: internal, Message: "Internal server error."}
}

// errorDetail is e in ARM's words, as version v says them.
func errorDetail(e *cluster.Error, requestID string, v *version) contract.ErrorDetail {
	d := contract.ErrorDetail{Code: cmp.Or(e.Code, answers[e.Kind].code), Message: e.Message, Target: e.Target}
	for _, f := range e.Details {
		one := contract.ErrorDetail{Code: f.Code, Message: f.Message, Target: f.Target}
		explain(&one, f.Hint, "", "", v)
		d.Details = append(d.Details, one)
	}
	if e.Kind != internal {
		requestID = ""
	}
	explain(&d, e.Hint, e.Operation, requestID, v)
	return d
}

// explain adds what ARM's error has no member for: members of ours, or an entry of additionalInfo.
func explain(d *contract.ErrorDetail, hint, operationID, requestID string, v *version) {
	if v.ours {
		d.Hint, d.OperationID, d.RequestID = hint, operationID, requestID
		return
	}
	info := map[string]string{}
	for name, text := range map[string]string{"hint": hint, "operationId": operationID, "requestId": requestID} {
		if text != "" {
			info[name] = text
		}
	}
	if len(info) > 0 {
		d.AdditionalInfo = []contract.Info{{Type: "drey", Info: info}}
	}
}

// fail answers err.
func (f *Front) fail(w http.ResponseWriter, r *request, err error) {
	e := known(err)
	detail := errorDetail(e, r.caller.RequestID, r.version)
	w.Header().Del("Retry-After") // Python repeats a request whose error has it
	if wait, ok := errors.AsType[*throttled](err); ok {
		w.Header().Set("Retry-After", strconv.Itoa(wait.seconds))
	}
	w.Header().Set("x-ms-error-code", detail.Code)
	writeJSON(w, answers[e.Kind].status, contract.ErrorBody{Error: detail})
}
