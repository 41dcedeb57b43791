package cli

import (
	"slices"
	"testing"

	"drey/internal/arm/v20261101"
)

func TestTheLogsOfAJobAreThoseOfWhatRuns(t *testing.T) {
	t.Parallel()
	source := func(incarnation, process string, alive bool) v20261101.LogSource {
		return v20261101.LogSource{Name: incarnation + "/" + process, Properties: v20261101.LogSourceProperties{Incarnation: incarnation, Process: process, Alive: alive}}
	}
	refused := []v20261101.LogSource{source("c3", "jobmanager-0", false), source("b2", "jobmanager-0", true), source("b2", "taskmanager-0", false), source("a1", "jobmanager-0", false)}
	ended := []v20261101.LogSource{source("b2", "jobmanager-0", false), source("a1", "jobmanager-0", false)}
	for name, tt := range map[string]struct {
		sources []v20261101.LogSource
		flags   logFlags
		want    []string
	}{
		"after an update that was refused": {refused, logFlags{}, []string{"b2/jobmanager-0", "b2/taskmanager-0"}},
		"one that is named":                {refused, logFlags{incarnation: "C3"}, []string{"c3/jobmanager-0"}},
		"a process":                        {refused, logFlags{process: "taskmanager"}, []string{"b2/taskmanager-0"}},
		"nothing runs":                     {ended, logFlags{}, []string{"b2/jobmanager-0"}},
		"nothing is kept":                  {nil, logFlags{}, nil},
	} {
		var got []string
		for _, s := range choose(tt.sources, tt.flags) {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
