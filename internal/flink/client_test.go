package flink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	testJob     = "0123456789abcdef0123456789abcdef"
	testTrigger = "fedcba9876543210fedcba9876543210"
)

// answering is a JobManager that says the same to everything, and writes down what it was asked.
func answering(t *testing.T, code int, body string) (*Client, <-chan string) {
	t.Helper()
	asked := make(chan string, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		asked <- strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), content))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return New(server.URL, server.Client().Transport), asked
}

func TestReads(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		answer string
		read   func(context.Context, *Client) (any, error)
		asked  string
		want   any
	}{
		"the overview": {
			`{"taskmanagers":1,"slots-total":2,"slots-available":1,"jobs-running":1,"jobs-finished":2,"jobs-cancelled":3,"jobs-failed":4,"flink-version":"2.3.0","new":[]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Overview(ctx) },
			"GET /overview",
			Overview{"2.3.0", 1, 2, 1, 1, 2, 3, 4},
		},
		"the configuration": {
			`{"refresh-interval":500,"flink-version":"1.20.5","features":{"web-submit":false,"web-cancel":true}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Config(ctx) },
			"GET /config",
			WebConfig{Version: "1.20.5", RefreshInterval: 500 * time.Millisecond, WebCancel: true},
		},
		"a job's status": {
			`{"status":"RUNNING"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.JobStatus(ctx, testJob) },
			"GET /jobs/" + testJob + "/status",
			Running,
		},
		"a field of another type is left out, the rest is read": {
			`{"jid":"` + testJob + `","name":7,"state":"FAILED","start-time":1700000000000,"end-time":-1,"vertices":null}`,
			func(ctx context.Context, c *Client) (any, error) { return c.JobDetails(ctx, testJob) },
			"GET /jobs/" + testJob,
			JobDetails{ID: testJob, State: Failed, Started: time.UnixMilli(1700000000000).UTC()},
		},
		"a job's vertices": {
			`{"jid":"` + testJob + `","name":"n","state":"RUNNING","vertices":[{"id":"v","name":"Source","parallelism":2,"maxParallelism":128,"status":"RUNNING","tasks":{"RUNNING":1,"FINISHED":1}}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.JobDetails(ctx, testJob) },
			"GET /jobs/" + testJob,
			JobDetails{ID: testJob, Name: "n", State: Running, Vertices: []Vertex{
				{ID: "v", Name: "Source", Parallelism: 2, MaxParallelism: 128, State: "RUNNING", Tasks: map[string]int{"RUNNING": 1, "FINISHED": 1}},
			}},
		},
		"the jobs": {
			`{"jobs":[{"jid":"a","name":"drey warm-up","state":"FINISHED","start-time":1,"end-time":2,"tasks":{"total":1}}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.JobsOverview(ctx) },
			"GET /jobs/overview",
			[]JobSummary{{"a", "drey warm-up", Finished, time.UnixMilli(1).UTC(), time.UnixMilli(2).UTC(), map[string]int{"total": 1}}},
		},
		"failures": {
			`{"exceptionHistory":{"entries":[{"exceptionName":"java.lang.X","stacktrace":"java.lang.X: no\n\tat y","timestamp":5,"taskName":"t","taskManagerId":"tm-0","failureLabels":{}}]}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Exceptions(ctx, testJob) },
			"GET /jobs/" + testJob + "/exceptions?maxExceptions=20",
			[]JobException{{"java.lang.X", "java.lang.X: no\n\tat y", time.UnixMilli(5).UTC(), "t", "tm-0"}},
		},
		"failures of Flink 1": {
			`{"root-exception":"java.lang.Y: no","timestamp":6,"all-exceptions":[]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Exceptions(ctx, testJob) },
			"GET /jobs/" + testJob + "/exceptions?maxExceptions=20",
			[]JobException{{Stack: "java.lang.Y: no", At: time.UnixMilli(6).UTC()}},
		},
		"checkpoints": {
			`{"counts":{"restored":1,"total":3,"in_progress":0,"completed":2,"failed":1},"latest":{"completed":{"id":2,"status":"COMPLETED","is_savepoint":false,` +
				`"checkpoint_type":"CHECKPOINT","external_path":"file:/c/chk-2","trigger_timestamp":1,"latest_ack_timestamp":2,"state_size":10,"checkpointed_size":4,"end_to_end_duration":7},` +
				`"savepoint":null,"failed":{"id":3,"failure_timestamp":9,"failure_message":"late"},"restored":{"id":1,"restore_timestamp":3,"is_savepoint":true,"external_path":"file:/s"}},` +
				`"history":[{"id":3,"status":"FAILED"},{"id":2,"status":"COMPLETED","external_path":"<checkpoint-not-externally-addressable>"}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Checkpoints(ctx, testJob) },
			"GET /jobs/" + testJob + "/checkpoints",
			Checkpoints{
				Restored: 1, Total: 3, Completed: 2, Failed: 1,
				LatestCompleted: &Checkpoint{ID: 2, Type: "CHECKPOINT", Path: "file:/c/chk-2", TriggeredAt: time.UnixMilli(1).UTC(),
					CompletedAt: time.UnixMilli(2).UTC(), StateBytes: 10, Bytes: 4, Duration: 7 * time.Millisecond},
				LatestFailed:   &FailedCheckpoint{3, time.UnixMilli(9).UTC(), "late"},
				LatestRestored: &RestoredFrom{1, "file:/s", time.UnixMilli(3).UTC(), true},
				History:        []Checkpoint{{ID: 2}},
			},
		},
		"checkpointing that is off": {
			`{"mode":"exactly_once","interval":9223372036854775807,"timeout":600000,"externalization":{"enabled":true,"delete_on_cancellation":true},"state_backend":"B"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.CheckpointConfig(ctx, testJob) },
			"GET /jobs/" + testJob + "/checkpoints/config",
			CheckpointConfig{Mode: "exactly_once", Timeout: 10 * time.Minute, Externalized: true, DeleteOnCancellation: true, StateBackend: "B"},
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client, asked := answering(t, 200, tt.answer)
			got, err := tt.read(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if asked := <-asked; asked != tt.asked {
				t.Errorf("asked %q, want %q", asked, tt.asked)
			}
		})
	}
}

func TestEffectsAreAskedForInFlinksWords(t *testing.T) {
	t.Parallel()
	request := SavepointRequest{TriggerID: testTrigger, Directory: "abfs://c@a/s"}
	accepted := `{"request-id":"` + testTrigger + `"}`
	for why, tt := range map[string]struct {
		do    func(context.Context, *Client) error
		asked string
	}{
		"a savepoint": {
			func(ctx context.Context, c *Client) error { return c.TriggerSavepoint(ctx, testJob, request) },
			`POST /jobs/` + testJob + `/savepoints {"target-directory":"abfs://c@a/s","cancel-job":false,"formatType":"NATIVE","triggerId":"` + testTrigger + `"}`,
		},
		"a stop": {
			func(ctx context.Context, c *Client) error { return c.Stop(ctx, testJob, request) },
			`POST /jobs/` + testJob + `/stop {"targetDirectory":"abfs://c@a/s","drain":false,"formatType":"NATIVE","triggerId":"` + testTrigger + `"}`,
		},
		"a checkpoint": {
			func(ctx context.Context, c *Client) error { return c.TriggerCheckpoint(ctx, testJob, testTrigger) },
			`POST /jobs/` + testJob + `/checkpoints {"checkpointType":"CONFIGURED","triggerId":"` + testTrigger + `"}`,
		},
		"a cancel": {
			func(ctx context.Context, c *Client) error { return c.Cancel(ctx, testJob) },
			`PATCH /jobs/` + testJob + `?mode=cancel`,
		},
		"an id that is no id stays in its place of the path": {
			func(ctx context.Context, c *Client) error { return c.Cancel(ctx, "../cluster?x=") },
			`PATCH /jobs/..%2Fcluster%3Fx=?mode=cancel`,
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client, asked := answering(t, 202, accepted)
			if err := tt.do(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if asked := <-asked; asked != tt.asked {
				t.Errorf("asked %q\nwant  %q", asked, tt.asked)
			}
		})
	}
}

func TestSavepointStatus(t *testing.T) {
	t.Parallel()
	stopped := "x.StopWithSavepointStoppingException: A savepoint has been created at: file:/s/savepoint-1, but the corresponding job " +
		testJob + " failed during stopping. The savepoint is consistent"
	for why, tt := range map[string]struct {
		code   int
		answer string
		want   SavepointStatus
		err    string
	}{
		"unknown":             {404, `{"errors":["There is no savepoint operation with triggerId=x"]}`, SavepointStatus{Unknown: true}, ""},
		"still being written": {200, `{"status":{"id":"IN_PROGRESS"},"operation":null}`, SavepointStatus{InProgress: true}, ""},
		"complete":            {200, `{"status":{"id":"COMPLETED"},"operation":{"location":"file:/s/savepoint-1"}}`, SavepointStatus{Location: "file:/s/savepoint-1"}, ""},
		"refused": {200, `{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"C","stack-trace":"` + stopped + `"}}}`,
			SavepointStatus{Failure: &SavepointFailure{"C", stopped}}, ""},
		"neither":       {200, `{"status":{"id":"COMPLETED"},"operation":{}}`, SavepointStatus{}, "neither a location nor a failure"},
		"a stranger":    {200, `{"hello":"world"}`, SavepointStatus{}, "says nothing of the savepoint"},
		"no JSON":       {200, `<html>`, SavepointStatus{}, "cannot read the JobManager's answer"},
		"a failed call": {500, `{"errors":["broken"]}`, SavepointStatus{}, "answered 500: broken"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client, _ := answering(t, tt.code, tt.answer)
			got, err := client.SavepointStatus(t.Context(), testJob, testTrigger)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
		})
	}
	if got := (SavepointFailure{Stack: stopped}).Written(); got != "file:/s/savepoint-1" {
		t.Errorf("Written() = %q, want the path in the text", got)
	}
	if got := (SavepointFailure{Stack: "CheckpointException: declined"}).Written(); got != "" {
		t.Errorf("Written() = %q, want none", got)
	}
}

func TestCheckpointStatus(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		code   int
		answer string
		want   CheckpointStatus
		err    string
	}{
		"unknown":             {404, `{"errors":["There is no checkpoint operation with triggerId=x"]}`, CheckpointStatus{Unknown: true}, ""},
		"still being written": {200, `{"status":{"id":"IN_PROGRESS"},"operation":null}`, CheckpointStatus{InProgress: true}, ""},
		"complete":            {200, `{"status":{"id":"COMPLETED"},"operation":{"checkpointId":4}}`, CheckpointStatus{ID: 4}, ""},
		"refused": {200, `{"status":{"id":"COMPLETED"},"operation":{"failureCause":{"class":"C","stack-trace":"C: no\n\tat x"}}}`,
			CheckpointStatus{Failure: "C: no\n\tat x"}, ""},
		"refused without a word": {200, `{"status":{"id":"COMPLETED"},"operation":{"failureCause":{}}}`, CheckpointStatus{Failure: "no reason given"}, ""},
		"neither":                {200, `{"status":{"id":"COMPLETED"},"operation":{}}`, CheckpointStatus{}, "says nothing of the checkpoint"},
		"a stranger":             {200, `{"hello":"world"}`, CheckpointStatus{}, "says nothing of the checkpoint"},
		"a failed call":          {500, `{"errors":["broken"]}`, CheckpointStatus{}, "answered 500: broken"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client, _ := answering(t, tt.code, tt.answer)
			got, err := client.CheckpointStatus(t.Context(), testJob, testTrigger)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestClientErrors(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		code        int
		body        string
		unreachable bool
		notFound    bool
		want        string
	}{
		"not found": {404, `{"errors":["Job 1 not found"]}`, false, true, "answered 404: Job 1 not found"},
		"a job unknown to Flink 2.3": {500, `{"errors":["Internal server error.","<Exception on server side:\njava.util.concurrent.CompletionException: ` +
			`org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (1)\n\tat x"]}`, false, true, "answered 500: Internal server error."},
		"another failure inside Flink":        {500, `{"errors":["Internal server error."]}`, false, false, "answered 500"},
		"no leader yet":                       {503, `{"errors":["Service temporarily unavailable"]}`, true, false, "answered 503"},
		"a conflict":                          {409, `{"errors":["already\u0000 FINISHED","at x"]}`, false, false, "answered 409: already FINISHED"},
		"a redirect is an answer, not a way":  {302, ``, false, false, "answered 302"},
		"an error page of something else":     {502, `<html>`, false, false, "answered 502"},
		"an answer without a status":          {200, `{}`, false, false, "no job status"},
		"an answer that is too large":         {200, strings.Repeat(" ", maxAnswer+1), false, false, "larger than 8 MiB"},
		"an answer that is no JSON":           {200, `RUNNING`, false, false, "cannot read the JobManager's answer"},
		"an answer that is a list, no object": {200, `[]`, false, false, "cannot read the JobManager's answer"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client, _ := answering(t, tt.code, tt.body)
			_, err := client.JobStatus(t.Context(), testJob)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got error %v, want one with %q", err, tt.want)
			}
			if got := errors.Is(err, ErrUnreachable); got != tt.unreachable {
				t.Errorf("is ErrUnreachable: %v, want %v: %v", got, tt.unreachable, err)
			}
			if got := errors.Is(err, ErrNotFound); got != tt.notFound {
				t.Errorf("is ErrNotFound: %v, want %v: %v", got, tt.notFound, err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := New(server.URL, nil).JobStatus(t.Context(), testJob); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a refused connection gives %v, want ErrUnreachable", err)
	}

	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	client := New(silent.URL, silent.Client().Transport)
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := client.JobStatus(late, testJob); !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an answer that is too late gives %v, want ErrUnreachable and DeadlineExceeded", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := client.JobStatus(gone, testJob); errors.Is(err, ErrUnreachable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who went away gets %v, want Canceled alone", err)
	}
}

func TestAnotherTriggerIsRefused(t *testing.T) {
	t.Parallel()
	client, _ := answering(t, 202, `{"request-id":"0000"}`)
	err := client.Stop(t.Context(), testJob, SavepointRequest{TriggerID: testTrigger, Directory: "file:///s"})
	if err == nil || !strings.Contains(err.Error(), "another trigger id") {
		t.Errorf("got %v, want a refusal of the other id", err)
	}
	for why, err := range map[string]error{
		"a stop without a directory":      client.Stop(t.Context(), testJob, SavepointRequest{TriggerID: testTrigger}),
		"a stop without a trigger id":     client.Stop(t.Context(), testJob, SavepointRequest{Directory: "file:///s"}),
		"a checkpoint without trigger id": client.TriggerCheckpoint(t.Context(), testJob, ""),
	} {
		if err == nil || strings.Contains(err.Error(), "another trigger id") {
			t.Errorf("%s was sent: %v", why, err)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":           "plain",
		"123456789":       "12345678",
		"1234567ü":        "1234567",
		"123456ü":         "123456ü",
		"a\x1b[2Jb\r\x00": "a[2Jb",
		"a\n\tb":          "a\n\tb",
		"bad \xff":        "bad \uFFFD",
		"€€€":             "€€",
		"\u0085\u009bc":   "c",
	} {
		if got := clip(text, 8); got != want {
			t.Errorf("clip(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestAllRunning(t *testing.T) {
	t.Parallel()
	vertex := func(running, finished int) Vertex {
		return Vertex{Parallelism: 2, Tasks: map[string]int{"RUNNING": running, "FINISHED": finished}}
	}
	for why, tt := range map[string]struct {
		job  JobDetails
		want bool
	}{
		"all run":                  {JobDetails{State: Running, Vertices: []Vertex{vertex(2, 0), vertex(1, 1)}}, true},
		"one is still deployed":    {JobDetails{State: Running, Vertices: []Vertex{vertex(2, 0), vertex(1, 0)}}, false},
		"the job restarts":         {JobDetails{State: Restarting, Vertices: []Vertex{vertex(2, 0)}}, false},
		"no vertices known so far": {JobDetails{State: Running}, false},
	} {
		if got := tt.job.AllRunning(); got != tt.want {
			t.Errorf("%s: AllRunning() = %v, want %v", why, got, tt.want)
		}
	}
}
