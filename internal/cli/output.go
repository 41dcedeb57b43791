package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// printJSON writes v, indented, to stdout. What the server said stays as it said it.
func (a *app) printJSON(v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("cannot write JSON: %w", err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text.Bytes(), "", "  "); err != nil {
		return fmt.Errorf("cannot write JSON: %w", err)
	}
	_, err := indented.WriteTo(a.out)
	return err
}

// table writes rows in aligned columns; without rows it says so on stderr, so that stdout stays empty.
func (a *app) table(header []string, rows [][]string, none string) error {
	if len(rows) == 0 {
		a.note("%s", none)
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			row[i] = first(clean(cell), "–")
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// facts writes "name value" lines, leaving out what is empty.
func (a *app) facts(pairs ...[2]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", p[0], clean(p[1]))
		}
	}
	return w.Flush()
}

// note says something to people, on stderr.
func (a *app) note(format string, args ...any) {
	if !a.flags.quiet && !(a.json() && !a.errTTY) {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// clean takes out what could change a terminal: the text may come from a user's job.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// age is a time that went by, as people say it: 40s, 5m, 3h, 12d.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// since is the age of at by the server's clock; "" if at is not known.
func since(now, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return age(now.Sub(at))
}

// size is a number of bytes, as people say it.
func size(n int64) string {
	value, unit := float64(n), 0
	for value >= 1000 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, [...]string{"", "KiB", "MiB", "GiB", "TiB"}[unit])
}

// ask asks a question that is answered by y or n. Without a terminal nobody can answer: then it is refused.
func (a *app) ask(question string) error {
	if a.flags.yes {
		return nil
	}
	if !a.inTTY || !a.errTTY {
		return usage("repeat it with --yes", "this needs a yes, and there is no terminal to ask on")
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	type reply struct {
		text string
		err  error
	}
	got := make(chan reply, 1)
	go func() { // a read of a terminal cannot be interrupted otherwise
		var line [64]byte
		n, err := a.in.Read(line[:])
		got <- reply{string(line[:n]), err}
	}()
	select {
	case <-a.interrupts.Done():
		fmt.Fprintln(a.err)
		return a.interrupts.Err()
	case r := <-got:
		if answer := strings.ToLower(strings.TrimSpace(r.text)); r.err == nil && (answer == "y" || answer == "yes") {
			return nil
		} else if r.err != nil && r.err != io.EOF {
			return r.err
		}
		return &failure{Why: "not done: you did not say yes", Code: "NotConfirmed", Exit: exitFailed}
	}
}
