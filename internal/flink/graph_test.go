package flink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	idA = "0da08f51eaa85fc298e176a139b3649a"
	idB = "20ba6b65f97481d5570070de90e4e791"
)

func TestParseReport(t *testing.T) {
	t.Parallel()
	operator := `{"id":"` + idA + `","uid":null,"name":"Map","parallelism":2,"maxParallelism":-1}`
	vertex := func(operators string) string {
		return `{"id":"` + idA + `","name":"Map","parallelism":2,"maxParallelism":64,"operators":[` + operators + `]}`
	}
	graph := func(vertices string) string { return `{"graph":{"name":"n","vertices":[` + vertices + `]}}` }
	for why, tt := range map[string]struct {
		report string
		want   Report
		err    string
	}{
		"a graph": {
			report: `{"at":1700000000000,"planMillis":90,"warmUpMillis":0,"warmUpFailure":"","graph":{"name":"n","vertices":[` + vertex(operator) + `]}}`,
			want: Report{At: time.UnixMilli(1700000000000).UTC(), Plan: 90 * time.Millisecond, Graph: &JobGraph{Name: "n", Vertices: []GraphVertex{{
				ID: idA, Name: "Map", Parallelism: 2, MaxParallelism: 64, Operators: []GraphOperator{{ID: idA, Name: "Map", Parallelism: 2}},
			}}}},
		},
		"an operator with a hash of its own": {
			report: graph(vertex(`{"id":"` + idA + `","generatedId":"` + idB + `","uid":"u","name":"Map","parallelism":1,"maxParallelism":4}`)),
			want: Report{Graph: &JobGraph{Name: "n", Vertices: []GraphVertex{{ID: idA, Name: "Map", Parallelism: 2, MaxParallelism: 64,
				Operators: []GraphOperator{{ID: idA, GeneratedID: idB, UID: "u", Name: "Map", Parallelism: 1, MaxParallelism: 4}}}}}},
		},
		"what main() threw": {
			report: `{"warmUpMillis":1500,"warmUpFailure":"no slot","failure":{"class":"java.lang.X","message":"no\u0007","stack":"java.lang.X: no\n\tat y"}}`,
			want: Report{WarmUp: 1500 * time.Millisecond, WarmUpFailure: "no slot",
				Failure: &ProgramFailure{"java.lang.X", "no", "java.lang.X: no\n\tat y"}},
		},
		"a main() that executed nothing":    {report: `{"at":0,"planMillis":-5}`},
		"no JSON":                           {report: `graph`, err: "cannot read the gate's report"},
		"more than one document":            {report: `{} {}`, err: "cannot read the gate's report"},
		"a number of another type":          {report: graph(`{"id":7}`), err: "cannot read the gate's report"},
		"both a failure and a graph":        {report: `{"failure":{},"graph":{}}`, err: "both a failure and a graph"},
		"a job of nothing":                  {report: graph(``), err: "0 vertices"},
		"a vertex of nothing":               {report: graph(vertex(``)), err: "0 operators"},
		"too many vertices":                 {report: graph(strings.Repeat("{},", maxVertices) + "{}"), err: "4097 vertices"},
		"too many operators":                {report: graph(vertex(strings.Repeat("{},", maxOperators) + "{}")), err: "16385 operators"},
		"an id that is none":                {report: graph(vertex(strings.Replace(operator, idA, strings.ToUpper(idA), 1))), err: "is no id"},
		"a generated id that is none":       {report: graph(vertex(strings.Replace(operator, `"uid"`, `"generatedId":"x","uid"`, 1))), err: `generated id "x"`},
		"a uid longer than any":             {report: graph(vertex(strings.Replace(operator, `null`, `"`+strings.Repeat("u", 2000)+`"`, 1))), err: "and the uid"},
		"a parallelism that Flink has not":  {report: graph(vertex(strings.Replace(operator, `:2`, `:32769`, 1))), err: "parallelism 32769"},
		"more than a report's bytes":        {report: strings.Repeat(" ", maxReport) + "{}", err: "larger than 1048576 bytes"},
		"names that would run off a screen": {report: `{"failure":{"class":"` + strings.Repeat("c", 5000) + `"}}`, want: Report{Failure: &ProgramFailure{Class: strings.Repeat("c", maxName)}}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := ParseReport([]byte(tt.report))
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got error %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANameThatTheGateCutIsStillTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reported, whole string
		want            bool
	}{
		{"Map", "Map", true},
		{"Map", "Map2", false},
		{"Gro" + cutMark + "]", "GroupAggregate[4]", true},
		{"Gro" + cutMark + "]", "Calc[4]", false},
		{"aba" + cutMark + "aba", "aba", false},
	} {
		if got := sameName(tt.reported, tt.whole); got != tt.want {
			t.Errorf("sameName(%q, %q) = %v, want %v", tt.reported, tt.whole, got, tt.want)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(`{"graph":{"vertices":[{"id":%q,"operators":[{"id":%q,"uid":null}]}]}}`, idA, idA)))
	f.Add([]byte(`{"failure":{"class":"x"}}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = ParseReport(data) // whatever comes: an error or a value, never a panic
	})
}
