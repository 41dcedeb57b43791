package v20240501

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// fill gives every field that a caller may set a value of its own: a field that a converter forgets is seen.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag.Get("arm")
			if !strings.Contains(tag, "readonly") && !strings.Contains(tag, "ignored") {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		item := reflect.New(v.Type().Elem()).Elem()
		if item.Kind() == reflect.Interface {
			item.Set(reflect.ValueOf(fmt.Sprintf("value %d", *n)))
		} else {
			fill(item, n)
		}
		v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("key %d", *n)), item)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	default:
		v.SetInt(int64(*n))
	}
}

func TestEveryFieldOfAClusterIsEchoedAsSent(t *testing.T) {
	t.Parallel()
	var sent Cluster
	n := 0
	fill(reflect.ValueOf(&sent).Elem(), &n)
	if n < 150 {
		t.Fatalf("only %d values were filled", n)
	}
	body, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	spec, ignored, err := DecodeCluster(body, nil)
	if err != nil || len(ignored) > 0 {
		t.Fatalf("it was not read: ignored %q, %v", ignored, err)
	}
	spec = stored(t, spec)
	back := EncodeCluster(lifecycle.ClusterView{Cluster: cluster.Cluster{Spec: spec}, Created: true}).(Cluster)
	if d := cmp.Diff(sent.Properties, back.Properties); d != "" {
		t.Errorf("the properties differ (-sent +echoed):\n%s", d)
	}
	if back.Location != sent.Location || !cmp.Equal(back.Tags, sent.Tags) {
		t.Errorf("got %q %v, want %q %v", back.Location, back.Tags, sent.Location, sent.Tags)
	}
}

