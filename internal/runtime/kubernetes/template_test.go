package kubernetes

import (
	"encoding/json"
	"strings"
	"testing"

	"drey/internal/runtime"
)

// full is a template with every key that there is.
const full = `{
	"labels": {"team": "risk"}, "annotations": {"prometheus.io/scrape": "true"}, "nodeSelector": {"disk": "ssd"},
	"tolerations": [{"key": "dedicated", "operator": "Equal", "value": "flink", "effect": "NoSchedule"}],
	"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}]}},
	"priorityClassName": "high", "serviceAccountName": "orders", "automountServiceAccountToken": true, "imagePullSecrets": [{"name": "registry"}],
	"env": [{"name": "TZ", "value": "UTC"}, {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "orders", "key": "token"}}}],
	"volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "models", "readOnly": true}}, {"name": "trust", "configMap": {"name": "trust"}}],
	"volumeMounts": [{"name": "models", "mountPath": "/models", "readOnly": true}, {"name": "trust", "mountPath": "/opt/trust"}],
	"ephemeralStorage": "20Gi"
}`

func TestAPodHasWhatItsTemplateSaysAndAllThatItMustHave(t *testing.T) {
	t.Parallel()
	r := testRuntime(t)
	template, err := r.template(full)
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal([]byte(full), &said); err != nil {
		t.Fatal(err)
	}
	if len(said) != len(templateKeys()) {
		t.Errorf("the test's template has %d keys, there are %v", len(said), templateKeys())
	}
	inc := testIncarnation()
	golden(t, "template", r.pod(record{ID: testID, Image: "flink:2.3.0", Address: "10.96.0.7", Files: []string{"config.yaml"}, Template: &template},
		process{ProcessID: inc.Processes[1].ProcessID, MemoryMB: 900, CPUMilli: 1500, Life: 1}))
	if got := inputOf(inc, &template, "/opt/flink", inc.Processes[1]).Container.Inherit; strings.Join(got, " ") != "TZ TOKEN" {
		t.Errorf("the process gets %v of its container's environment", got)
	}
}

