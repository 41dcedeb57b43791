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
	id   string // GUID
	path string // of the operation under our own api-version
}

// startedBy reads the operation out of an answer's headers.
func (s *session) startedBy(a answer) (started, error) {
	name := path.Base(strings.SplitN(a.header.Get("Azure-AsyncOperation"), "?", 2)[0])
	id, _, _ := strings.Cut(name, "*")
	if id == "" || id == "." {
		return started{}, &failure{Code: "UnexpectedAnswer", Exit: exitFailed, Why: "the server did not say which operation it began"}
	}
	return s.operationOf(id)
}

func (s *session) operationOf(id string) (started, error) {
	pool, err := s.poolPath()
	return started{id, pool + "/operations/" + id}, err
}

// finish waits for an operation, unless --no-wait: then its id is printed. It fails if the operation did.
func (s *session) finish(ctx context.Context, op started) error {
	if s.flags.noWait {
		if s.json() {
			return s.printJSON(map[string]string{"operationId": op.id})
		}
		_, err := fmt.Fprintln(s.out, op.id)
		return err
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
		now, _, err := get[v20261101.Operation](ctx, s, op.path, nil)
		if err == nil {
			show.update(now)
			if now.Properties.EndTime != "" {
				show.end(now)
				return now, nil
			}
			err = sleep(ctx, pause)
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
		f.Operation, f.Hint = op.id, "the operation goes on once the server is back; `"+s.resume("operation", "wait", op.id)+"` waits again"
	}
	return &f
}

// left says why the waiting ended, and how to go on with it.
func (s *session) left(ctx context.Context, op started) error {
	f := &failure{Code: "Interrupted", Exit: exitInterrupted, Why: "stopped waiting; the operation goes on", Hint: "`" + s.resume("operation", "wait", op.id) + "` waits again", Operation: op.id}
	if ctx.Err() == context.DeadlineExceeded {
		f.Code, f.Exit, f.Why = "Timeout", exitTimeout, fmt.Sprintf("not done after %v; the operation goes on", s.flags.timeout)
	}
	return f
}

// steps shows how far an operation is: lines that are replaced in place on a terminal, plain lines elsewhere.
type steps struct {
	*session
	id    string
	began time.Time
	at    string    // the step that was shown last
	since time.Time // when it began
	said  int       // lines of its log that were shown
	drawn bool      // a line is there to be replaced
}

func (s *session) newSteps(id string) *steps {
	return &steps{session: s, id: id, began: time.Now(), since: time.Now()}
}

func (s *steps) silent() bool { return s.flags.quiet || s.json() && !s.errTTY }

func (s *steps) update(op v20261101.Operation) {
	if s.silent() {
		return
	}
	s.say(op.Properties.Lines)
	step := op.Properties.Step
	if step != s.at {
		if s.at != "" {
			s.line("done", s.at, true)
		}
		s.at, s.since = step, time.Now()
		s.line("running", step, false)
		return
	}
	if s.errTTY {
		s.line("running", step, false)
	}
}

// say shows the lines of the operation's log that were not shown yet.
func (s *steps) say(lines []v20261101.Line) {
	for _, l := range lines[min(s.said, len(lines)):] {
		if s.errTTY {
			fmt.Fprintf(s.err, "\r\x1b[K  %s\n", clean(l.Text))
		} else {
			fmt.Fprintf(s.err, "%s op=%s step=%s says=%q\n", moment(l.Time).UTC().Format("15:04:05Z"), short(s.id), l.Step, clean(l.Text))
		}
	}
	s.said = len(lines)
}

// line shows the state of a step.
func (s *steps) line(state, step string, stays bool) {
	took := time.Since(s.since).Seconds()
	if !s.errTTY {
		if state == "running" {
			fmt.Fprintf(s.err, "%s op=%s step=%s state=running\n", time.Now().UTC().Format("15:04:05Z"), short(s.id), step)
		} else {
			fmt.Fprintf(s.err, "%s op=%s step=%s state=%s took=%.1fs\n", time.Now().UTC().Format("15:04:05Z"), short(s.id), step, state, took)
		}
		return
	}
	mark := map[string]string{"running": "·", "done": "✓", "failed": "✖"}[state]
	fmt.Fprintf(s.err, "\r\x1b[K%s %-14s %5.1fs", mark, step, took)
	s.drawn = !stays
	if stays {
		fmt.Fprintln(s.err)
	}
}

func (s *steps) end(op v20261101.Operation) {
	if s.silent() {
		return
	}
	state := "done"
	if op.Properties.Status != "Succeeded" {
		state = "failed"
	}
	s.line(state, s.at, true)
	if !s.errTTY {
		fmt.Fprintf(s.err, "%s op=%s state=%s took=%.1fs\n", time.Now().UTC().Format("15:04:05Z"), short(s.id), op.Properties.Status, time.Since(s.began).Seconds())
	}
}

func (s *steps) leave() {
	if s.drawn {
		fmt.Fprintln(s.err)
	}
}
