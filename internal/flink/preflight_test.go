package flink

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whether the rules are Flink's is for test/preflight to say; here is what that corpus cannot make.
func TestPreflight(t *testing.T) {
	t.Parallel()
	kept := OperatorState{ID: idA, Name: "Count", Parallelism: 1, MaxParallelism: 128, HasState: true, Keyed: true}
	with := func(change func(*OperatorState)) OperatorState {
		s := kept
		change(&s)
		return s
	}
	graph := func(parallelism, maxParallelism int, operators ...GraphOperator) JobGraph {
		return JobGraph{Vertices: []GraphVertex{{ID: idA, Parallelism: parallelism, MaxParallelism: maxParallelism, Operators: operators}}}
	}
	count := GraphOperator{ID: idA, UID: "counter", Name: "Count"}
	unnamed := GraphOperator{ID: idA, Name: "Count"}
	for why, tt := range map[string]struct {
		graph   JobGraph
		version int
		stored  []OperatorState
		want    string // severities and codes
	}{
		"nothing in the snapshot":               {graph(1, 64, count), 6, nil, ""},
		"an operator found by its uid":          {graph(1, 0, count), 6, []OperatorState{kept}, "Info StateTypesNotChecked"},
		"a place without names in the snapshot": {graph(1, 0, unnamed), 4, []OperatorState{with(func(s *OperatorState) { s.Name = "" })}, "Warns MatchedByPosition, Info StateTypesNotChecked"},
		"a place of the same name":              {graph(1, 0, unnamed), 6, []OperatorState{kept}, "Warns MatchedByPosition, Info StateTypesNotChecked"},
		"a place of a name that the gate cut":   {graph(1, 0, GraphOperator{ID: idA, Name: "Co" + cutMark + "t"}), 6, []OperatorState{kept}, "Warns MatchedByPosition, Info StateTypesNotChecked"},
		"a place of a name that the planner numbers": {graph(1, 0, GraphOperator{ID: idA, Name: "Sum[1]"}), 6,
			[]OperatorState{with(func(s *OperatorState) { s.Name = "Sum[5]" })}, "Warns MatchedByPosition, Info StateTypesNotChecked"},
		"a place of another name":      {graph(1, 0, GraphOperator{ID: idA, Name: "Sum"}), 6, []OperatorState{kept}, "Blocks AnotherOperatorInPlace, Info StateTypesNotChecked"},
		"a place without state":        {graph(1, 0, unnamed), 6, []OperatorState{with(func(s *OperatorState) { s.HasState, s.Keyed = false, false })}, ""},
		"a hash that names the state":  {graph(1, 0, GraphOperator{ID: idA, GeneratedID: idB, Name: "Sum"}), 6, []OperatorState{kept}, "Info StateTypesNotChecked"},
		"a hash that equals the place": {graph(1, 0, GraphOperator{ID: idA, GeneratedID: idA, Name: "Sum"}), 6, []OperatorState{kept}, "Info StateTypesNotChecked"},
		"a hash that names nothing, and a place": {graph(1, 0, GraphOperator{ID: idB, GeneratedID: idA, Name: "Sum"}), 6, []OperatorState{kept},
			"Blocks AnotherOperatorInPlace, Info StateTypesNotChecked"},
		"state of an operator that is gone": {graph(1, 0, GraphOperator{ID: idB, UID: "b"}), 6, []OperatorState{kept}, "Blocks StateWithoutOperator"},
		"a parallelism that Flink chooses":  {graph(-1, 0, count), 6, []OperatorState{kept}, "Info StateTypesNotChecked"},
		"two max parallelisms in one chain": {graph(1, 0, count, GraphOperator{ID: idB, UID: "b"}), 6,
			[]OperatorState{kept, with(func(s *OperatorState) { s.ID, s.MaxParallelism = idB, 256 })}, "Blocks MaxParallelismMixed, Info StateTypesNotChecked"},
		"a new operator chained where the parallelism had another default": {graph(50, 0, count, GraphOperator{ID: idB, UID: "b"}), 6,
			[]OperatorState{with(func(s *OperatorState) { s.Parallelism, s.MaxParallelism = 100, 256 })}, "Blocks MaxParallelismMixed, Info StateTypesNotChecked"},
		"a new operator chained where it has the same default": {graph(100, 0, count, GraphOperator{ID: idB, UID: "b"}), 6,
			[]OperatorState{with(func(s *OperatorState) { s.Parallelism, s.MaxParallelism = 100, 256 })}, "Info StateTypesNotChecked"},
		"a subtask that had finished": {graph(1, 0, count), 6, []OperatorState{with(func(s *OperatorState) { s.Finished = true })}, "Warns FinishedOperator, Info StateTypesNotChecked"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			findings := Preflight(tt.graph, Metadata{Version: tt.version, Operators: tt.stored}, false)
			var got []string
			fits := true
			for _, f := range findings {
				got = append(got, string(f.Severity)+" "+f.Code)
				fits = fits && f.Severity == Info
				if f.Message == "" || f.Severity == Blocks && f.Hint == "" {
					t.Errorf("%s says %q with the way out %q", f.Code, f.Message, f.Hint)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if Fits(findings) != fits {
				t.Errorf("Fits is %v with %v", Fits(findings), got)
			}
		})
	}
}

func TestDefaultMaxParallelismIsFlinks(t *testing.T) {
	t.Parallel()
	for parallelism, want := range map[int]int{-1: 128, 1: 128, 85: 128, 86: 256, 100: 256, 171: 256, 172: 512, 20000: 32768, 32768: 32768} {
		if got := defaultMaxParallelism(parallelism); got != want {
			t.Errorf("%d: %d, want %d", parallelism, got, want)
		}
	}
}
