package flink

import (
	"cmp"
	"context"
	"errors"
	"math"
	"strings"
	"time"
)

// Checkpoint is one completed snapshot of a job, made by Flink's clock or asked for.
type Checkpoint struct {
	ID          int64
	Savepoint   bool
	Type        string // "CHECKPOINT", "UNALIGNED_CHECKPOINT", "SAVEPOINT" or "SYNC_SAVEPOINT" (made by a stop)
	Path        string // external_path; "" if it cannot be addressed from outside
	TriggeredAt time.Time
	CompletedAt time.Time
	StateBytes  int64 // full state
	Bytes       int64 // written for this one
	Duration    time.Duration
	Discarded   bool
}

// RestoredFrom is what a job began with.
type RestoredFrom struct {
	ID   int64
	Path string
	At   time.Time
	// Savepoint is what Flink says. It is true for every explicit restore path, also one of a checkpoint: never decide by it.
	Savepoint bool
}

// FailedCheckpoint is a snapshot that did not come to be.
type FailedCheckpoint struct {
	ID      int64
	At      time.Time
	Message string
}

// Checkpoints is what a JobManager remembers of a job's snapshots. It caches this for [WebConfig.RefreshInterval].
type Checkpoints struct {
	Restored, Total, InProgress, Completed, Failed int // counts

	LatestCompleted *Checkpoint // never a savepoint
	LatestSavepoint *Checkpoint
	LatestFailed    *FailedCheckpoint
	LatestRestored  *RestoredFrom
	History         []Checkpoint // completed ones, newest first, ten at most by default
}

type checkpointWire struct {
	ID         int64  `json:"id"`
	Status     string `json:"status"`
	Savepoint  bool   `json:"is_savepoint"`
	Type       string `json:"checkpoint_type"`
	Path       string `json:"external_path"`
	Triggered  int64  `json:"trigger_timestamp"`
	Acked      int64  `json:"latest_ack_timestamp"`
	StateSize  int64  `json:"state_size"`
	Written    int64  `json:"checkpointed_size"`
	Duration   int64  `json:"end_to_end_duration"`
	Discarded  bool   `json:"discarded"`
	FailedAt   int64  `json:"failure_timestamp"`
	Failure    string `json:"failure_message"`
	RestoredAt int64  `json:"restore_timestamp"`
}

// Checkpoints reads what is known of a job's snapshots.
func (c *Client) Checkpoints(ctx context.Context, jobID string) (Checkpoints, error) {
	var answer struct {
		Counts struct {
			Restored   int `json:"restored"`
			Total      int `json:"total"`
			InProgress int `json:"in_progress"`
			Completed  int `json:"completed"`
			Failed     int `json:"failed"`
		} `json:"counts"`
		Latest struct {
			Completed *checkpointWire `json:"completed"`
			Savepoint *checkpointWire `json:"savepoint"`
			Failed    *checkpointWire `json:"failed"`
			Restored  *checkpointWire `json:"restored"`
		} `json:"latest"`
		History []checkpointWire `json:"history"`
	}
	if err := c.get(ctx, &answer, "jobs", jobID, "checkpoints"); err != nil {
		return Checkpoints{}, err
	}
	n := answer.Counts
	result := Checkpoints{Restored: n.Restored, Total: n.Total, InProgress: n.InProgress, Completed: n.Completed, Failed: n.Failed}
	result.LatestCompleted = answer.Latest.Completed.checkpoint()
	result.LatestSavepoint = answer.Latest.Savepoint.checkpoint()
	if w := answer.Latest.Failed; w != nil {
		result.LatestFailed = &FailedCheckpoint{ID: w.ID, At: fromMillis(w.FailedAt), Message: clip(w.Failure, maxStack)}
	}
	if w := answer.Latest.Restored; w != nil {
		result.LatestRestored = &RestoredFrom{ID: w.ID, Path: externalPath(w.Path), At: fromMillis(w.RestoredAt), Savepoint: w.Savepoint}
	}
	for i := range answer.History {
		if answer.History[i].Status == "COMPLETED" {
			result.History = append(result.History, *answer.History[i].checkpoint())
		}
	}
	return result, nil
}

func (w *checkpointWire) checkpoint() *Checkpoint {
	if w == nil {
		return nil
	}
	return &Checkpoint{
		ID: w.ID, Savepoint: w.Savepoint, Type: clip(w.Type, maxName), Path: externalPath(w.Path),
		TriggeredAt: fromMillis(w.Triggered), CompletedAt: fromMillis(w.Acked), StateBytes: w.StateSize, Bytes: w.Written,
		Duration: time.Duration(w.Duration) * time.Millisecond, Discarded: w.Discarded,
	}
}

