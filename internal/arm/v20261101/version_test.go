package v20261101

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

const body = `{"location":"local","tags":{},"properties":{"clusterType":"Flink","computeProfile":{"nodes":[{"type":"Worker","vmSize":"D4","count":1}]},
	"clusterProfile":{"clusterVersion":"1.2.2","ossVersion":"2.3.0","authorizationProfile":{},"sparkProfile":{"a":[1]},
	"flinkProfile":{"storage":{"storageUri":"u"},"jobManager":{"cpu":1,"memory":2000},"taskManager":{"cpu":1,"memory":2000},
	"flinkConfiguration":{"parallelism":2},"jobSpec":{"jobJarDirectory":"jars","jarName":"a.jar","upgradeMode":"UPDATE"}}}}}`

func TestWhatIsReadCanBeSentBack(t *testing.T) {
	t.Parallel()
	spec, ignored, err := DecodeCluster([]byte(body), nil)
	if err != nil || len(ignored) > 0 {
		t.Fatalf("ignored %q, %v", ignored, err)
	}
	if got := spec.Properties.Profile.Flink.Configuration; !cmp.Equal(got, map[string]string{"parallelism": "2"}) {
		t.Errorf("the configuration is %v", got)
	}
	v := lifecycle.ClusterView{Cluster: cluster.Cluster{Spec: spec, Phase: cluster.Running, DeploymentID: "d"}, ProvisioningState: "Succeeded", FQDN: "f",
		Job: cluster.Job{Status: "RUNNING", FlinkJobID: "j"}, TaskManagers: 1, Components: []lifecycle.Component{{Name: "Flink", Version: "2.3.0"}}}
	read, err := json.Marshal(EncodeCluster(v))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(read), `"observed":{"job":{"status":"RUNNING","jobId":"j"},"taskManagers":1}`) {
		t.Errorf("what was observed is not shown: %s", read)
	}
	again, ignored, err := DecodeCluster(read, &v.Cluster)
	if err != nil || len(ignored) > 0 {
		t.Fatalf("ignored %q, %v", ignored, err)
	}
	if d := cmp.Diff(spec, again); d != "" {
		t.Errorf("the spec differs (-before +after):\n%s", d)
	}
}

func TestAnUnknownFieldIsRefusedAtAnyDepth(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]string{
		`"location"`:     "x",
		`"clusterType"`:  "properties.x",
		`"ossVersion"`:   "properties.clusterProfile.x",
		`"storage"`:      "properties.clusterProfile.flinkProfile.x",
		`"upgradeMode"`:  "properties.clusterProfile.flinkProfile.jobSpec.x",
		`"vmSize":"D4",`: "properties.computeProfile.nodes[0].x",
	} {
		_, _, err := DecodeCluster([]byte(strings.Replace(body, place, `"x":1,`+place, 1)), nil)
		if e := cluster.AsError(err); e == nil || e.Code != "UnknownField" || e.Target != want {
			t.Errorf("at %s: got %v", want, err)
		}
	}
	_, _, err := DecodeRunJob([]byte(`{"properties":{"jobType":"FlinkJob","action":"STOP","drain":true}}`))
	if e := cluster.AsError(err); e == nil || e.Target != "properties.drain" {
		t.Errorf("runJob: got %v", err)
	}
}
