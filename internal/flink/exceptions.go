package flink

import (
	"context"
	"math"
	"strconv"
	"time"
)

// JobException is one failure of a job.
type JobException struct {
	Name        string // the exception's class
	Stack       string // with its causes
	At          time.Time
	Task        string // "" if it is the job's as a whole
	TaskManager string // resource id, "" if none
}

// Exceptions reads a job's failures, newest first, at most 20.
func (c *Client) Exceptions(ctx context.Context, jobID string) ([]JobException, error) {
	var answer struct {
		History struct {
			Entries []struct {
				Name        string `json:"exceptionName"`
				Stack       string `json:"stacktrace"`
				Timestamp   int64  `json:"timestamp"`
				Task        string `json:"taskName"`
				TaskManager string `json:"taskManagerId"`
			} `json:"entries"`
		} `json:"exceptionHistory"`
		Root string `json:"root-exception"` // Flink 1.x
		At   int64  `json:"timestamp"`
	}
	path := join([]string{"jobs", jobID, "exceptions"}) + "?maxExceptions=20"
	if err := c.call(ctx, "GET", path, nil, &answer); err != nil {
		return nil, err
	}
	var list []JobException
	for _, e := range answer.History.Entries {
		list = append(list, JobException{
			Name: clip(e.Name, maxName), Stack: clip(e.Stack, maxStack), At: fromMillis(e.Timestamp),
			Task: clip(e.Task, maxName), TaskManager: clip(e.TaskManager, maxName),
		})
	}
	if len(list) == 0 && answer.Root != "" {
		list = append(list, JobException{Stack: clip(answer.Root, maxStack), At: fromMillis(answer.At)})
	}
	return list, nil
}

// Restarts is how often Flink has restarted a job; a failure at which it gave up counts, too. The history of failures knows of one at
// once, but holds 16 by default; the metric knows of all, but some 10 s late, and counts rescalings. An error of the metric is none here.
func (c *Client) Restarts(ctx context.Context, jobID string) (int, error) {
	failures, err := c.Exceptions(ctx, jobID)
	if err != nil {
		return 0, err
	}
	var metrics []struct {
		ID    string `json:"id"`
		Value string `json:"value"`
	}
	path := join([]string{"jobs", jobID, "metrics"}) + "?get=numRestarts,numRescales"
	if err := c.call(ctx, "GET", path, nil, &metrics); err != nil {
		return len(failures), nil
	}
	counted := 0
	for _, m := range metrics {
		n, err := strconv.Atoi(m.Value)
		switch {
		case err != nil || n < 0 || n > math.MaxInt32: // not measured so far, or nonsense
		case m.ID == "numRestarts":
			counted += n
		case m.ID == "numRescales":
			counted -= n
		}
	}
	return max(len(failures), counted), nil
}
