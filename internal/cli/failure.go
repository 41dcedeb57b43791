package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// failure is an error as people see it: what could not be done, why, the way out, and the ids to ask about.
type failure struct {
	What      string  // `Cannot create cluster "orders"`; "" until the command says it
	Why       string  // one sentence
	Now       string  // how things stand, or ""
	Hint      string  // the way out, or ""
	Code      string  // ARM code, or one of ours
	Target    string  // JSON path or resource at fault, or ""
	Details   []fault // each problem, if there are several
	Operation string
	Request   string // x-ms-request-id
	Exit      int
	Err       error // cause, if it is not the server's word
}

// fault is one problem of a request.
type fault struct {
	Code    string `json:"code"`
	Target  string `json:"target,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Error implements error.
func (f *failure) Error() string {
	if f.What == "" {
		return f.Why
	}
	return f.What + ": " + f.Why
}

// Unwrap gives the cause.
func (f *failure) Unwrap() error { return f.Err }

// usage is a wrong command line.
func usage(hint, format string, args ...any) *failure {
	return &failure{Why: fmt.Sprintf(format, args...), Hint: hint, Code: "Usage", Exit: exitUsage}
}

// asFailure makes a failure of any error; one that is none yet ends with exit code 1.
func asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return &failure{Why: err.Error(), Code: "Failed", Exit: exitFailed, Err: err}
}

// what says what could not be done. nil stays nil; what was said deeper down stays.
func what(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	f := *asFailure(err)
	if f.What == "" {
		f.What = fmt.Sprintf(format, args...)
	}
	return &f
}

// print shows f: as JSON, or as lines for people.
func (f *failure) print(w io.Writer, asJSON, color bool) {
	if asJSON {
		f.printJSON(w)
		return
	}
	f.printText(w, color)
}

func (f *failure) printJSON(w io.Writer) {
	body := map[string]any{"error": struct {
		Code      string  `json:"code"`
		Message   string  `json:"message"`
		What      string  `json:"what,omitempty"`
		Now       string  `json:"now,omitempty"`
		Hint      string  `json:"hint,omitempty"`
		Target    string  `json:"target,omitempty"`
		Details   []fault `json:"details,omitempty"`
		Operation string  `json:"operationId,omitempty"`
		Request   string  `json:"requestId,omitempty"`
		Exit      int     `json:"exitCode"`
	}{f.Code, f.Why, f.What, f.Now, f.Hint, f.Target, f.Details, f.Operation, f.Request, f.Exit}}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.Encode(body) // stderr: there is nobody left to tell
}

func (f *failure) printText(w io.Writer, color bool) {
	mark := "✖"
	if f.Exit == exitTimeout || f.Exit == exitInterrupted {
		mark = "!" // nothing went wrong: only the waiting ended
	}
	if color {
		mark = "\x1b[31m" + mark + "\x1b[0m"
	}
	fmt.Fprintf(w, "%s %s\n", mark, strings.TrimRight(f.Error(), "\n"))
	if f.Target != "" && len(f.Details) <= 1 {
		fmt.Fprintf(w, "  at %s\n", f.Target)
	}
	if len(f.Details) > 1 {
		for _, d := range f.Details {
			d.print(w)
		}
	}
	if f.Now != "" {
		fmt.Fprintf(w, "  now: %s\n", f.Now)
	}
	if f.Hint != "" {
		fmt.Fprintf(w, "  hint: %s\n", f.Hint)
	}
	if f.Operation != "" {
		fmt.Fprintf(w, "  operation %s   `drey operation show %s` has the log\n", f.Operation, short(f.Operation))
	}
	if f.Request != "" && f.Operation == "" {
		fmt.Fprintf(w, "  request %s\n", f.Request)
	}
}

func (d fault) print(w io.Writer) {
	if d.Target != "" {
		fmt.Fprintf(w, "  %s\n", d.Target)
	}
	fmt.Fprintf(w, "      %s [%s]\n", d.Message, d.Code)
	if d.Hint != "" {
		fmt.Fprintf(w, "      hint: %s\n", d.Hint)
	}
}

// short is enough of an id to know it again.
func short(id string) string { return id[:min(len(id), 8)] }
