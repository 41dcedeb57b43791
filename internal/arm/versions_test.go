package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// complete is a cluster of which every settable property has a value of its own.
func complete() *fakeDoor {
	d := running()
	s := &d.view.Spec
	n := 0
	fillSettable(reflect.ValueOf(s).Elem(), &n)
	s.Properties.ClusterType = "Flink"
	s.Properties.Compute.Nodes = []cluster.NodeGroup{{Type: "Worker", VMSize: "Standard_D8d_v5", Count: 3}}
	s.Properties.Profile.ManagedIdentities[1].Type = "cluster"
	s.Properties.Profile.Other = nil
	return d
}

func fillSettable(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillSettable(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fillSettable(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillSettable(v.Index(0), n)
		fillSettable(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if kind := v.Type().Elem().Kind(); kind == reflect.String || kind == reflect.Interface {
			v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("key%d", *n)), reflect.ValueOf(fmt.Sprintf("text %d", *n)))
		}
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

func TestInEveryVersionSendingBackWhatWasReadChangesNothing(t *testing.T) {
	t.Parallel()
	for _, v := range everyVersion {
		door := complete()
		read, err := json.Marshal(v.encodeCluster(door.view))
		if err != nil {
			t.Fatal(err)
		}
		spec, ignored, err := v.decodeCluster(read, &door.view.Cluster)
		if err != nil || len(ignored) > 0 {
			t.Errorf("%s: ignored %v, %v", v.name, ignored, err)
		}
		if d := cmp.Diff(door.view.Spec, spec); d != "" {
			t.Errorf("%s (-before +after):\n%s", v.name, d)
		}
	}
}

// What was encoded is kept under a digest that the job has no part in.
func TestAClusterIsShownWithItsJobAsItIsNow(t *testing.T) {
	t.Parallel()
	for _, v := range everyVersion {
		kept, before, after := newEncoded(), complete().view, complete().view
		after.Job.Status, after.Job.FlinkJobID, after.Job.RunID, after.Job.SeenAt = "FAILED", "another", "job-another", now.Add(time.Second)
		for _, view := range []lifecycle.ClusterView{before, after} {
			want, err := toJSON(v.encodeCluster(view))
			if err != nil {
				t.Fatal(err)
			}
			got, err := kept.cluster(v, lifecycle.StoredCluster{View: func() (lifecycle.ClusterView, error) { return view, nil }})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: got %s (%v), want %s", v.name, got, err, want)
			}
		}
	}
}

func TestAClusterIsEncodedOnceForAllWhoReadIt(t *testing.T) {
	t.Parallel()
	kept, view, asked := newEncoded(), complete().view, 0
	read := func(v *version, digest byte, err error) (string, error) {
		text, err := kept.cluster(v, lifecycle.StoredCluster{Digest: [32]byte{digest}, View: func() (lifecycle.ClusterView, error) { asked++; return view, err }})
		return string(text), err
	}
	if _, err := read(published, 1, errors.New("no view")); err == nil {
		t.Error("a view that cannot be made is no error")
	}
	first, err := read(published, 1, nil)
	if again, _ := read(published, 1, nil); err != nil || again != first || asked != 2 {
		t.Errorf("%d views were made (%v)", asked, err)
	}
	view.Ref.Name = "other"
	if other, err := read(published, 2, nil); err != nil || other == first {
		t.Errorf("another cluster is shown as the first (%v)", err)
	}
	if other, err := read(preview2306, 1, nil); err != nil || other == first {
		t.Errorf("another version shows what the first one kept (%v)", err)
	}
}

func TestShowingAClusterChangesNothingOfIt(t *testing.T) {
	t.Parallel()
	for _, v := range everyVersion {
		door := complete()
		if _, err := json.Marshal(v.encodeCluster(door.view)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(complete().view, door.view); d != "" {
			t.Errorf("%s (-before +after):\n%s", v.name, d)
		}
	}
}

// What the published documents say of a cluster; complete shows all of it but what Drey has not, and the write-only storage key.
func TestEachVersionShowsWhatItsDocumentSays(t *testing.T) {
	t.Parallel()
	p := "properties.clusterProfile."
	never := []string{p + "connectivityProfile.ssh[].endpoint", p + "connectivityProfile.ssh[].privateSshEndpoint", p + "connectivityProfile.web.privateFqdn",
		p + "clusterAccessProfile.privateLinkServiceId", p + "flinkProfile.storage.storagekey"}
	for _, v := range []*version{published, preview2405, preview2311, preview2306} {
		text, err := os.ReadFile(filepath.Join("testdata", "properties", v.name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(strings.Fields(string(text)), func(path string) bool { return slices.Contains(never, path) })
		raw, err := json.Marshal(v.encodeCluster(complete().view))
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		shown := map[string]bool{}
		leaves("", doc, shown)
		for _, own := range []string{"id", "name", "type"} {
			delete(shown, own)
		}
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(shown))); d != "" {
			t.Errorf("%s (-document +shown):\n%s", v.name, d)
		}
	}
}

// leaves collects the paths of what has no members of fixed names.
func leaves(path string, v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if path == "tags" || strings.HasSuffix(path, "[].values") {
			into[path] = true
			return
		}
		for name, member := range v {
			leaves(strings.TrimPrefix(path+"."+name, "."), member, into)
		}
	case []any:
		for _, item := range v {
			if _, object := item.(map[string]any); !object {
				into[path] = true
				return
			}
			leaves(path+"[]", item, into)
		}
	default:
		into[path] = true
	}
}

func TestWhatAVersionCannotSayStays(t *testing.T) {
	t.Parallel()
	door := complete()
	was := door.view.Spec.Properties
	own := func(p cluster.Properties) bool {
		return cmp.Equal(p.Profile.Flink.Configuration, was.Profile.Flink.Configuration) && cmp.Equal(p.Profile.Flink.PodTemplate, was.Profile.Flink.PodTemplate)
	}
	for v, kept := range map[*version]func(cluster.Properties) bool{
		published: func(p cluster.Properties) bool {
			return cmp.Equal(p.Compute.AvailabilityZones, was.Compute.AvailabilityZones) && own(p)
		},
		ours: func(p cluster.Properties) bool {
			return cmp.Equal(p.Compute.AvailabilityZones, was.Compute.AvailabilityZones)
		},
		preview2405: own,
		preview2311: func(p cluster.Properties) bool {
			return cmp.Equal(p.Profile.ManagedIdentities, was.Profile.ManagedIdentities)
		},
		preview2306: func(p cluster.Properties) bool {
			return cmp.Equal(p.Profile.Flink.Job, was.Profile.Flink.Job) && p.Profile.Flink.DeploymentMode == was.Profile.Flink.DeploymentMode &&
				cmp.Equal(p.Profile.Access, was.Profile.Access)
		},
		preview2109: func(p cluster.Properties) bool { return cmp.Equal(p.Profile.Flink.Job, was.Profile.Flink.Job) },
	} {
		spec, _, err := v.decodeCluster([]byte(sessionBody), &door.view.Cluster)
		if err != nil || !kept(spec.Properties) {
			t.Errorf("%s: %v, %+v", v.name, err, spec.Properties)
		}
	}
}

// sessionBody is what all versions know.
const sessionBody = `{"location":"eastus2","properties":{"clusterType":"flink","computeProfile":{"nodes":[{"type":"worker","vmSize":"Standard_D8d_v5","count":3}]},
	"clusterProfile":{"clusterVersion":"1.2.1","ossVersion":"1.17.0","authorizationProfile":{},
	"flinkProfile":{"storage":{"storageUri":"abfs://c@a.dfs.core.windows.net"},"jobManager":{"cpu":1,"memory":2000},"taskManager":{"cpu":2,"memory":2000}}}}}`

func TestAnOldClientsIdentityIsTheOneOfTheCluster(t *testing.T) {
	t.Parallel()
	identity := `"identityProfile":{"msiResourceId":"/new","msiClientId":"c","msiObjectId":"o"},`
	body := replace(sessionBody, `"flinkProfile"`, identity+`"flinkProfile"`)
	for _, v := range []*version{preview2311, preview2306} {
		door := complete()
		own := door.view.Spec.Properties.Profile.ManagedIdentities[0]
		spec, _, err := v.decodeCluster([]byte(body), &door.view.Cluster)
		if err != nil {
			t.Fatal(err)
		}
		want := []cluster.ManagedIdentity{own, {Type: "cluster", ResourceID: "/new", ClientID: "c", ObjectID: "o"}}
		if d := cmp.Diff(want, spec.Properties.Profile.ManagedIdentities); d != "" {
			t.Errorf("%s, into the list (-want +got):\n%s", v.name, d)
		}
		door.view.Spec.Properties.Profile.ManagedIdentities = nil
		if spec, _, err = v.decodeCluster([]byte(body), &door.view.Cluster); err != nil || spec.Properties.Profile.Identity.ResourceID != "/new" {
			t.Errorf("%s, without a list: %v %+v", v.name, err, spec.Properties.Profile.Identity)
		}
	}
}

func TestNoNodesCameWith2024(t *testing.T) {
	t.Parallel()
	body := []byte(replace(sessionBody, `"count":3`, `"count":0`))
	for _, v := range everyVersion {
		_, _, err := v.decodeCluster(body, nil)
		old := strings.HasPrefix(v.name, "2023") || strings.HasPrefix(v.name, "2021")
		if e := cluster.AsError(err); (e != nil) != old || old && e.Target != "properties.computeProfile.nodes[0].count" {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

func TestTheRunOfAJobIsHiddenFromTheFirstVersions(t *testing.T) {
	t.Parallel()
	for _, v := range everyVersion {
		w := ask(t, front(t, running(), Options{}), "owner", "GET "+itsID+"/jobs?api-version="+v.name, "")
		old := v == preview2306 || v == preview2109
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"runId"`) == old {
			t.Errorf("%s: %d %s", v.name, w.Code, w.Body)
		}
	}
}

func TestAPatchIsMergedIntoWhatGetShows(t *testing.T) {
	t.Parallel()
	const profile = "properties.clusterProfile."
	in := func(block string) string { return `{"properties":{"clusterProfile":{` + block + `}}}` }
	for why, tt := range map[string]struct {
		body    string
		paths   []string
		refused string // path
		code    string // of a 400
	}{
		"nothing":                            {body: `{}`},
		"tags":                               {body: `{"tags":{"a":"b"}}`, paths: []string{"tags"}},
		"the same tags":                      {body: `{"tags":{"key2":"text 2"}}`},
		"no tags":                            {body: `{"tags":null}`, paths: []string{"tags"}},
		"its own location, spelled so":       {body: `{"location":"East US 2"}`},
		"another location":                   {body: `{"location":"westus"}`, paths: []string{"location"}, refused: "location"},
		"autoscale goes":                     {body: in(`"autoscaleProfile":null`), paths: []string{profile + "autoscaleProfile"}},
		"a part of a block":                  {body: in(`"sshProfile":{"count":99}`), paths: []string{profile + "sshProfile"}},
		"a list is replaced":                 {body: in(`"authorizationProfile":{"userIds":["me"]}`), paths: []string{profile + "authorizationProfile"}},
		"what is not updatable, but equal":   {body: in(`"clusterVersion":"text"`), paths: nil},
		"what is not updatable":              {body: in(`"clusterVersion":"9.9.9"`), paths: []string{profile + "clusterVersion"}, refused: profile + "clusterVersion"},
		"Flink":                              {body: in(`"flinkProfile":{"numReplicas":77}`), paths: []string{profile + "flinkProfile.numReplicas"}, refused: profile + "flinkProfile.numReplicas"},
		"the job":                            {body: in(`"flinkProfile":{"jobSpec":{"args":"B"}}`), paths: []string{profile + "flinkProfile.jobSpec.args"}, refused: profile + "flinkProfile.jobSpec.args"},
		"nodes":                              {body: `{"properties":{"computeProfile":{"nodes":[{"type":"Worker","vmSize":"Standard_D8d_v5","count":4}]}}}`, paths: []string{"properties.computeProfile.nodes.count"}, refused: "properties.computeProfile.nodes.count"},
		"read-only parts, whatever they say": {body: `{"id":"x","properties":{"provisioningState":"Failed","deploymentId":"x","clusterProfile":{"components":[]}}}`},
		"a required part goes":               {body: in(`"authorizationProfile":null`), code: "MissingRequiredProperty"},
		"a wrong type":                       {body: in(`"sshProfile":{"count":"2"}`), code: "InvalidParameter"},
		"no object":                          {body: `[]`, code: "InvalidRequestContent"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			door := complete()
			door.op = operation("PATCH")
			door.view.Spec.Tags = map[string]string{"key2": "text 2"}
			door.view.Spec.Location, door.view.Spec.Properties.Profile.ClusterVersion = "eastus2", "text"
			door.view.Spec.Properties.Profile.Flink.NumReplicas = nil
			w := ask(t, front(t, door, Options{}), "owner", "PATCH "+itsID+published1, tt.body)
			if tt.code != "" {
				if got := w.Header().Get("x-ms-error-code"); w.Code != http.StatusBadRequest || got != tt.code {
					t.Errorf("got %d %s: %s", w.Code, got, w.Body)
				}
				return
			}
			if w.Code != http.StatusAccepted || w.Body.String() != "null" || w.Header().Get("ETag") == "" || w.Header().Get("Location") == "" || w.Header().Get("Azure-AsyncOperation") == "" {
				t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
			}
			refused := ""
			for _, f := range door.patched.Refused {
				refused += f.Target
			}
			if d := cmp.Diff(tt.paths, door.patched.Paths); d != "" || refused != tt.refused {
				t.Errorf("refused %q; paths (-want +got):\n%s", refused, d)
			}
		})
	}
}

func TestNoVersionShowsASecretOfTheConfiguration(t *testing.T) {
	t.Parallel()
	door := complete()
	profile := &door.view.Spec.Properties.Profile
	profile.Flink.Configuration = map[string]string{"s3.secret-key": "hush"}
	profile.ServiceConfigs[0].Configs[0].Files[0].Values = map[string]string{"my.password": "hush"}
	job := lifecycle.JobView{Launch: cluster.Launch{Configuration: profile.Flink.Configuration}}
	for _, v := range everyVersion {
		for _, shown := range []any{v.encodeCluster(door.view), v.encodeJob(door.view.Ref, job)} {
			text, err := json.Marshal(shown)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "hush") || !strings.Contains(string(text), `":"******"`) {
				t.Errorf("%s: %s", v.name, text)
			}
		}
	}
	if got := profile.ServiceConfigs[0].Configs[0].Files[0].Values["my.password"]; got != "hush" {
		t.Errorf("showing changed what is shown to %q", got)
	}
}
