package flink

import (
	"context"
	"time"
)

// CheckpointInterval is how often a job makes checkpoints; 0 if it makes none by itself.
func (c *Client) CheckpointInterval(ctx context.Context, jobID string) (time.Duration, error) {
	var answer struct {
		Interval int64 `json:"interval"` // ms; the greatest long where checkpointing is off
	}
	if err := c.get(ctx, &answer, "jobs", jobID, "checkpoints", "config"); err != nil {
		return 0, err
	}
	const never = int64(365 * 24 * time.Hour / time.Millisecond)
	if answer.Interval <= 0 || answer.Interval > never {
		return 0, nil
	}
	return time.Duration(answer.Interval) * time.Millisecond, nil
}
