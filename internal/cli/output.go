package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The forms of what a command has to say on stdout.
const (
	outTable = "table" // for people
	outWide  = "wide"  // the same, with more columns and whole ids
	outJSON  = "json"  // what the server said
	outJSONL = "jsonl" // an item of a list a line; a long operation also tells its steps
	outYAML  = "yaml"
	outTSV   = "tsv"  // the columns of wide, without header: whole ids, RFC 3339, bytes
	outName  = "name" // the first column alone
	outNone  = "none"
)

var outputs = []string{outTable, outWide, outJSON, outJSONL, outYAML, outTSV, outName, outNone}

// result is what a command has to say. What is for scripts and what is for people are made from the same answer.
type result struct {
	data    any      // for json, jsonl, yaml and --query
	columns []string // of a list; those that begin with "+" are of wide and tsv only
	rows    [][]any  // a cell each: see [app.cell]
	none    string   // what is said on stderr of an empty list

	name  string // of one thing, where it is no list
	head  string // its first line
	facts []fact
	text  string // all of it, where people see neither a table nor facts
}

// fact is a line about one thing; an empty value is left out.
type fact struct {
	name  string
	value any
}

// print says r in the form that is asked for. Every command that has something to say ends here.
func (a *app) print(r result) error {
	if a.flags.query != "" {
		found, err := query(r.data, a.flags.query)
		if err != nil {
			return err
		}
		r = tabular(found)
	}
	switch a.form() {
	case outNone:
		return nil
	case outJSON:
		return a.asJSON(r.data)
	case outJSONL:
		return a.asLines(r.data)
	case outYAML:
		return a.asYAML(r.data)
	case outTSV:
		return a.asTSV(r)
	case outName:
		return a.asNames(r)
	}
	return a.forPeople(r)
}

// form is the form asked for.
func (a *app) form() string { return first(a.output, outTable) }

// scripted reports whether a program reads us: then errors are JSON, and progress is not for it.
func (a *app) scripted() bool { return slices.Contains([]string{outJSON, outJSONL, outYAML}, a.form()) }

// asJSON writes v, indented. What the server said stays as it said it.
func (a *app) asJSON(v any) error {
	text, err := jsonOf(v)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		return fmt.Errorf("cannot write JSON: %w", err)
	}
	_, err = indented.WriteTo(a.out)
	return err
}

// asLines writes each item of a list, or v itself, as one line of JSON.
func (a *app) asLines(v any) error {
	text, err := jsonOf(v)
	if err != nil {
		return err
	}
	items := []json.RawMessage{text}
	if bytes.HasPrefix(text, []byte("[")) {
		if err := json.Unmarshal(text, &items); err != nil {
			return fmt.Errorf("cannot write JSON: %w", err)
		}
	}
	var lines bytes.Buffer
	for _, item := range items {
		if err := json.Compact(&lines, item); err != nil {
			return fmt.Errorf("cannot write JSON: %w", err)
		}
		lines.WriteByte('\n')
	}
	_, err = lines.WriteTo(a.out)
	return err
}

// jsonOf is v as JSON with its line end; "<" and "&" stay as they are.
func jsonOf(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("cannot write JSON: %w", err)
	}
	return text.Bytes(), nil
}

func (a *app) asTSV(r result) error {
	rows := r.rows
	if rows == nil {
		for _, f := range r.facts {
			rows = append(rows, []any{f.name, f.value})
		}
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = raw(cell)
		}
		if _, err := fmt.Fprintln(a.out, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) asNames(r result) error {
	var names []string
	for _, row := range r.rows {
		if len(row) > 0 { // a query may find lists with nothing in them
			names = append(names, raw(row[0]))
		}
	}
	if r.name != "" {
		names = []string{clean(r.name)}
	}
	for _, name := range slices.Compact(names) { // a thing may have several rows
		if _, err := fmt.Fprintln(a.out, name); err != nil {
			return err
		}
	}
	return nil
}

// forPeople writes a table, or the facts of one thing. An empty list is said on stderr, so that stdout stays empty.
func (a *app) forPeople(r result) error {
	if r.text != "" {
		_, err := fmt.Fprintln(a.out, r.text)
		return err
	}
	if r.head != "" {
		fmt.Fprintln(a.out, clean(r.head))
	}
	var lines [][]any
	for _, f := range r.facts {
		text, _ := a.cell(f.value, true)
		if at, ok := f.value.(time.Time); ok {
			text = a.ago(at)
		}
		if text != "" {
			lines = append(lines, []any{"  " + f.name, text})
		}
	}
	switch {
	case lines != nil:
		return a.align(nil, lines)
	case r.columns == nil:
		return a.align(nil, r.rows)
	}
	if len(r.rows) == 0 {
		a.note("%s", r.none)
		return nil
	}
	header, rows := a.shown(r)
	return a.align(header, rows)
}

// shown are the columns that the form has.
func (a *app) shown(r result) (header []string, rows [][]any) {
	rows = make([][]any, len(r.rows))
	for i, name := range r.columns {
		extra := strings.HasPrefix(name, "+")
		if extra && a.form() != outWide {
			continue
		}
		header = append(header, strings.TrimPrefix(name, "+"))
		for j, row := range r.rows {
			rows[j] = append(rows[j], row[i])
		}
	}
	if a.flags.noHeader {
		header = nil
	}
	return header, rows
}

// note says something to people, on stderr.
func (a *app) note(format string, args ...any) {
	if !a.silent() {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// silent reports whether nobody wants to hear how it goes.
func (a *app) silent() bool { return a.flags.quiet || a.scripted() && !a.errTTY }

// json reports whether only what scripts get is wanted: then what people see need not be read.
func (a *app) json() bool { return a.scripted() || a.flags.query != "" }

// printJSON is print for an answer that is JSON, whoever reads it.
func (a *app) printJSON(v any) error { return a.print(result{data: v}) }
