// Package deploy has no code of its own: its tests hold the manifests, the chart and the image to each other and to what we promise.
package deploy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yamlv3 "go.yaml.in/yaml/v3"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"drey/internal/daemon"
)

// objects reads manifests as the API server does, and refuses what it does not know.
func objects(t *testing.T, text []byte) map[string]runtime.Object {
	t.Helper()
	all := map[string]runtime.Object{}
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		if runtime.IsMissingKind(err) { // comments alone
			continue
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		name := kind.Kind + " " + object.(meta.Object).GetName()
		if all[name] != nil {
			t.Errorf("%s is there twice", name)
		}
		all[name] = object
	}
}

// plain are the objects of the plain manifests.
func plain(t *testing.T) map[string]runtime.Object {
	t.Helper()
	var text []byte
	for _, file := range []string{"rbac.yaml", "drey.yaml"} {
		one, err := os.ReadFile(filepath.Join("kubernetes", file))
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, "\n---\n"...), one...)
	}
	return objects(t, text)
}

// render renders the chart with Helm's engine, for namespace drey-flink.
func render(t *testing.T, values string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	chart, err := filepath.Abs("chart/drey")
	if err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	helm := exec.Command("go", "run", "-C", "../tools/helm", ".", chart, "drey-flink", file)
	helm.Stderr = &complaint
	text, err := helm.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint.String())
	}
	return text
}

func TestTheChartMakesWhatThePlainManifestsSay(t *testing.T) {
	t.Parallel()
	want, got := plain(t), objects(t, render(t, ""))
	delete(want, "Namespace drey-flink") // Helm's, or a person's
	config := func(all map[string]runtime.Object) (c map[string]any) {
		m := all["ConfigMap drey"].(*core.ConfigMap)
		if err := yamlv3.Unmarshal([]byte(m.Data["drey.yaml"]), &c); err != nil {
			t.Fatal(err)
		}
		m.Data = nil
		return c
	}
	if diff := cmp.Diff(config(want), config(got)); diff != "" {
		t.Errorf("configuration (-plain +chart):\n%s", diff)
	}

	got["StatefulSet drey"].(*apps.StatefulSet).Spec.Template.Annotations = nil
	got["PersistentVolumeClaim drey-storage"].(*core.PersistentVolumeClaim).Annotations = nil
	if diff := cmp.Diff(shown(t, want), shown(t, got)); diff != "" {
		t.Errorf("objects (-plain +chart):\n%s", diff)
	}
}

