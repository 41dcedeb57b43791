package flink

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// JobState is Flink's word for a job.
type JobState string

// Flink's job states.
const (
	Initializing JobState = "INITIALIZING"
	Created      JobState = "CREATED"
	Running      JobState = "RUNNING"
	Failing      JobState = "FAILING"
	Failed       JobState = "FAILED"
	Cancelling   JobState = "CANCELLING"
	Canceled     JobState = "CANCELED"
	Finished     JobState = "FINISHED"
	Restarting   JobState = "RESTARTING"
	Suspended    JobState = "SUSPENDED" // ended for this JobManager only
	Reconciling  JobState = "RECONCILING"
)

// Terminal says that a job in this state never runs again under its id.
func (s JobState) Terminal() bool { return s == Failed || s == Canceled || s == Finished }

// JobSummary is one job of [Client.JobsOverview].
type JobSummary struct {
	ID      string // 32 lower-case hex digits
	Name    string
	State   JobState
	Started time.Time
	Ended   time.Time      // zero while it runs
	Tasks   map[string]int // by Flink's lower-case state; "total" is their sum
}

// Vertex is one vertex of a job: a chain of operators.
type Vertex struct {
	ID             string
	Name           string
	Parallelism    int
	MaxParallelism int
	State          string         // the aggregate
	Tasks          map[string]int // subtasks by state, for example "RUNNING": 2
}

// JobDetails is /jobs/:id. The JobManager caches it for [WebConfig.RefreshInterval].
type JobDetails struct {
	ID       string
	Name     string
	State    JobState
	Started  time.Time
	Ended    time.Time // zero while it runs
	Vertices []Vertex
}

// AllRunning says that the job runs with every subtask of every vertex running or finished.
func (d JobDetails) AllRunning() bool {
	for _, v := range d.Vertices {
		if v.Tasks["RUNNING"]+v.Tasks["FINISHED"] < v.Parallelism {
			return false
		}
	}
	return d.State == Running && len(d.Vertices) > 0
}

// JobStatus reads the state of a job; this answer is never cached.
func (c *Client) JobStatus(ctx context.Context, jobID string) (JobState, error) {
	var answer struct {
		Status string `json:"status"`
	}
	if err := c.get(ctx, &answer, "jobs", jobID, "status"); err != nil {
		return "", err
	}
	if answer.Status == "" {
		return "", errors.New("the JobManager's answer has no job status")
	}
	return JobState(clip(answer.Status, maxName)), nil
}

// JobDetails reads a job with its vertices.
func (c *Client) JobDetails(ctx context.Context, jobID string) (JobDetails, error) {
	var answer struct {
		ID       string `json:"jid"`
		Name     string `json:"name"`
		State    string `json:"state"`
		Start    int64  `json:"start-time"`
		End      int64  `json:"end-time"`
		Vertices []struct {
			ID             string         `json:"id"`
			Name           string         `json:"name"`
			Parallelism    int            `json:"parallelism"`
			MaxParallelism int            `json:"maxParallelism"`
			Status         string         `json:"status"`
			Tasks          map[string]int `json:"tasks"`
		} `json:"vertices"`
	}
	if err := c.get(ctx, &answer, "jobs", jobID); err != nil {
		return JobDetails{}, err
	}
	details := JobDetails{
		ID:      clip(answer.ID, maxName),
		Name:    clip(answer.Name, maxName),
		State:   JobState(clip(answer.State, maxName)),
		Started: fromMillis(answer.Start),
		Ended:   fromMillis(answer.End),
	}
	for _, v := range answer.Vertices {
		details.Vertices = append(details.Vertices, Vertex{
			ID: clip(v.ID, maxName), Name: clip(v.Name, maxName), Parallelism: v.Parallelism,
			MaxParallelism: v.MaxParallelism, State: clip(v.Status, maxName), Tasks: clipKeys(v.Tasks),
		})
	}
	return details, nil
}

// JobsOverview lists the jobs of a JobManager. A warm-up job of the gate is among them: find yours by its id, never by counting.
func (c *Client) JobsOverview(ctx context.Context) ([]JobSummary, error) {
	var answer struct {
		Jobs []struct {
			ID    string         `json:"jid"`
			Name  string         `json:"name"`
			State string         `json:"state"`
			Start int64          `json:"start-time"`
			End   int64          `json:"end-time"`
			Tasks map[string]int `json:"tasks"`
		} `json:"jobs"`
	}
	if err := c.get(ctx, &answer, "jobs", "overview"); err != nil {
		return nil, err
	}
	var jobs []JobSummary
	for _, j := range answer.Jobs {
		jobs = append(jobs, JobSummary{
			ID: clip(j.ID, maxName), Name: clip(j.Name, maxName), State: JobState(clip(j.State, maxName)),
			Started: fromMillis(j.Start), Ended: fromMillis(j.End), Tasks: clipKeys(j.Tasks),
		})
	}
	return jobs, nil
}

// Cancel asks for a job to be cancelled. It answers when Flink accepted, not when the job is cancelled: read the status.
// A job that ended otherwise is a [StatusError] 409.
func (c *Client) Cancel(ctx context.Context, jobID string) error {
	return c.call(ctx, http.MethodPatch, join([]string{"jobs", jobID})+"?mode=cancel", nil, nil)
}

func clipKeys(counts map[string]int) map[string]int {
	clean := make(map[string]int, len(counts))
	for state, n := range counts {
		clean[clip(state, maxName)] = n
	}
	return clean
}