// externalPath drops Flink's "<checkpoint-not-externally-addressable>".
func externalPath(path string) string {
	if strings.HasPrefix(path, "<") {
		return ""
	}
	return clip(path, maxPath)
}

// TriggerCheckpoint asks for a checkpoint of the kind that the job is configured for. Sent again with the same trigger id to the
// same JobManager it asks for nothing new. Accepted even for a job that has ended or is not known: what came of it is in
// [Client.CheckpointStatus] only.
func (c *Client) TriggerCheckpoint(ctx context.Context, jobID, triggerID string) error {
	body := struct {
		Type      string `json:"checkpointType"`
		TriggerID string `json:"triggerId"`
	}{"CONFIGURED", triggerID}
	return c.background(ctx, jobID, "checkpoints", triggerID, body)
}

// CheckpointStatus is what came of [Client.TriggerCheckpoint]. Exactly one of its fields is set.
type CheckpointStatus struct {
	Unknown    bool // this JobManager never heard of the trigger, or forgot it (404)
	InProgress bool
	ID         int64  // of the complete checkpoint: the N of chk-N
	Failure    string // stack trace with its causes
}

// CheckpointStatus reads what came of a trigger.
func (c *Client) CheckpointStatus(ctx context.Context, jobID, triggerID string) (CheckpointStatus, error) {
	var answer struct {
		Status struct {
			ID string `json:"id"`
		} `json:"status"`
		Operation struct {
			ID      int64 `json:"checkpointId"`
			Failure *struct {
				Class string `json:"class"`
				Stack string `json:"stack-trace"`
			} `json:"failureCause"` // a savepoint's is called failure-cause
		} `json:"operation"`
	}
	err := c.get(ctx, &answer, "jobs", jobID, "checkpoints", triggerID)
	switch op := answer.Operation; {
	case errors.Is(err, ErrNotFound):
		return CheckpointStatus{Unknown: true}, nil
	case err != nil:
		return CheckpointStatus{}, err
	case answer.Status.ID == "IN_PROGRESS":
		return CheckpointStatus{InProgress: true}, nil
	case answer.Status.ID == "COMPLETED" && op.Failure != nil:
		return CheckpointStatus{Failure: clip(cmp.Or(op.Failure.Stack, op.Failure.Class, "no reason given"), maxStack)}, nil
	case answer.Status.ID == "COMPLETED" && op.ID > 0:
		return CheckpointStatus{ID: op.ID}, nil
	}
	return CheckpointStatus{}, errors.New("the JobManager's answer says nothing of the checkpoint")
}

// CheckpointConfig is how a job really makes checkpoints; its code may have overruled the configuration.
type CheckpointConfig struct {
	Mode                 string        // "exactly_once" or "at_least_once"
	Interval             time.Duration // 0: no periodic checkpoints
	Timeout              time.Duration
	MinPause             time.Duration
	MaxConcurrent        int
	Externalized         bool // checkpoints are kept at all
	DeleteOnCancellation bool // they are deleted on cancel and on SIGTERM: not for us
	Unaligned            bool
	StateBackend         string
	Storage              string
}

// CheckpointConfig reads a job's checkpointing.
func (c *Client) CheckpointConfig(ctx context.Context, jobID string) (CheckpointConfig, error) {
	var answer struct {
		Mode            string `json:"mode"`
		Interval        int64  `json:"interval"`
		Timeout         int64  `json:"timeout"`
		MinPause        int64  `json:"min_pause"`
		MaxConcurrent   int    `json:"max_concurrent"`
		Externalization struct {
			Enabled bool `json:"enabled"`
			Delete  bool `json:"delete_on_cancellation"`
		} `json:"externalization"`
		Unaligned bool   `json:"unaligned_checkpoints"`
		Backend   string `json:"state_backend"`
		Storage   string `json:"checkpoint_storage"`
	}
	if err := c.get(ctx, &answer, "jobs", jobID, "checkpoints", "config"); err != nil {
		return CheckpointConfig{}, err
	}
	return CheckpointConfig{
		Mode: clip(answer.Mode, maxName), Interval: fromInterval(answer.Interval), Timeout: fromInterval(answer.Timeout),
		MinPause: fromInterval(answer.MinPause), MaxConcurrent: answer.MaxConcurrent,
		Externalized: answer.Externalization.Enabled, DeleteOnCancellation: answer.Externalization.Delete,
		Unaligned: answer.Unaligned, StateBackend: clip(answer.Backend, maxName), Storage: clip(answer.Storage, maxName),
	}, nil
}

// fromInterval turns milliseconds into a duration; Flink writes "never" as the largest long.
func fromInterval(ms int64) time.Duration {
	if ms < 0 || ms > math.MaxInt64/int64(time.Millisecond) {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}
