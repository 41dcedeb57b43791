package cli

import (
	"fmt"
	"math"
	"time"

	"drey/internal/arm/v20261101"
)

// steps shows how far an operation is: lines on stderr that are replaced in place on a terminal, plain lines elsewhere. With
// -o jsonl they are lines of JSON on stdout, before that of the result.
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
	return &steps{session: s, id: id, began: s.now(), since: s.now()}
}

// jsonl reports whether the steps are data.
func (s *steps) jsonl() bool { return s.form() == outJSONL && s.flags.query == "" }

// muted reports whether nobody wants to see steps.
func (s *steps) muted() bool { return s.silent() && !s.jsonl() || s.flags.quiet }

func (s *steps) update(op v20261101.Operation) {
	if s.muted() {
		return
	}
	s.say(op.Properties.Lines)
	step := op.Properties.Step
	if step != s.at {
		if s.at != "" {
			s.line("done", s.at, true)
		}
		s.at, s.since = step, s.now()
		s.line("running", step, false)
		return
	}
	if s.errTTY && !s.jsonl() {
		s.line("running", step, false)
	}
}

// say shows the lines of the operation's log that were not shown yet.
func (s *steps) say(lines []v20261101.Line) {
	for _, l := range lines[min(s.said, len(lines)):] {
		switch {
		case s.jsonl():
			s.event(map[string]any{"step": l.Step, "says": l.Text, "time": l.Time})
		case s.errTTY:
			fmt.Fprintf(s.err, "\r\x1b[K  %s\n", clean(l.Text))
		default:
			fmt.Fprintf(s.err, "%s op=%s step=%s says=%q\n", moment(l.Time).UTC().Format("15:04:05Z"), short(s.id), l.Step, clean(l.Text))
		}
	}
	s.said = len(lines)
}

// event is a line of -o jsonl.
func (s *steps) event(e map[string]any) {
	e["operationId"] = s.id
	_ = s.asLines(e) // who closed our stdout does not want to know
}

// rounded is a number of seconds to the millisecond.
func rounded(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// line shows the state of a step.
func (s *steps) line(state, step string, stays bool) {
	took := s.now().Sub(s.since).Seconds()
	at := s.now().UTC()
	switch {
	case s.jsonl():
		e := map[string]any{"step": step, "state": state, "time": at.Format(time.RFC3339)}
		if state != "running" {
			e["seconds"] = rounded(took)
		}
		s.event(e)
		return
	case !s.errTTY && state == "running":
		fmt.Fprintf(s.err, "%s op=%s step=%s state=running\n", at.Format("15:04:05Z"), short(s.id), step)
		return
	case !s.errTTY:
		fmt.Fprintf(s.err, "%s op=%s step=%s state=%s took=%.1fs\n", at.Format("15:04:05Z"), short(s.id), step, state, took)
		return
	}
	mark := map[string]string{"running": "·", "done": paint(s.color, green, "✓"), "failed": paint(s.color, red, "✖")}[state]
	fmt.Fprintf(s.err, "\r\x1b[K%s %-14s %5.1fs", mark, step, took)
	s.drawn = !stays
	if stays {
		fmt.Fprintln(s.err)
	}
}

func (s *steps) end(op v20261101.Operation) {
	if s.muted() {
		return
	}
	state := "done"
	if op.Properties.Status != "Succeeded" {
		state = "failed"
	}
	s.line(state, s.at, true)
	took := s.now().Sub(s.began).Seconds()
	switch {
	case s.jsonl():
		s.event(map[string]any{"state": op.Properties.Status, "time": s.now().UTC().Format(time.RFC3339), "seconds": rounded(took)})
	case !s.errTTY:
		fmt.Fprintf(s.err, "%s op=%s state=%s took=%.1fs\n", s.now().UTC().Format("15:04:05Z"), short(s.id), op.Properties.Status, took)
	}
}

func (s *steps) leave() {
	if s.drawn {
		fmt.Fprintln(s.err)
	}
}
