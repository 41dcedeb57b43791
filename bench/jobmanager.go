package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"drey/internal/flink"
)

// stop stops the one job of a JobManager with a savepoint below a folder, in the format that Flink takes by itself, asking twice a second, and
// answers its URI.
func stop(ctx context.Context, m *flink.Client, folder string) (string, error) {
	all, err := m.JobsOverview(ctx)
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", fmt.Errorf("the JobManager has %d jobs instead of one", len(all))
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	r := flink.SavepointRequest{TriggerID: fmt.Sprintf("%x", id), Directory: "file://" + folder, Format: flink.Canonical}
	if err := m.Stop(ctx, all[0].ID, r); err != nil {
		return "", err
	}
	var seen flink.SavepointStatus
	err = until(ctx, patience, 500*time.Millisecond, func() (done bool, err error) {
		seen, err = m.SavepointStatus(ctx, all[0].ID, r.TriggerID)
		return !seen.InProgress, err
	})
	if err == nil && seen.Location == "" {
		err = errors.New("the savepoint failed")
	}
	return seen.Location, err
}
