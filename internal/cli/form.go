package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A cell knows what it is, so that each form shows it in its own way. Beside these a cell may be a text, a number, a
// truth or a time.
type (
	id    string // only its beginning in a table
	long  string // clipped in a table
	phase string // a word for how something is: coloured
	count int64  // of bytes
)

// cell is v for people, "" if there is nothing to say, and its colour. whole: there is room for all of it.
func (a *app) cell(v any, whole bool) (text, color string) {
	switch v := v.(type) {
	case time.Time:
		return a.when(v), ""
	case id:
		if !whole {
			return short(raw(v)), ""
		}
	case long:
		if !whole {
			return clip(raw(v)), ""
		}
	case phase:
		return raw(v), colorOf(string(v))
	case count:
		return size(int64(v)), ""
	}
	return raw(v), ""
}

// raw is v for scripts: whole, in one line, without what could change a terminal.
func raw(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return clean(fmt.Sprint(v))
}

// align writes rows in aligned columns.
func (a *app) align(header []string, rows [][]any) error {
	type shown struct{ text, color string }
	var lines [][]shown
	if header != nil {
		var line []shown
		for _, name := range header {
			line = append(line, shown{text: name})
		}
		lines = append(lines, line)
	}
	for _, row := range rows {
		line := make([]shown, len(row))
		for i, v := range row {
			line[i].text, line[i].color = a.cell(v, a.form() == outWide)
			line[i].text = first(line[i].text, "–")
		}
		lines = append(lines, line)
	}
	var widths []int
	for _, line := range lines {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for i, c := range line {
			gap := widths[i] - utf8.RuneCountInString(c.text) + 2
			if i == len(line)-1 {
				gap = 0
			}
			b.WriteString(paint(a.colored, c.color, c.text) + strings.Repeat(" ", gap))
		}
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(a.out, b.String())
	return err
}

// The colours of a terminal.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

func paint(colored bool, color, text string) string {
	if !colored || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// colorOf is the colour of a word; the word says it all, so that nothing is said by colour alone.
func colorOf(word string) string {
	switch strings.ToLower(word) {
	case "running", "succeeded", "finished", "live":
		return green
	case "failed", "job_launch_failed", "dead", "canceled":
		return red
	case "unknown", "starting", "stopping", "accepted", "deleting", "restarting", "updating":
		return yellow
	}
	return ""
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

// clip is the beginning of a text, for a cell of a table.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return text
}

// The ways to show a time.
const (
	clockRelative = "relative"
	clockLocal    = "local"
	clockUTC      = "utc"
)

var clocks = []string{clockRelative, clockLocal, clockUTC}

// when is a time as --time says; "" if it is not known.
func (a *app) when(at time.Time) string {
	switch {
	case at.IsZero():
		return ""
	case a.clock == clockLocal:
		return at.Local().Format("2006-01-02 15:04:05")
	case a.clock == clockUTC:
		return at.UTC().Format("2006-01-02 15:04:05Z")
	}
	if left := at.Sub(a.now()); left > 2*time.Second { // less is two clocks that differ
		return "in " + age(left)
	}
	return age(a.now().Sub(at))
}

// ago is when for a sentence: "5m ago".
func (a *app) ago(at time.Time) string {
	text := a.when(at)
	if text == "" || a.clock != clockRelative || strings.HasPrefix(text, "in ") {
		return text
	}
	return text + " ago"
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
