package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// armError is ARM's error body, with our members beside and below.
type armError struct {
	Error struct {
		fault
		Details        []fault `json:"details"`
		Operation      string  `json:"operationId"`
		AdditionalInfo []struct {
			Type string `json:"type"`
			Info struct {
				Hint      string `json:"hint"`
				Operation string `json:"operationId"`
			} `json:"info"`
		} `json:"additionalInfo"`
	} `json:"error"`
}

// refusal makes a failure of an answer that is no success.
func refusal(status int, header http.Header, body []byte) *failure {
	f := &failure{Exit: exitOf(status), Request: header.Get("x-ms-request-id")}
	var e armError
	if json.Unmarshal(body, &e) != nil || e.Error.Code == "" {
		f.Code = "UnexpectedAnswer"
		f.Why = fmt.Sprintf("the server answered %d %s", status, http.StatusText(status))
		if text := strings.TrimSpace(string(body[:min(len(body), 200)])); text != "" {
			f.Why += ": " + text
		}
		return f
	}
	f.Code, f.Target, f.Why, f.Hint = e.Error.Code, e.Error.Target, e.Error.Message, e.Error.Hint
	f.Details, f.Operation = e.Error.Details, e.Error.Operation
	for _, a := range e.Error.AdditionalInfo {
		if a.Type == "drey" {
			f.Hint = first(f.Hint, a.Info.Hint)
			f.Operation = first(f.Operation, a.Info.Operation)
		}
	}
	return f
}

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
