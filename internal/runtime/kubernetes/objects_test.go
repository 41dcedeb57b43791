package kubernetes

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/keeper"
	"drey/internal/runtime"
	"drey/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

const testID = runtime.IncarnationID("0123456789abcdef0123456789abcdef")

func testRuntime(t *testing.T) *Runtime {
	t.Helper()
	kubeconfig := t.TempDir() + "/kubeconfig"
	if err := os.WriteFile(kubeconfig, []byte(kubeconfigOf("https://127.0.0.1:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{
		Kubeconfig: kubeconfig, Namespace: "flink", Dir: t.TempDir(), Key: strings.Repeat("k", 32), Drey: "drey:1", Claim: "shared", Mount: "/storage",
		Image: func(version string) (Image, error) { return Image{Name: "flink:" + version}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testIncarnation() runtime.Incarnation {
	digest := strings.Repeat("d", 64)
	return runtime.Incarnation{
		Shape:     runtime.Shape{ID: testID, Distribution: "2.3.0", TaskManagers: 1},
		Files:     []runtime.File{{Name: "config.yaml", Mode: 0o400, Content: secret.New("a: secret")}},
		Artifacts: []runtime.Artifact{{Name: "job.jar", SHA256: digest, Source: "/a/job.jar"}, {Name: "fs/fs.jar", Plugin: true, SHA256: digest, Source: "/a/fs.jar"}},
		Processes: []runtime.Process{
			{ProcessID: runtime.ProcessID{Role: runtime.JobManager}, Args: []string{javaLink, "-version"}, Env: map[string]string{"A": "b"}, MemoryMB: 800, Gate: true, Ports: []int{6123, 8081}},
			{ProcessID: runtime.ProcessID{Role: runtime.TaskManager}, Args: []string{javaLink}, MemoryMB: 900},
		},
	}
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + name + ".json"
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
		t.Errorf("%s: -want +got:\n%s", name, diff)
	}
}

func TestTheObjectsOfAnIncarnationAreAsTheyWereReviewed(t *testing.T) {
	t.Parallel()
	r, inc := testRuntime(t), testIncarnation()
	rec := record{ID: testID, Image: "flink:2.3.0", Address: "10.96.0.7", Files: []string{"config.yaml"}}
	golden(t, "service", service(testID, []int{6123, 8081}))
	golden(t, "networkpolicy", policy(testID))
	golden(t, "jobmanager", r.pod(rec, process{ProcessID: inc.Processes[0].ProcessID, Gate: true, MemoryMB: 800, CPUMilli: 1000, Life: 1}))
	golden(t, "taskmanager", r.pod(rec, process{ProcessID: inc.Processes[1].ProcessID, MemoryMB: 900, CPUMilli: 250, Life: 2, LogStart: 4711}))
	golden(t, "keeper", inputOf(inc, nil, "/opt/flink", inc.Processes[0]))
}

func TestSecretsAreInTheSecretOnly(t *testing.T) {
	t.Parallel()
	r, inc := testRuntime(t), testIncarnation()
	s, err := secretOf(inc, nil, "/opt/flink", r.keepers.keyOf(inc.ID))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.Data[fileKey("config.yaml")]); got != "a: secret" || !*s.Immutable {
		t.Errorf("the secret holds %q", got)
	}
	rec := record{ID: testID, Files: []string{"config.yaml"}, Processes: []process{{ProcessID: inc.Processes[0].ProcessID, Life: 1}}}
	m, err := rec.configMap()
	if err != nil {
		t.Fatal(err)
	}
	pod, _ := json.Marshal(r.pod(rec, rec.Processes[0]))
	for _, word := range []string{"a: secret", r.keepers.keyOf(inc.ID), keeper.Bearer(r.keepers.keyOf(inc.ID)), r.config.Key} {
		if strings.Contains(m.Data[recordKey]+string(pod), word) {
			t.Errorf("a secret is in the record or the pod")
		}
	}
	if other := r.keepers.keyOf("ffffffffffffffffffffffffffffffff"); other == r.keepers.keyOf(inc.ID) || len(other) < 32 {
		t.Error("two incarnations share a key")
	}
}

func TestARecordComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rec := record{ID: testID, Image: "i", Address: "1", Files: []string{"f"}, Artifacts: testIncarnation().Artifacts, Order: "o", Generation: 3, Tombstone: true,
		Processes: []process{{ProcessID: runtime.ProcessID{Role: "taskmanager", Index: 2}, Ports: []int{1}, Life: 2, LogStart: 5,
			Place: &place{UID: "u", Node: "n"}, Exit: &runtime.Exit{Code: -1, Signal: 9}, Said: &runtime.GateInfo{Gate: runtime.GateDone, Jobs: []string{"j"}}, Dead: true, Replaced: &runtime.Exit{Code: 1}}}}
	m, err := rec.configMap()
	if err != nil {
		t.Fatal(err)
	}
	back, err := parseRecord(m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rec, back); diff != "" {
		t.Error(diff)
	}
	m.Labels = nil
	if _, err := parseRecord(m); err == nil {
		t.Error("a stranger's ConfigMap was taken for a record")
	}
}

func TestWhatCannotBeAnIncarnationIsRefused(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*runtime.Incarnation){
		"no id":                      func(i *runtime.Incarnation) { i.ID = "x" },
		"no processes":               func(i *runtime.Incarnation) { i.Processes = nil },
		"a process twice":            func(i *runtime.Incarnation) { i.Processes[1] = i.Processes[0] },
		"a role that is no name":     func(i *runtime.Incarnation) { i.Processes[0].Role = "Job_Manager" },
		"an executable without path": func(i *runtime.Incarnation) { i.Processes[0].Args = []string{"java"} },
		"a file in another folder":   func(i *runtime.Incarnation) { i.Files[0].Name = "../x" },
		"an artifact elsewhere":      func(i *runtime.Incarnation) { i.Artifacts[0].Name = "../../x.jar" },
	} {
		inc := testIncarnation()
		if change(&inc); check(inc) == nil {
			t.Errorf("%s: it was taken", why)
		}
	}
	if err := check(testIncarnation()); err != nil {
		t.Error(err)
	}
}
