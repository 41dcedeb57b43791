package flink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ErrNotAdaptive says that the job's scheduler cannot change a parallelism without a restart from a snapshot.
var ErrNotAdaptive = errors.New("the job's scheduler is not the adaptive one")

// RescaleTo lets a running job go on with other parallelisms, by vertex id; vertices not named keep theirs. Flink restarts the tasks
// in place, from the newest checkpoint, once slots for more of them are there: that it happened shows in [Client.JobDetails]. The job
// runs with less meanwhile, down to the lower bounds that are set. With another scheduler than the adaptive one it is
// [ErrNotAdaptive]; a parallelism above a vertex's maximum is a [StatusError] 400.
func (c *Client) RescaleTo(ctx context.Context, jobID string, parallelism map[string]int) error {
	type bounds struct {
		Lower int `json:"lowerBound"`
		Upper int `json:"upperBound"`
	}
	type requirement struct {
		Parallelism bounds `json:"parallelism"`
	}
	requirements := map[string]requirement{}
	if err := c.get(ctx, &requirements, "jobs", jobID, "resource-requirements"); err != nil {
		return schedulerError(err)
	}
	for vertex, n := range parallelism {
		r, ok := requirements[vertex]
		if !ok {
			return fmt.Errorf("the job has no vertex %s", vertex)
		}
		if n < 1 || n > maxParallelism {
			return fmt.Errorf("a vertex cannot have the parallelism %d", n)
		}
		r.Parallelism = bounds{Lower: min(max(r.Parallelism.Lower, 1), n), Upper: n}
		requirements[vertex] = r
	}
	return schedulerError(c.call(ctx, http.MethodPut, join([]string{"jobs", jobID, "resource-requirements"}), requirements, nil))
}

// schedulerError tells a scheduler that cannot from a request that failed.
func schedulerError(err error) error {
	status := (*StatusError)(nil)
	if errors.As(err, &status) && slices.ContainsFunc(status.Messages, func(message string) bool {
		return strings.Contains(message, "java.lang.UnsupportedOperationException")
	}) {
		return fmt.Errorf("%w: %w", ErrNotAdaptive, err)
	}
	return err
}
