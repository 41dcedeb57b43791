package flink

import (
	"context"
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
