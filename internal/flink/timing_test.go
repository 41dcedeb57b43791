package flink

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorded is a JobManager with answers by path, as Flink 2.3.0 gave them; others are 404.
func recorded(t *testing.T, answers map[string]string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.RequestURI()]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return New(server.URL, server.Client().Transport)
}

const (
	timedJob = `{"jid":"0123456789abcdef0123456789abcdef","state":"RUNNING","schedulerType":"Default","start-time":1795651309932,"end-time":-1,` +
		`"timestamps":{"CREATED":1795651310536,"INITIALIZING":1795651309932,"RUNNING":1795651310680,"RESTARTING":0},"vertices":[` +
		`{"id":"8e438e001276993a86ff80dcf02e0237","parallelism":1},{"id":"0da08f51eaa85fc298e176a139b3649a","parallelism":2}]}`
	timedSource = `{"id":"8e438e001276993a86ff80dcf02e0237","subtasks":[{"subtask":0,"timestamps":{"CREATED":1795651310582,"SCHEDULED":1795651310686,` +
		`"DEPLOYING":1795651311009,"INITIALIZING":1795651311228,"RUNNING":1795651311980,"FINISHED":0}}]}`
	timedCounter = `{"id":"0da08f51eaa85fc298e176a139b3649a","subtasks":[` +
		`{"subtask":0,"timestamps":{"CREATED":1795651310582,"SCHEDULED":1795651310686,"FAILED":0,"RUNNING":1795651312191,"DEPLOYING":1795651311010,"INITIALIZING":1795651311232}},` +
		`{"subtask":1,"timestamps":{"CREATED":1795651310582,"SCHEDULED":1795651310686,"FAILED":0,"RUNNING":1795651312187,"DEPLOYING":1795651311010,"INITIALIZING":1795651311229}}]}`
	timedWaiting = `{"subtasks":[{"subtask":0,"timestamps":{"CREATED":1795651310582,"SCHEDULED":1795651310686,"RUNNING":0,"DEPLOYING":0,"INITIALIZING":0}}]}`
)

func TestTiming(t *testing.T) {
	t.Parallel()
	submitted, scheduled := time.UnixMilli(1795651309932).UTC(), time.UnixMilli(1795651311009).UTC()
	for why, tt := range map[string]struct {
		source, counter string
		want            Timing
	}{
		"all tasks run":          {timedSource, timedCounter, Timing{submitted, scheduled, 959 * time.Millisecond, time.UnixMilli(1795651312191).UTC()}},
		"one still waits":        {timedSource, timedWaiting, Timing{Submitted: submitted, Scheduled: scheduled, InitializingMax: 752 * time.Millisecond}},
		"all still wait":         {timedWaiting, timedWaiting, Timing{Submitted: submitted}},
		"a vertex without tasks": {timedSource, `{"subtasks":[]}`, Timing{Submitted: submitted, Scheduled: scheduled, InitializingMax: 752 * time.Millisecond}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client := recorded(t, map[string]string{
				"/jobs/" + testJob: timedJob,
				"/jobs/" + testJob + "/vertices/8e438e001276993a86ff80dcf02e0237/subtasktimes": tt.source,
				"/jobs/" + testJob + "/vertices/0da08f51eaa85fc298e176a139b3649a/subtasktimes": tt.counter,
			})
			got, err := client.Timing(t.Context(), testJob)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("timing (-want +got):\n%s", diff)
			}
		})
	}
}
