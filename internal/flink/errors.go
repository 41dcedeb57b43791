package flink

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors of the [Client]. Wrapped ones match by [errors.Is].
var (
	// ErrUnreachable says that no answer came: refused, reset, too late, or a JobManager that is up but not serving yet (503).
	// It is no proof that the JobManager is gone, nor that a request was not carried out.
	ErrUnreachable = errors.New("the JobManager cannot be reached")
	// ErrNotFound says that the JobManager answered and knows no such job or operation (404). Also said by a stranger on the port.
	ErrNotFound = errors.New("the JobManager knows nothing by this id")
)

// StatusError is an answer of the JobManager that is no success. It matches [ErrNotFound] with 404 and [ErrUnreachable] with 503.
// Flink 2.3 answers 500 when it is asked for the status of a job it does not know: that matches [ErrNotFound] too.
type StatusError struct {
	Code     int      // HTTP status
	Messages []string // what the JobManager said, cleaned and clipped; may hold host names and paths: for the log, not for callers
}

// Error implements error with the first line of what was said.
func (e *StatusError) Error() string {
	if len(e.Messages) == 0 {
		return fmt.Sprintf("the JobManager answered %d", e.Code)
	}
	line, _, _ := strings.Cut(e.Messages[0], "\n")
	return fmt.Sprintf("the JobManager answered %d: %s", e.Code, line)
}

// Is makes the statuses that mean something match their sentinel.
func (e *StatusError) Is(target error) bool {
	return target == ErrNotFound && (e.Code == 404 || e.unknownJob()) || target == ErrUnreachable && e.Code == 503
}

// unknownJob says that a 500 is about a job the JobManager does not know.
func (e *StatusError) unknownJob() bool {
	return e.Code == 500 && slices.ContainsFunc(e.Messages, func(message string) bool {
		return strings.Contains(message, "org.apache.flink.runtime.messages.FlinkJobNotFoundException")
	})
}

// ConfigError is a value of the configuration that cannot be used; Message is a sentence that names the key and the numbers.
type ConfigError struct {
	Key     string // the key at fault, by its newest name
	Message string // safe to show: never holds a value that could be a secret
}

// Error implements error.
func (e *ConfigError) Error() string { return e.Message }

func configErrorf(key, format string, args ...any) error {
	return &ConfigError{Key: key, Message: fmt.Sprintf(format, args...)}
}
