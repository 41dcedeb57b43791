package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// jobManager is the REST interface of one that runs one job.
type jobManager struct {
	at     string // "http://…", without a slash at the end
	client *http.Client
}

// stop stops the job with a savepoint below a folder, asking twice a second, and answers its URI.
func (m jobManager) stop(ctx context.Context, folder string) (string, error) {
	var all struct{ Jobs []struct{ ID string } }
	if err := m.send(ctx, http.MethodGet, "/jobs", nil, &all); err != nil {
		return "", err
	}
	if len(all.Jobs) != 1 {
		return "", fmt.Errorf("the JobManager has %d jobs instead of one", len(all.Jobs))
	}
	var accepted struct {
		RequestID string `json:"request-id"`
	}
	job := "/jobs/" + all.Jobs[0].ID
	if err := m.send(ctx, http.MethodPost, job+"/stop", map[string]any{"targetDirectory": "file://" + folder, "drain": false}, &accepted); err != nil {
		return "", err
	}
	var state struct {
		Status    struct{ ID string }
		Operation struct{ Location string }
	}
	err := until(ctx, patience, 500*time.Millisecond, func() (bool, error) {
		err := m.send(ctx, http.MethodGet, job+"/savepoints/"+accepted.RequestID, nil, &state)
		return state.Status.ID == "COMPLETED", err
	})
	if err == nil && state.Operation.Location == "" {
		err = errors.New("the savepoint failed")
	}
	return state.Operation.Location, err
}

// send sends a request and reads the answer; a body of nil is none.
func (m jobManager) send(ctx context.Context, method, path string, body, answer any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, m.at+path, &sent)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := m.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = got.Body.Close() }()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, got.Status, raw)
	}
	return json.Unmarshal(raw, answer)
}