// stored is a spec after a stay in the store.
func stored(t *testing.T, spec cluster.Spec) (out cluster.Spec) {
	t.Helper()
	text, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// minimal is the smallest body that a client of the original sent for Flink, by the CLI's help text.
const minimal = `{"location":"East US 2","properties":{"clusterType":"flink",
	"computeProfile":{"nodes":[{"type":"worker","vmSize":"Standard_D8d_v5","count":5}]},
	"clusterProfile":{"clusterVersion":"1.2.0","ossVersion":"1.17.0","authorizationProfile":{"userIds":["u"]},
	"flinkProfile":{"storage":{"storageUri":"abfs://c@a.dfs.core.windows.net/"},"jobManager":{"cpu":1,"memory":2000},"taskManager":{"cpu":6,"memory":49016}}}}}`

func TestWhatClientsSendBeyondTheContractIsIgnoredAndNamed(t *testing.T) {
	t.Parallel()
	body := `{"id":1,"name":{},"type":null,"systemData":"x","etag":"e","location":"eastus2","tags":null,"properties":{"provisioningState":7,"status":[],"deploymentId":"d",
		"clusterType":"Flink","computeProfile":{"availabilityZones":["1"],"nodes":[]},
		"clusterProfile":{"clusterVersion":"1.2.1","ossVersion":"1.17.0","authorizationProfile":{},"components":5,"connectivityProfile":{},"secretsProfile":null,
		"autoscaleProfile":null,"serviceConfigsProfiles":[],"sshProfile":{"count":1,"podPrefix":{}},"clusterAccessProfile":{"enableInternalIngress":false,"privateLinkServiceId":3},
		"flinkProfile":{"storage":{"storageUri":"u","storagekey":"k"},"jobManager":{"cpu":1.0,"memory":2000.0},"taskManager":{"cpu":2,"memory":2000},"flinkConfiguration":{"a":"b"}}}}}`
	spec, ignored, err := DecodeCluster([]byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"etag", "properties.computeProfile.availabilityZones", "properties.clusterProfile.flinkProfile.storage.storagekey",
		"properties.clusterProfile.flinkProfile.flinkConfiguration"}
	if d := cmp.Diff(want, ignored); d != "" {
		t.Errorf("what was ignored differs (-want +got):\n%s", d)
	}
	p := spec.Properties.Profile
	if p.Secrets != nil || p.Autoscale != nil || p.ServiceConfigs == nil || p.Flink.Configuration != nil || p.Flink.JobManager.MemoryMB != 2000 {
		t.Errorf("got %+v", p)
	}
}

func TestAMissingPartIsNamed(t *testing.T) {
	t.Parallel()
	_, _, err := DecodeCluster([]byte(`{"properties":{"computeProfile":{"nodes":[{"type":"Worker","count":"3"}]},
		"clusterProfile":{"flinkProfile":{"jobManager":{},"taskManager":{"cpu":1,"memory":1},"jobSpec":{"jarName":"a.jar"}}}}}`), nil)
	var got []string
	for _, f := range cluster.AsError(err).Details {
		got = append(got, f.Target)
	}
	p := "properties.clusterProfile."
	want := []string{"properties.computeProfile.nodes[0].count", "properties.computeProfile.nodes[0].vmSize",
		p + "flinkProfile.jobManager.cpu", p + "flinkProfile.jobManager.memory", p + "flinkProfile.jobSpec.jobJarDirectory", p + "flinkProfile.jobSpec.upgradeMode",
		p + "flinkProfile.storage", p + "clusterVersion", p + "ossVersion", p + "authorizationProfile", "properties.clusterType", "location"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the faults differ (-want +got):\n%s", d)
	}
}

func view(t *testing.T, body string) lifecycle.ClusterView {
	t.Helper()
	spec, _, err := DecodeCluster([]byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 1, 12, 0, 0, 123456700, time.UTC)
	return lifecycle.ClusterView{
		Cluster: cluster.Cluster{
			Ref:          cluster.Ref{PoolRef: cluster.PoolRef{Subscription: "s", Group: "g", Pool: "p"}, Name: "c"},
			DeploymentID: "0123456789abcdef0123456789abcdef", Spec: spec, Phase: cluster.Running,
			System: cluster.SystemData{CreatedBy: "me", CreatedByType: "Application", CreatedAt: at, LastModifiedBy: "me", LastModifiedByType: "Application", LastModifiedAt: at},
		},
		ProvisioningState: "Succeeded", FQDN: "c.p.drey.localhost", Components: []lifecycle.Component{{Name: "Flink", Version: "1.20.5"}},
	}
}

func TestTheHeadGroupThatNobodySentIsShownFirst(t *testing.T) {
	t.Parallel()
	v := view(t, minimal)
	nodes := EncodeCluster(v).(Cluster).Properties.ComputeProfile.Nodes
	want := []NodeProfile{{"Head", "Standard_D8d_v5", 2}, {"worker", "Standard_D8d_v5", 5}}
	if d := cmp.Diff(want, nodes); d != "" {
		t.Errorf("the nodes differ (-want +got):\n%s", d)
	}
	v.Created = true
	if nodes := EncodeCluster(v).(Cluster).Properties.ComputeProfile.Nodes; len(nodes) != 1 {
		t.Errorf("the answer of the create shows %v", nodes)
	}
}

func TestSendingBackWhatWasReadChangesNothing(t *testing.T) {
	t.Parallel()
	v := view(t, minimal)
	v.Spec.Properties.Profile.Flink.Configuration = map[string]string{"a": "b"} // declared by our own api-version
	read, err := json.Marshal(EncodeCluster(v))
	if err != nil {
		t.Fatal(err)
	}
	spec, ignored, err := DecodeCluster(read, &v.Cluster)
	if err != nil || len(ignored) > 0 {
		t.Fatalf("ignored %q, %v", ignored, err)
	}
	if d := cmp.Diff(v.Spec, spec); d != "" {
		t.Errorf("the spec differs (-before +after):\n%s", d)
	}
}

func TestAHeadGroupOfTheUsersOwnIsKept(t *testing.T) {
	t.Parallel()
	v := view(t, minimal)
	for why, head := range map[string]string{
		"another size":  `{"type":"Head","vmSize":"Standard_E8","count":2},`,
		"another count": `{"type":"Head","vmSize":"Standard_D8d_v5","count":3},`,
		"in lower case": `{"type":"head","vmSize":"Standard_D8d_v5","count":2},`,
	} {
		body := strings.Replace(minimal, `"nodes":[`, `"nodes":[`+head, 1)
		spec, _, err := DecodeCluster([]byte(body), &v.Cluster)
		if err != nil || len(spec.Properties.Compute.Nodes) != 2 {
			t.Errorf("%s: got %v, %v", why, spec.Properties.Compute.Nodes, err)
		}
		own := v.Cluster
		own.Spec = spec
		again, _, err := DecodeCluster([]byte(minimal), &own)
		if err != nil || len(again.Properties.Compute.Nodes) != 1 {
			t.Errorf("%s: without it the nodes are %v, %v", why, again.Properties.Compute.Nodes, err)
		}
	}
}
