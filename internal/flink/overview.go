package flink

import (
	"context"
	"time"
)

// Overview is what a JobManager says of itself.
type Overview struct {
	Version        string // of Flink, for example "2.3.0"
	TaskManagers   int    // registered ones
	SlotsTotal     int
	SlotsAvailable int
	JobsRunning    int
	JobsFinished   int
	JobsCancelled  int
	JobsFailed     int
}

// Overview reads /overview. That it answers is Flink's own sign of being up.
func (c *Client) Overview(ctx context.Context) (Overview, error) {
	var answer struct {
		Version        string `json:"flink-version"`
		TaskManagers   int    `json:"taskmanagers"`
		SlotsTotal     int    `json:"slots-total"`
		SlotsAvailable int    `json:"slots-available"`
		JobsRunning    int    `json:"jobs-running"`
		JobsFinished   int    `json:"jobs-finished"`
		JobsCancelled  int    `json:"jobs-cancelled"`
		JobsFailed     int    `json:"jobs-failed"`
	}
	if err := c.get(ctx, &answer, "overview"); err != nil {
		return Overview{}, err
	}
	answer.Version = clip(answer.Version, maxName)
	return Overview(answer), nil
}

// WebConfig is a JobManager's /config.
type WebConfig struct {
	Version         string
	RefreshInterval time.Duration // how long cached answers (JobDetails, Checkpoints) may be stale
	WebSubmit       bool          // must be false: jars could be uploaded
	WebCancel       bool
}

// Config reads /config.
func (c *Client) Config(ctx context.Context) (WebConfig, error) {
	var answer struct {
		Version  string `json:"flink-version"`
		Refresh  int64  `json:"refresh-interval"`
		Features struct {
			Submit bool `json:"web-submit"`
			Cancel bool `json:"web-cancel"`
		} `json:"features"`
	}
	if err := c.get(ctx, &answer, "config"); err != nil {
		return WebConfig{}, err
	}
	return WebConfig{
		Version:         clip(answer.Version, maxName),
		RefreshInterval: time.Duration(answer.Refresh) * time.Millisecond,
		WebSubmit:       answer.Features.Submit,
		WebCancel:       answer.Features.Cancel,
	}, nil
}
