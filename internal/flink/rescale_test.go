package flink

import (
	"errors"
	"strings"
	"testing"
)

const (
	rescaleVertex = "0da08f51eaa85fc298e176a139b3649a"
	requirements  = `{"8e438e001276993a86ff80dcf02e0237":{"parallelism":{"lowerBound":1,"upperBound":1}},"` + rescaleVertex + `":{"parallelism":{"lowerBound":3,"upperBound":4}}}`
)

func TestRescaleToChangesOnlyWhatIsNamed(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		to   int
		sent string
	}{
		"up":                      {8, `"lowerBound":3,"upperBound":8`},
		"down below what it must": {2, `"lowerBound":2,"upperBound":2`},
	} {
		client, asked := answering(t, 200, requirements)
		if err := client.RescaleTo(t.Context(), testJob, map[string]int{rescaleVertex: tt.to}); err != nil {
			t.Fatal(err)
		}
		path := "/jobs/" + testJob + "/resource-requirements"
		if got := <-asked; got != "GET "+path {
			t.Errorf("%s: asked %q first", why, got)
		}
		want := "PUT " + path + ` {"` + rescaleVertex + `":{"parallelism":{` + tt.sent + `}},"8e438e001276993a86ff80dcf02e0237":{"parallelism":{"lowerBound":1,"upperBound":1}}}`
		if got := <-asked; got != want {
			t.Errorf("%s: asked %q\nwant %q", why, got, want)
		}
	}
}

func TestRescaleToSaysWhyNot(t *testing.T) {
	t.Parallel()
	otherScheduler := `{"errors":["Internal server error.","<Exception on server side:\njava.lang.UnsupportedOperationException: The DefaultScheduler does not support changing the parallelism without a job restart."]}`
	unknownJob := `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (1)"]}`
	for why, tt := range map[string]struct {
		code    int
		answer  string
		vertex  string
		to      int
		is      error
		message string
	}{
		"another scheduler":               {500, otherScheduler, rescaleVertex, 2, ErrNotAdaptive, "not the adaptive one"},
		"an unknown job":                  {500, unknownJob, rescaleVertex, 2, ErrNotFound, "answered 500"},
		"a vertex that the job has not":   {200, requirements, "x", 2, nil, "no vertex x"},
		"no parallelism at all":           {200, requirements, rescaleVertex, 0, nil, "parallelism 0"},
		"more than any vertex could have": {200, requirements, rescaleVertex, 40000, nil, "parallelism 40000"},
	} {
		client, _ := answering(t, tt.code, tt.answer)
		err := client.RescaleTo(t.Context(), testJob, map[string]int{tt.vertex: tt.to})
		if err == nil || !strings.Contains(err.Error(), tt.message) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: got %v, want %q", why, err, tt.message)
		}
		if tt.is != ErrNotAdaptive && errors.Is(err, ErrNotAdaptive) {
			t.Errorf("%s: is ErrNotAdaptive: %v", why, err)
		}
	}
}
