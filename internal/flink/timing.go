package flink

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Timing is when a job's start came how far, all by the JobManager's clock. After a restart or a rescale inside of Flink everything
// but Submitted is that of the newest attempt.
type Timing struct {
	Submitted       time.Time     // the JobManager had the graph, and began to initialize the job
	Scheduled       time.Time     // the first task was deployed; zero: none so far
	InitializingMax time.Duration // the longest that a task took from being on its TaskManager to running: opening it, and restoring its state
	AllRunningAt    time.Time     // the last task began to run; zero: not all have
}

// Timing reads what a start was made of: one call for the job, and one for each of its vertices. Like [Client.JobDetails] the answers
// may be stale by [WebConfig.RefreshInterval].
func (c *Client) Timing(ctx context.Context, jobID string) (Timing, error) {
	job, err := c.JobDetails(ctx, jobID)
	if err != nil {
		return Timing{}, err
	}
	if len(job.Vertices) > maxVertices {
		return Timing{}, fmt.Errorf("the JobManager tells of %d vertices", len(job.Vertices))
	}
	timing, running := Timing{Submitted: job.Started}, len(job.Vertices) > 0
	for _, v := range job.Vertices {
		tasks, err := c.tasks(ctx, jobID, v.ID)
		if err != nil {
			return Timing{}, err
		}
		running = running && len(tasks) > 0 && !slices.ContainsFunc(tasks, func(t taskTimes) bool { return t.Running <= 0 })
		for _, t := range tasks {
			timing.add(t)
		}
	}
	if !running {
		timing.AllRunningAt = time.Time{}
	}
	return timing, nil
}

func (t *Timing) add(task taskTimes) {
	if deployed := fromMillis(task.Deploying); !deployed.IsZero() && (t.Scheduled.IsZero() || deployed.Before(t.Scheduled)) {
		t.Scheduled = deployed
	}
	begun, runs := fromMillis(task.Initializing), fromMillis(task.Running)
	if !begun.IsZero() {
		t.InitializingMax = max(t.InitializingMax, runs.Sub(begun))
	}
	if runs.After(t.AllRunningAt) {
		t.AllRunningAt = runs
	}
}

// taskTimes is when a subtask's newest attempt came into a state, in epoch milliseconds; 0: it has not.
type taskTimes struct {
	Deploying    int64 `json:"DEPLOYING"`
	Initializing int64 `json:"INITIALIZING"`
	Running      int64 `json:"RUNNING"`
}

func (c *Client) tasks(ctx context.Context, jobID, vertexID string) ([]taskTimes, error) {
	var answer struct {
		Subtasks []struct {
			Timestamps taskTimes `json:"timestamps"`
		} `json:"subtasks"`
	}
	if err := c.get(ctx, &answer, "jobs", jobID, "vertices", vertexID, "subtasktimes"); err != nil {
		return nil, err
	}
	var tasks []taskTimes
	for _, s := range answer.Subtasks {
		tasks = append(tasks, s.Timestamps)
	}
	return tasks, nil
}
