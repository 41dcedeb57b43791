package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"drey/internal/flink"
	"drey/test/kube"
)

// roles are those of the pods, as markers name them.
var roles = []string{"jobmanager-0", "taskmanager-0"}

// shippedMemory is what the configuration says that Flink ships.
var shippedMemory = map[string]string{"jobmanager.memory.process.size": "1600m", "taskmanager.memory.process.size": "1728m"}

func (j *plain) podName(role string) string { return j.name + "-" + role }

// marker is what the ledger, and killMarked, know a process by.
func (j *plain) marker(role string) string {
	return fmt.Sprintf("%s-%s-%d/%s", j.target.Namespace, j.name, j.starts, role)
}

func (j *plain) object(name, role string) meta.ObjectMeta {
	return meta.ObjectMeta{Name: name, Labels: map[string]string{"app": j.name, "component": role}}
}

func (j *plain) service() *core.Service {
	s := &core.Service{ObjectMeta: j.object(j.name, roles[0]), Spec: core.ServiceSpec{Selector: map[string]string{"app": j.name, "component": roles[0]}}}
	for name, port := range map[string]int{"rpc": 6123, "blob": 6124, "rest": 8081} {
		s.Spec.Ports = append(s.Spec.Ports, core.ServicePort{Name: name, Port: int32(port), TargetPort: intstr.FromInt(port)})
	}
	return s
}

const consoleLog = `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} %x - %m%n
`

// configuration is Flink's, with the Service's address: this cluster has no DNS.
func (j *plain) configuration(address string) (*core.ConfigMap, error) {
	jm, err := flink.NewJobManagerMemory(shippedMemory)
	if err != nil {
		return nil, err
	}
	tm, err := flink.NewTaskManagerMemory(shippedMemory)
	if err != nil {
		return nil, err
	}
	keys := map[string]string{
		"jobmanager.rpc.address": address, "rest.address": address, "rest.bind-address": "0.0.0.0", "blob.server.port": "6124", "taskmanager.cpu.cores": "1",
		"execution.checkpointing.dir": "file://" + j.folder("checkpoints"),
	}
	if j.ha {
		keys["high-availability.type"], keys["high-availability.storageDir"] = "kubernetes", "file://"+j.folder("ha")
		keys["kubernetes.cluster-id"], keys["kubernetes.namespace"] = j.name, j.target.Namespace
	}
	for _, pair := range kubeConfig {
		key, value, _ := strings.Cut(pair, "=")
		keys[key] = value
	}
	for _, more := range []map[string]string{shippedMemory, jm.Keys(), tm.Keys()} {
		maps.Copy(keys, more)
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		fmt.Fprintf(&text, "%q: %q\n", key, keys[key])
	}
	return &core.ConfigMap{ObjectMeta: j.object(j.name, "config"), Data: map[string]string{"config.yaml": text.String(), "log4j-console.properties": consoleLog}}, nil
}

// pods are JobManager and TaskManager, with the command lines to which the image's scripts come, a second sooner than they do.
func (j *plain) pods(savepoint string) (jm, tm *core.Pod, err error) {
	jmMemory, err := flink.NewJobManagerMemory(shippedMemory)
	if err != nil {
		return nil, nil, err
	}
	tmMemory, err := flink.NewTaskManagerMemory(shippedMemory)
	if err != nil {
		return nil, nil, err
	}
	entry := []string{"org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint", "--configDir", "/opt/flink/conf", "--job-classname", "witness.WitnessJob"}
	if savepoint != "" {
		entry = append(entry, "--fromSavepoint", savepoint)
	}
	jm = j.pod(roles[0], "1600Mi", append(java(jmMemory.JVMArgs()), append(append(entry, "--"), j.args()...)...))
	tm = j.pod(roles[1], "1728Mi", append(java(tmMemory.JVMArgs()), "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "--configDir", "/opt/flink/conf"))
	return jm, tm, nil
}

// java is the beginning of a command line.
func java(memory []string) []string {
	line := append([]string{"java"}, memory...)
	line = append(line, flink.ModuleArgs(os.Getenv("DREY_TEST_FLINK"))...)
	return append(line, "-Dlog4j.configurationFile=file:/opt/flink/conf/log4j-console.properties", "-classpath", "/opt/flink/lib/*")
}

// pod is what the level `restricted` accepts.
func (j *plain) pod(role, memory string, command []string) *core.Pod {
	no, yes, user := false, true, int64(9999)
	amount := core.ResourceList{core.ResourceMemory: resource.MustParse(memory)}
	return &core.Pod{ObjectMeta: j.object(j.podName(role), role), Spec: core.PodSpec{
		RestartPolicy: core.RestartPolicyOnFailure, AutomountServiceAccountToken: &j.ha,
		SecurityContext: &core.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, FSGroup: &user,
			SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault}},
		Containers: []core.Container{{
			Name: "flink", Image: kube.FlinkImage(os.Getenv("DREY_TEST_FLINK")), ImagePullPolicy: core.PullNever, Command: command,
			Env: []core.EnvVar{{Name: incarnationVariable, Value: j.marker(role)}, {Name: "FLINK_CONF_DIR", Value: "/opt/flink/conf"},
				{Name: "FLINK_LIB_DIR", Value: "/opt/flink/lib"}, {Name: "FLINK_PLUGINS_DIR", Value: "/opt/flink/plugins"}},
			Resources:       core.ResourceRequirements{Requests: amount, Limits: amount},
			SecurityContext: &core.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}}},
			VolumeMounts: []core.VolumeMount{{Name: "conf", MountPath: "/opt/flink/conf"}, {Name: "storage", MountPath: j.target.Storage},
				{Name: "storage", MountPath: "/opt/flink/usrlib", SubPath: "local/jobs", ReadOnly: true}},
		}},
		Volumes: []core.Volume{
			{Name: "conf", VolumeSource: core.VolumeSource{ConfigMap: &core.ConfigMapVolumeSource{LocalObjectReference: core.LocalObjectReference{Name: j.name}}}},
			{Name: "storage", VolumeSource: core.VolumeSource{PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSource{ClaimName: j.target.Claim}}},
		},
	}}
}

// allowHA gives pods of the namespace the rights that Flink's Kubernetes HA needs.
func allowHA(ctx context.Context, c *kube.Cluster, namespace string) error {
	return allow(ctx, c, namespace, "flink-ha", rbac.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"*"}})
}

// allow gives pods of the namespace that have no account of their own the rights of a rule.
func allow(ctx context.Context, c *kube.Cluster, namespace, role string, rule rbac.PolicyRule) error {
	name := meta.ObjectMeta{Name: role}
	if _, err := c.Client.RbacV1().Roles(namespace).Create(ctx, &rbac.Role{ObjectMeta: name, Rules: []rbac.PolicyRule{rule}}, meta.CreateOptions{}); err != nil {
		return err
	}
	_, err := c.Client.RbacV1().RoleBindings(namespace).Create(ctx, &rbac.RoleBinding{ObjectMeta: name, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: role},
		Subjects: []rbac.Subject{{Kind: rbac.ServiceAccountKind, Name: "default", Namespace: namespace}}}, meta.CreateOptions{})
	return err
}
