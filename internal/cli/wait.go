package cli

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"drey/internal/arm/v20261101"
)

const (
	pollFirst = 150 * time.Millisecond
	pollMost  = time.Second
)

// started is an operation that was accepted.
type started struct {
	id     string // GUID
	pool   string // its name
	path   string // of the operation under our own api-version; it has steps
	status string // URL of its status in the published API; ""
}

// startedBy reads the operation that a request began out of its answer's headers.
func (s *session) startedBy(r request, a answer) (started, error) {
	if err := s.foretold(a); err != nil {
		return started{}, err
	}
	status := a.header.Get("Azure-AsyncOperation")
	name := path.Base(strings.SplitN(status, "?", 2)[0])
	id, _, _ := strings.Cut(name, "*")
	if id == "" || id == "." {
		return started{}, &failure{Code: "UnexpectedAnswer", Exit: exitFailed, Why: "the server did not say which operation it began"}
	}
	op := started{id: id, status: status}
	if pool := poolOf(r.path); pool != "" {
		op.pool, op.path = path.Base(pool), pool+"/operations/"+id
	}
	return op, nil
}

func (s *session) operationOf(id string) (started, error) {
	pool, err := s.poolPath()
	return started{id: id, pool: s.conn.Pool, path: pool + "/operations/" + id}, err
}

// again is the command line that waits for an operation once more.
func (s *session) again(op started) string {
	if op.pool == "" {
		return "`" + s.resume("rest", "GET", "'"+strings.TrimPrefix(op.status, strings.TrimRight(s.conn.Endpoint, "/"))+"'") + "` shows it"
	}
	line := s.resume("operation", "wait", op.id)
	if op.pool != s.conn.Pool {
		line += " -p " + op.pool
	}
	return "`" + line + "` waits again"
}

// look reads how far an operation is. One that is no longer listed, as that of a pool that was deleted, still has its published status.
func (s *session) look(ctx context.Context, op *started) (v20261101.Operation, error) {
	if op.path != "" {
		now, _, err := get[v20261101.Operation](ctx, s, op.path, nil)
		if op.status == "" || !gone(err) {
			return now, err
		}
		op.path = ""
	}
	status, _, err := get[struct {
		Status, StartTime, EndTime string
		Error                      *v20261101.OperationError
	}](ctx, s, op.status, nil)
	return v20261101.Operation{Name: op.id, Properties: v20261101.OperationProperties{Status: status.Status, Step: "work",
		StartTime: status.StartTime, EndTime: status.EndTime, Error: status.Error}}, err
}

// finish waits for an operation, unless --no-wait: then its id is printed. It fails if the operation did.
func (s *session) finish(ctx context.Context, op started) error {
	if s.flags.noWait {
		return s.print(result{data: map[string]string{"operationId": op.id}, name: op.id, rows: [][]any{{op.id}}})
	}
	done, err := s.wait(ctx, op)
	if err != nil {
		return err
	}
	return operationFailure(done)
}

// operationFailure is nil for an operation that ended Succeeded.
func operationFailure(op v20261101.Operation) error {
	p := op.Properties
	if p.Status == "Succeeded" {
		return nil
	}
	f := &failure{Code: p.Status, Exit: exitOperation, Operation: op.Name, Why: fmt.Sprintf("the operation ended %s at step %q", p.Status, p.Step)}
	if e := p.Error; e != nil {
		f.Code, f.Why, f.Hint, f.Target = e.Code, e.Message, e.Hint, e.Target
		for _, d := range e.Details {
			f.Details = append(f.Details, fault{d.Code, d.Target, d.Message, d.Hint})
		}
	}
	return f
}

// wait follows an operation to its end, showing its steps. Ctrl-C and --timeout end the waiting, never the operation.
func (s *session) wait(ctx context.Context, op started) (v20261101.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, s.flags.timeout)
	defer cancel()
	show := s.newSteps(op.id)
	pause := pollFirst
	for {
		now, err := s.look(ctx, &op)
		if err == nil {
			show.update(now)
			if now.Properties.EndTime != "" {
				show.end(now)
				return now, nil
			}
			err = s.sleep(ctx, pause)
			pause = min(pause*5/4, pollMost)
		}
		if ctx.Err() != nil {
			show.leave()
			return now, s.left(ctx, op)
		}
		if err != nil {
			show.leave()
			return now, s.lost(err, op)
		}
	}
}

// lost says how to go on when the server went away in the middle of the waiting: the operation is durable.
func (s *session) lost(err error, op started) error {
	f := *asFailure(err)
	if f.Exit == exitUnavailable {
		f.Operation, f.Hint = op.id, "the operation goes on once the server is back; "+s.again(op)
	}
	return &f
}

// left says why the waiting ended, and how to go on with it.
func (s *session) left(ctx context.Context, op started) error {
	f := &failure{Code: "Interrupted", Exit: exitInterrupted, Why: "stopped waiting; the operation goes on", Hint: s.again(op), Operation: op.id}
	if ctx.Err() == context.DeadlineExceeded {
		f.Code, f.Exit, f.Why = "Timeout", exitTimeout, fmt.Sprintf("not done after %v; the operation goes on", s.flags.timeout)
	}
	return f
}
