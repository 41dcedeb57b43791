package flink

import (
	"context"
	"errors"
	"net/http"
	"regexp"
)

// Format is how a savepoint is written. It is always sent: CANONICAL, Flink's default, restarts a running job on ForSt.
type Format string

// The savepoint formats.
const (
	Native    Format = "NATIVE"    // the state backend's own files, fast
	Canonical Format = "CANONICAL" // portable between state backends, slow
)

// SavepointRequest asks for one savepoint. Sent again with the same TriggerID to the same JobManager it asks for nothing new.
type SavepointRequest struct {
	TriggerID string // 32 lower-case hex digits, committed before they are sent
	Directory string // URI of a directory of this trigger's own; Flink makes one savepoint-… below it
	Format    Format // "" is Native
}

// TriggerSavepoint asks for a savepoint of a job that goes on running.
func (c *Client) TriggerSavepoint(ctx context.Context, jobID string, r SavepointRequest) error {
	body := struct {
		Directory string `json:"target-directory"`
		Cancel    bool   `json:"cancel-job"`
		Format    Format `json:"formatType"`
		TriggerID string `json:"triggerId"`
	}{r.Directory, false, r.format(), r.TriggerID}
	return c.trigger(ctx, jobID, "savepoints", r, body)
}

// Stop asks for a savepoint after which the job finishes. It drains nothing. Accepted even for a job that has ended: what
// came of it is in [Client.SavepointStatus] only.
func (c *Client) Stop(ctx context.Context, jobID string, r SavepointRequest) error {
	body := struct {
		Directory string `json:"targetDirectory"`
		Drain     bool   `json:"drain"`
		Format    Format `json:"formatType"`
		TriggerID string `json:"triggerId"`
	}{r.Directory, false, r.format(), r.TriggerID}
	return c.trigger(ctx, jobID, "stop", r, body)
}

func (c *Client) trigger(ctx context.Context, jobID, what string, r SavepointRequest, body any) error {
	if r.Directory == "" {
		return errors.New("a savepoint needs a directory")
	}
	return c.background(ctx, jobID, what, r.TriggerID, body)
}

// background asks for what the JobManager does in the background, under an id of ours that makes it once only.
func (c *Client) background(ctx context.Context, jobID, what, triggerID string, body any) error {
	if triggerID == "" {
		return errors.New("what is done in the background needs a trigger id")
	}
	var answer struct {
		RequestID string `json:"request-id"`
	}
	if err := c.call(ctx, http.MethodPost, join([]string{"jobs", jobID, what}), body, &answer); err != nil {
		return err
	}
	if answer.RequestID != triggerID {
		return errors.New("the JobManager answered with another trigger id: it does not take ours")
	}
	return nil
}

func (r SavepointRequest) format() Format {
	if r.Format == "" {
		return Native
	}
	return r.Format
}

// SavepointStatus is what came of a trigger. Exactly one of Unknown, InProgress, Location and Failure is set.
type SavepointStatus struct {
	Unknown    bool // this JobManager never heard of the trigger, or forgot it (404)
	InProgress bool
	Location   string // of the complete savepoint
	Failure    *SavepointFailure
}

// SavepointFailure is why a trigger gave no savepoint, or gave one but the job then failed.
type SavepointFailure struct {
	Class string
	Stack string // with its causes
}

// SavepointStatus reads what came of a trigger, of TriggerSavepoint and of Stop.
func (c *Client) SavepointStatus(ctx context.Context, jobID, triggerID string) (SavepointStatus, error) {
	var answer struct {
		Status struct {
			ID string `json:"id"`
		} `json:"status"`
		Operation *struct {
			Location string `json:"location"`
			Failure  *struct {
				Class string `json:"class"`
				Stack string `json:"stack-trace"`
			} `json:"failure-cause"`
		} `json:"operation"`
	}
	err := c.get(ctx, &answer, "jobs", jobID, "savepoints", triggerID)
	switch op := answer.Operation; {
	case errors.Is(err, ErrNotFound):
		return SavepointStatus{Unknown: true}, nil
	case err != nil:
		return SavepointStatus{}, err
	case answer.Status.ID == "IN_PROGRESS":
		return SavepointStatus{InProgress: true}, nil
	case answer.Status.ID != "COMPLETED" || op == nil:
		return SavepointStatus{}, errors.New("the JobManager's answer says nothing of the savepoint")
	case op.Failure != nil:
		return SavepointStatus{Failure: &SavepointFailure{clip(op.Failure.Class, maxName), clip(op.Failure.Stack, maxStack)}}, nil
	case op.Location == "":
		return SavepointStatus{}, errors.New("the JobManager's answer has neither a location nor a failure")
	default:
		return SavepointStatus{Location: clip(op.Location, maxPath)}, nil
	}
}

// writtenAnyway is Flink's StopWithSavepointStoppingException: the savepoint is whole, but the job failed while it stopped.
var writtenAnyway = regexp.MustCompile(`A savepoint has been created at: (\S+?), but the corresponding job`)

// Written is the savepoint that is complete although the trigger failed; "" if there is none.
func (f SavepointFailure) Written() string {
	if m := writtenAnyway.FindStringSubmatch(f.Stack); m != nil {
		return clip(m[1], maxPath)
	}
	return ""
}
