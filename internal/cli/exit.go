package cli

import (
	"fmt"
	"net/http"
	"strings"
)

// The exit codes. They are contract.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitDenied      = 4
	exitConflict    = 5
	exitOperation   = 6
	exitTimeout     = 7
	exitUnavailable = 8
	exitDiffers     = 10
	exitInterrupted = 130
)

// exitCodes says what each exit code means: help, docs and tests are made from it.
var exitCodes = map[int]string{
	exitOK:          "what was asked for is so; with --no-wait: it was accepted",
	exitFailed:      "the request was refused or failed, or its content is not valid",
	exitUsage:       "the command line is wrong: an unknown command or flag, a missing value",
	exitNotFound:    "no such resource",
	exitDenied:      "not signed in, or not allowed",
	exitConflict:    "conflict: a precondition failed, an operation is in progress, a name is taken",
	exitOperation:   "the operation ended Failed or Canceled, or its job did not do what was asked",
	exitTimeout:     "the time for waiting is over; the operation goes on",
	exitUnavailable: "the server is not reachable, or unavailable after retries",
	exitDiffers:     "`plan` or `diff` with --exit-code: there are differences",
	exitInterrupted: "interrupted (Ctrl-C); an operation that was accepted goes on",
}

// exitCodesText is the topic `drey help exit-codes`.
func exitCodesText() string {
	var b strings.Builder
	b.WriteString("Exit codes of drey:\n\n")
	for _, code := range sortedKeys(exitCodes) {
		fmt.Fprintf(&b, "  %3d  %s\n", code, exitCodes[code])
	}
	b.WriteString("\nWith -o json, jsonl or yaml an error is JSON on stderr and carries the code as error.exitCode.")
	return b.String()
}

// exitOf is the exit code for a server's answer that is no success.
func exitOf(status int) int {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitDenied
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return exitConflict
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return exitUnavailable
	}
	return exitFailed
}
