package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAQueryIsShownInEveryForm(t *testing.T) {
	t.Parallel()
	const data = `[{"name":"a","n":1,"tags":{"k":"v"}},{"name":"b","n":2.5}]`
	for why, tt := range map[string]struct{ query, form, want string }{
		"objects as a table":            {"[].{who:name,many:n}", outTable, "MANY  WHO\n1     a\n2.5   b\n"},
		"objects as tsv":                {"[].{who:name,many:n}", outTSV, "1\ta\n2.5\tb\n"},
		"lists as a table":              {"[].[name,n]", outTable, "a  1\nb  2.5\n"},
		"texts":                         {"[].name", outTable, "a\nb\n"},
		"texts as names":                {"[].name", outName, "a\nb\n"},
		"one object for people":         {"[0].{who:name,many:n}", outTable, "  many  1\n  who   a\n"},
		"one object as tsv is one line": {"[0].{who:name,many:n}", outTSV, "1\ta\n"},
		"one text":                      {"[1].name", outTSV, "b\n"},
		"a number":                      {"length(@)", outTable, "2\n"},
		"what is nested":                {"[0]", outTSV, "1\ta\t{\"k\":\"v\"}\n"},
		"lists with nothing in them":    {"`[[],[]]`", outName, ""},
		"one of each kind":              {"`[{\"a\":1},[1,2],\"x\"]`", outTable, "A\n1\n1\nx\n"},
		"an object without members":     {"`{}`", outName, ""},
		"nothing":                       {"[?name=='c']", outTable, ""},
		"what is not there":             {"[0].nothing", outTSV, ""},
		"what is not there, as JSON":    {"[0].nothing", outJSON, "null\n"},
		"as JSON":                       {"[0].tags", outJSON, "{\n  \"k\": \"v\"\n}\n"},
		"as lines":                      {"[].name", outJSONL, "\"a\"\n\"b\"\n"},
		"as YAML":                       {"[0].tags", outYAML, "k: v\n"},
		"as none":                       {"[0]", outNone, ""},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			a := &app{out: &out, err: &errs, output: tt.form, flags: flags{query: tt.query}, now: noon}
			if err := a.print(result{data: json.RawMessage(data), columns: []string{"X"}, rows: [][]any{{"not shown"}}}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, out.String()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestYAMLSaysWhatJSONSaid(t *testing.T) {
	t.Parallel()
	const data = `{"z":"1.20","date":"2026-11-01","yes":"true","old":"y","no":null,"text":"two\nlines","empty":{},"list":[1,{"b":false}],"a":"[x]","hash":"# no comment"}`
	var out bytes.Buffer
	a := &app{out: &out, output: outYAML}
	if err := a.print(result{data: json.RawMessage(data)}); err != nil {
		t.Fatal(err)
	}
	docs, err := documents(out.Bytes())
	var want any
	if err2 := json.Unmarshal([]byte(data), &want); err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if !strings.Contains(out.String(), `old: "y"`) {
		t.Errorf("YAML 1.1 would read a truth:\n%s", out.String())
	}
	if d := cmp.Diff([]any{want}, docs); d != "" {
		t.Errorf("-want +got:\n%s\n%s", d, out.String())
	}
}

func TestTimesAreShownAsTheirFormAndUserWant(t *testing.T) {
	t.Parallel()
	at := noon().Add(-90 * time.Minute)
	fact := func(at time.Time) string {
		var out bytes.Buffer
		a := &app{out: &out, clock: clockRelative, now: noon}
		if err := a.print(result{facts: []fact{{"x", at}}}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := fact(at) + fact(noon().Add(time.Hour)) + fact(time.Time{}); got != "  x  90m ago\n  x  in 60m\n" {
		t.Errorf("facts: got %q", got)
	}
	for why, tt := range map[string]struct{ form, clock, want string }{
		"relative": {outTable, clockRelative, "x  90m\n"},
		"utc":      {outTable, clockUTC, "x  2026-11-25 10:30:00Z\n"},
		"local":    {outTable, clockLocal, "x  " + at.Local().Format("2006-01-02 15:04:05") + "\n"},
		"scripts":  {outTSV, clockRelative, "x\t2026-11-25T10:30:00Z\n"},
	} {
		var out bytes.Buffer
		a := &app{out: &out, output: tt.form, clock: tt.clock, now: noon}
		if err := a.print(result{rows: [][]any{{"x", at}}}); err != nil {
			t.Fatal(err)
		}
		if out.String() != tt.want {
			t.Errorf("%s: got %q, want %q", why, out.String(), tt.want)
		}
	}
}
