package cluster

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an Error is; the ARM front turns it into a status.
type Kind string

// The kinds of failures that a receiver can act on.
const (
	Invalid             Kind = "Invalid"             // 400
	Unauthenticated     Kind = "Unauthenticated"     // 401
	Forbidden           Kind = "Forbidden"           // 403
	NotFound            Kind = "NotFound"            // 404
	Conflict            Kind = "Conflict"            // 409
	PreconditionFailed  Kind = "PreconditionFailed"  // 412
	TooLarge            Kind = "TooLarge"            // 413
	Unavailable         Kind = "Unavailable"         // 503
	InsufficientStorage Kind = "InsufficientStorage" // 507
)

// Error is a failure its receiver can act on. Any other error is ours: logged in full, shown as "internal".
type Error struct {
	Kind      Kind
	Code      string  // ARM code, PascalCase; contract: add, never rename
	Target    string  // JSON path of the field at fault, or ""
	Message   string  // safe to show: no paths, hosts or secrets
	Hint      string  // the way out, or ""
	Operation string  // id of the operation that is in the way, or ""
	Details   []Fault // all faults of one request
	Err       error   // cause, for the log only
}

// Fault is one thing wrong with a request.
type Fault struct {
	Code    string `json:"code"`
	Target  string `json:"target"` // JSON path, for example properties.clusterProfile.flinkProfile.taskManager.memory
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Error implements error.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error; a %w in format becomes its cause and is not shown to the receiver.
func Errorf(kind Kind, code, target, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Code: code, Target: target, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WithHint adds the way out.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Faults makes one Error of all faults of a request, or nil if there is none.
func Faults(faults []Fault) error {
	switch len(faults) {
	case 0:
		return nil
	case 1:
		f := faults[0]
		return &Error{Kind: Invalid, Code: f.Code, Target: f.Target, Message: f.Message, Hint: f.Hint, Details: faults}
	}
	return &Error{Kind: Invalid, Code: "InvalidRequestContent", Message: fmt.Sprintf("%d problems were found.", len(faults)), Details: faults}
}

// AsError finds the Error in err, or nil.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}