func shown(t *testing.T, all map[string]runtime.Object) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, object := range all {
		text, err := json.MarshalIndent(object, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

// everyValue says all that the chart can be told.
const everyValue = `
image: {name: registry.example.com/drey, tag: "2", pullPolicy: Always, pullSecrets: [registry]}
flink: ["2.2.1=registry.example.com/flink:2.2.1"]
pod: {nodeSelector: {disk: ssd}}
cpuRequestPercent: 50
storage: {claim: shared}
data: {size: 1Gi, className: fast}
database: {url: "postgres://drey@db.example.com/drey?sslmode=verify-full", passwordSecret: db}
s3: {secret: state}
tls: {secret: drey-tls}
config: {log: {level: debug}, recovery: {budget: 3}, storage: {s3: {buckets: [orders-state], region: eu-central-1}}}
service: {type: LoadBalancer, port: 443, annotations: {a: b}}
nodeSelector: {disk: ssd}
tolerations: [{key: a, operator: Exists}]
affinity: {nodeAffinity: {}}
rbac: {nodes: false}
networkPolicy: {create: false}
`

func TestTheChartsValuesAreHeard(t *testing.T) {
	t.Parallel()
	all := objects(t, render(t, everyValue))
	if all["PersistentVolumeClaim drey-storage"] != nil || all["NetworkPolicy drey"] != nil {
		t.Error("it makes what it should not")
	}
	file := filepath.Join(t.TempDir(), "drey.yaml")
	if err := os.WriteFile(file, []byte(all["ConfigMap drey"].(*core.ConfigMap).Data["drey.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := daemon.Load(file, false, func(*daemon.Config) {})
	if err != nil {
		t.Fatal(err)
	}
	k := c.Kubernetes
	if k.Drey != "registry.example.com/drey:2" || k.Pull != "Always" || k.Claim != "shared" || k.CPUPercent != 50 || k.Isolate || k.Pod["nodeSelector"] == nil ||
		!slices.Equal(k.Images, []string{"2.2.1=registry.example.com/flink:2.2.1"}) || c.TLS.Certificate == "" || len(c.TLS.Names) > 0 ||
		c.Log.Level != "debug" || c.Recovery.Budget != 3 || c.Database == "" || c.Storage.Folder == "" || !slices.Equal(c.Storage.S3.Buckets, []string{"orders-state"}) {
		t.Errorf("got %+v", c)
	}
	pod := all["StatefulSet drey"].(*apps.StatefulSet).Spec.Template.Spec
	if pod.ImagePullSecrets[0].Name != "registry" || pod.NodeSelector["disk"] != "ssd" || len(pod.Tolerations) != 1 || pod.Affinity == nil ||
		pod.Containers[0].Env[0].ValueFrom.SecretKeyRef.Name != "db" || pod.Containers[0].Env[2].Name != "AWS_SECRET_ACCESS_KEY" || pod.Containers[0].Env[2].ValueFrom.SecretKeyRef.Key != "secretKey" || pod.Containers[0].Image != k.Drey {
		t.Errorf("got %+v", pod)
	}
	if s := all["Service drey"].(*core.Service); s.Spec.Type != core.ServiceTypeLoadBalancer || s.Spec.Ports[0].Port != 443 || s.Annotations["a"] != "b" {
		t.Errorf("got %+v", s)
	}
	if rules := all["ClusterRole drey-identity-drey-flink"].(*rbac.ClusterRole).Rules; len(rules) != 1 {
		t.Errorf("got %+v", rules)
	}
}

func TestThePlainConfigurationHolds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "drey.yaml")
	if err := os.WriteFile(file, []byte(plain(t)["ConfigMap drey"].(*core.ConfigMap).Data["drey.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := daemon.Load(file, false, func(*daemon.Config) {}); err != nil {
		t.Error(err)
	}
}

// TestRightsAreFew: Drey reads no Secret, looks into no pod, and gives nobody rights (SEC-37).
func TestRightsAreFew(t *testing.T) {
	t.Parallel()
	for name, object := range plain(t) {
		var rules []rbac.PolicyRule
		switch o := object.(type) {
		case *rbac.Role:
			rules = o.Rules
		case *rbac.ClusterRole:
			rules = o.Rules
			for _, r := range rules {
				if !slices.Equal(r.Verbs, []string{"get"}) {
					t.Errorf("%s may %v in the whole cluster", name, r.Verbs)
				}
			}
		}
		for _, r := range rules {
			for _, resource := range r.Resources {
				for _, verb := range r.Verbs {
					switch {
					case verb == "*" || resource == "*" || strings.Contains(resource, "/"), r.APIGroups[0] == "rbac.authorization.k8s.io",
						slices.Contains([]string{"escalate", "bind", "impersonate", "deletecollection"}, verb),
						resource == "secrets" && verb != "create" && verb != "delete":
						t.Errorf("%s may %s %s", name, verb, resource)
					}
				}
			}
		}
	}
}

// TestJobsAreReachedByDreyOnly, and by what each start's own policy adds; the metadata service of a machine is nobody's (SEC-39).
func TestJobsAreReachedByDreyOnly(t *testing.T) {
	t.Parallel()
	spec := plain(t)["NetworkPolicy drey-jobs"].(*networking.NetworkPolicy).Spec
	want := []networking.NetworkPolicyIngressRule{{From: []networking.NetworkPolicyPeer{
		{PodSelector: &meta.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "drey"}}}}}}
	if diff := cmp.Diff(want, spec.Ingress); diff != "" {
		t.Errorf("who reaches jobs (-want +got):\n%s", diff)
	}
	for _, to := range spec.Egress[0].To {
		if to.IPBlock != nil && len(to.IPBlock.Except) != 1 {
			t.Errorf("jobs reach all of %s", to.IPBlock.CIDR)
		}
	}
	if len(spec.PolicyTypes) != 2 || len(spec.Egress) != 1 {
		t.Errorf("got %+v", spec)
	}
}

// TestDreysOwnPodIsRestricted: as it demands of others (SEC-38).
func TestDreysOwnPodIsRestricted(t *testing.T) {
	t.Parallel()
	all := plain(t)
	if all["Namespace drey-flink"].(*core.Namespace).Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace takes other pods too")
	}
	pod := all["StatefulSet drey"].(*apps.StatefulSet).Spec.Template.Spec
	c := pod.Containers[0]
	if s := c.SecurityContext; *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || s.Capabilities.Drop[0] != "ALL" || s.Privileged != nil ||
		!*pod.SecurityContext.RunAsNonRoot || pod.HostNetwork || pod.HostPID || len(pod.Containers) != 1 || c.Resources.Limits.Memory().IsZero() {
		t.Errorf("got %+v, %+v", pod.SecurityContext, c.SecurityContext)
	}
}