func TestAJobsTemplateIsLaidOverTheNamespaces(t *testing.T) {
	t.Parallel()
	base, err := ParseTemplate(`{"labels": {"a": "1", "b": "1"}, "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}], "serviceAccountName": "all",
		"automountServiceAccountToken": true, "nodeSelector": {"disk": "ssd"}, "imagePullSecrets": [{"name": "one"}], "ephemeralStorage": "20Gi"}`)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ParseTemplate(`{"labels": {"b": "2"}, "env": [{"name": "B", "value": "2"}], "serviceAccountName": "orders", "imagePullSecrets": [{"name": "two"}], "ephemeralStorage": "1.5Ti"}`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := own.over(base)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"labels":{"a":"1","b":"2"},"nodeSelector":{"disk":"ssd"},"serviceAccountName":"orders","imagePullSecrets":[{"name":"one"},{"name":"two"}],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"ephemeralStorage":"1536Gi"}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestWhatAPodMayNotHaveIsRefusedByItsKey(t *testing.T) {
	t.Parallel()
	r := testRuntime(t)
	for text, want := range map[string]string{
		`{"hostNetwork": true}`:                             `"hostNetwork"`,
		`{"hostPID": true}`:                                 `"hostPID"`,
		`{"securityContext": {"runAsUser": 0}}`:             `"securityContext"`,
		`{"containers": []}`:                                `"containers"`,
		`{"initContainers": []}`:                            `"initContainers"`,
		`{"command": ["sh"]}`:                               `"command"`,
		`{"finalizers": []}`:                                `"finalizers"`,
		`{"restartPolicy": "Always"}`:                       `"restartPolicy"`,
		`{"NodeSelector": {"a": "b"}}`:                      `"NodeSelector"`,
		`{"ephemeralStorage": "much"}`:                      `quantities`,
		`{"ephemeralStorage": "0"}`:                         `ephemeralStorage`,
		`{"labels": 1}`:                                     `labels`,
		`{"labels": {"drey.dev/incarnation": "x"}}`:         `labels: drey.dev/incarnation`,
		`{"labels": {"app.kubernetes.io/managed-by": "x"}}`: `labels: app.kubernetes.io/managed-by`,
		`{"labels": {"a": "no value!"}}`:                    `labels: a`,
		`{"annotations": {"drey.dev/abandoned-by": "me"}}`:  `annotations: drey.dev/abandoned-by`,
		`{"tolerations": [{"operator": "Exists"}]}`:         `tolerations[0]`,
		`{"tolerations": [{"key": "node.kubernetes.io/unreachable", "operator": "Exists"}]}`:      `tolerations[0]`,
		`{"annotations": {"container.apparmor.security.beta.kubernetes.io/flink": "unconfined"}}`: `annotations: container.apparmor`,
		`{"serviceAccountName": "drey"}`:                                                                                                        `serviceAccountName`,
		`{"automountServiceAccountToken": true}`:                                                                                                `serviceAccountName`,
		`{"imagePullSecrets": [{}]}`:                                                                                                            `imagePullSecrets[0]`,
		`{"env": [{"name": "a b"}]}`:                                                                                                            `env[0]`,
		`{"env": [{"name": "POD_IP", "value": "1"}]}`:                                                                                           `env[0]`,
		`{"env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-javaagent:x"}]}`:                                                                     `env[0]`,
		`{"env": [{"name": "LD_PRELOAD", "value": "x"}]}`:                                                                                       `env[0]`,
		`{"env": [{"name": "A"}, {"name": "A"}]}`:                                                                                               `env[1]`,
		`{"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "drey-1", "key": "key"}}}]}`:                                             `env[0]: the Secret drey-1`,
		`{"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "drey", "key": "drey.yaml"}}}]}`:                                      `env[0]: the ConfigMap drey`,
		`{"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}`:                                                                               `volumes[0] (a) is a hostPath`,
		`{"volumes": [{"name": "a", "nfs": {"server": "s", "path": "/"}}]}`:                                                                     `volumes[0] (a) is a nfs`,
		`{"volumes": [{"name": "a"}]}`:                                                                                                          `volumes[0] (a)`,
		`{"volumes": [{"name": "conf", "emptyDir": {}}]}`:                                                                                       `volumes[0] (conf)`,
		`{"volumes": [{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]}`:                                                           `volumes[1] (a)`,
		`{"volumes": [{"name": "a", "secret": {"secretName": "drey-0123"}}]}`:                                                                   `drey-0123`,
		`{"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "data-drey-0"}}]}`:                                                   `data-drey-0`,
		`{"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "shared"}}]}`:                                                        `volumes[0]`,
		`{"volumes": [{"name": "a", "projected": {"sources": [{"secret": {"name": "drey-0123"}}]}}]}`:                                           `drey-0123`,
		`{"volumes": [{"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}`:                                      `serviceAccountToken`,
		`{"volumes": [{"name": "a", "emptyDir": {"size": "1Gi"}}]}`:                                                                             `volumes[0].emptyDir.size`,
		`{"volumeMounts": [{"name": "a", "mountPath": "/a"}]}`:                                                                                  `volumeMounts[0].name`,
		`{"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "a", "mountPath": "a"}]}`:                                       `volumeMounts[0].mountPath`,
		`{"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "a", "mountPath": "/"}]}`:                                       `volumeMounts[0].mountPath`,
		`{"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "a", "mountPath": "/drey/conf"}]}`:                              `volumeMounts[0].mountPath`,
		`{"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "a", "mountPath": "/storage/x"}]}`:                              `volumeMounts[0].mountPath`,
		`{"volumes": [{"name": "a", "emptyDir": {}}], "volumeMounts": [{"name": "a", "mountPath": "/a", "mountPropagation": "Bidirectional"}]}`: `volumeMounts[0].mountPropagation`,
		`{"labels": {"a": "` + strings.Repeat("x", maxTemplate) + `"}}`:                                                                         `longer`,
		`{`: `unexpected`,
	} {
		if err := r.CheckTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s: got error %v, want one with %q", text, err, want)
		}
	}
	inc := testIncarnation()
	inc.PodTemplate = `{"hostNetwork": true}`
	if _, err := r.record(t.Context(), inc); err == nil || !strings.Contains(err.Error(), "hostNetwork") {
		t.Errorf("an incarnation with it would be prepared: %v", err)
	}
}

func TestCPUIsTheLimitAndAPartOfItTheRequest(t *testing.T) {
	t.Parallel()
	r := testRuntime(t)
	for percent, want := range map[int]string{100: "1500m", 10: "150m", 1: "15m"} {
		r.config.CPURequestPercent = percent
		pod := r.pod(record{ID: testID}, process{ProcessID: runtime.ProcessID{Role: runtime.TaskManager}, CPUMilli: 1500, Life: 1})
		got := pod.Spec.Containers[0].Resources
		if got.Limits.Cpu().String() != "1500m" || got.Requests.Cpu().String() != want {
			t.Errorf("%d percent: got %v", percent, got)
		}
	}
}
