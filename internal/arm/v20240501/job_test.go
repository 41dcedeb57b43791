package v20240501

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// published is the body of the published example RunClusterJob.
const published = `{"properties":{"jobType":"FlinkJob","jobName":"flink-job-name","action":"START",
	"jobJarDirectory":"abfs://flinkjob@hilosa.dfs.core.windows.net/jars","jarName":"flink-sleep-job-0.0.1-SNAPSHOT.jar",
	"entryClass":"com.microsoft.hilo.flink.job.streaming.SleepJob",
	"flinkConfiguration":{"parallelism":"1","savepoint.directory":"abfs://flinkjob@hilosa.dfs.core.windows.net/savepoint"}}}`

func TestThePublishedExampleOfRunJobIsEchoed(t *testing.T) {
	t.Parallel()
	job, ignored, err := DecodeRunJob([]byte(published))
	if err != nil || len(ignored) > 0 {
		t.Fatalf("ignored %q, %v", ignored, err)
	}
	v := lifecycle.JobView{
		Job: cluster.Job{RunID: "job-15a-4322-b32c-ea541845e911", Name: job.JobName, Action: job.Action},
		Launch: cluster.Launch{JarDirectory: job.JarDirectory, JarName: job.JarName, EntryClass: job.EntryClass, Args: job.Args,
			Configuration: job.Configuration},
	}
	got, want := map[string]any{}, map[string]any{}
	text, err := json.Marshal(NewJob("/c", v).Properties)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(published), &want); err != nil {
		t.Fatal(err)
	}
	sent := want["properties"].(map[string]any)
	sent["runId"] = "job-15a-4322-b32c-ea541845e911"
	if d := cmp.Diff(sent, got); d != "" {
		t.Errorf("the entry differs (-want +got):\n%s", d)
	}
}

func TestRunJobIsRead(t *testing.T) {
	t.Parallel()
	empty := ""
	for why, tt := range map[string]struct {
		properties string
		want       cluster.RunJob
		code       string // of the fault
	}{
		"only what is required":            {`{"jobType":"FlinkJob","action":"STOP"}`, cluster.RunJob{Action: "STOP"}, ""},
		"in any case":                      {`{"jobType":"flinkjob","action":"re_launch"}`, cluster.RunJob{Action: "RE_LAUNCH"}, ""},
		"empty args are not absent":        {`{"jobType":"FlinkJob","action":"UPDATE","args":""}`, cluster.RunJob{Action: "UPDATE", Args: &empty}, ""},
		"null args are":                    {`{"jobType":"FlinkJob","action":"UPDATE","args":null}`, cluster.RunJob{Action: "UPDATE"}, ""},
		"an empty configuration clears":    {`{"jobType":"FlinkJob","action":"UPDATE","flinkConfiguration":{}}`, cluster.RunJob{Action: "UPDATE", Configuration: map[string]string{}}, ""},
		"numbers and booleans are text":    {`{"jobType":"FlinkJob","action":"UPDATE","flinkConfiguration":{"parallelism":2,"x":true}}`, cluster.RunJob{Action: "UPDATE", Configuration: map[string]string{"parallelism": "2", "x": "true"}}, ""},
		"what the server says is ignored":  {`{"jobType":"FlinkJob","action":"STOP","status":1,"jobId":2,"jobOutput":3,"actionResult":4,"lastSavePoint":5}`, cluster.RunJob{Action: "STOP"}, ""},
		"no action":                        {`{"jobType":"FlinkJob"}`, cluster.RunJob{}, "MissingRequiredProperty"},
		"no such action":                   {`{"jobType":"FlinkJob","action":"PAUSE"}`, cluster.RunJob{}, "InvalidAction"},
		"no such kind of job":              {`{"jobType":"SparkJob","action":"STOP"}`, cluster.RunJob{}, "InvalidParameter"},
		"a configuration of nested things": {`{"jobType":"FlinkJob","action":"UPDATE","flinkConfiguration":{"a":{}}}`, cluster.RunJob{}, "InvalidParameter"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, _, err := DecodeRunJob([]byte(`{"properties":` + tt.properties + `}`))
			if tt.code != "" {
				if e := cluster.AsError(err); e == nil || e.Code != tt.code {
					t.Errorf("got %v, want %s", err, tt.code)
				}
				return
			}
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Errorf("got %v (-want +got):\n%s", err, d)
			}
		})
	}
}
