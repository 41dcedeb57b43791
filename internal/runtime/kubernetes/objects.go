package kubernetes

import (
	"fmt"
	"strconv"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"drey/internal/runtime"
)

// Labels, annotations and the finalizer of what is ours.
const (
	managedLabel        = "app.kubernetes.io/managed-by"
	managedBy           = "drey"
	incarnationLabel    = "drey.dev/incarnation"
	roleLabel           = "drey.dev/role"
	processLabel        = "drey.dev/process"
	gateLabel           = "drey.dev/gate" // on the pod that the Service leads to
	abandonedAnnotation = "drey.dev/abandoned-by"
	// proofFinalizer keeps a pod's status for us, whoever deletes it.
	proofFinalizer = "drey.dev/proof"
	keeperPort     = 8877
	flinkContainer = "flink"
)

func nameOf(id runtime.IncarnationID) string { return "drey-" + string(id) }

func podName(id runtime.IncarnationID, p process) string {
	return fmt.Sprintf("%s-%s-%d", nameOf(id), p.ProcessID, p.Life)
}

// object is the name and the labels of what belongs to an incarnation.
func object(id runtime.IncarnationID) meta.ObjectMeta {
	return meta.ObjectMeta{Name: nameOf(id), Labels: map[string]string{managedLabel: managedBy, incarnationLabel: string(id)}}
}

func selector(id runtime.IncarnationID) string {
	return managedLabel + "=" + managedBy + "," + incarnationLabel + "=" + string(id)
}

// service is made first: its address is known before any pod is, and is the same for JobManager and TaskManagers.
func service(id runtime.IncarnationID, ports []int) *core.Service {
	s := &core.Service{ObjectMeta: object(id), Spec: core.ServiceSpec{
		Selector:                 map[string]string{incarnationLabel: string(id), gateLabel: "true"},
		PublishNotReadyAddresses: true,
	}}
	for _, port := range append([]int{keeperPort}, ports...) {
		s.Spec.Ports = append(s.Spec.Ports, core.ServicePort{Name: "p" + strconv.Itoa(port), Port: int32(port), TargetPort: intstr.FromInt(port)})
	}
	return s
}

// pod is one life of a process. It passes the restricted pod security level.
func (r *Runtime) pod(rec record, p process) *core.Pod {
	m := object(rec.ID)
	m.Name, m.Finalizers = podName(rec.ID, p), []string{proofFinalizer}
	m.Labels[roleLabel], m.Labels[processLabel] = string(p.Role), p.ProcessID.String()
	if p.Gate {
		m.Labels[gateLabel] = "true"
	}
	no, yes, user := false, true, r.config.User
	onMismatch := core.FSGroupChangeOnRootMismatch
	secured := &core.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}}}
	pull := core.PullPolicy(r.config.Pull)
	grace := int64(10)
	spec := core.PodSpec{
		RestartPolicy: core.RestartPolicyNever, EnableServiceLinks: &no, AutomountServiceAccountToken: &no, TerminationGracePeriodSeconds: &grace,
		SecurityContext: &core.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, FSGroup: &user, FSGroupChangePolicy: &onMismatch,
			SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
		},
		HostAliases: []core.HostAlias{{IP: rec.Address, Hostnames: []string{jobManager}}},
		Tolerations: []core.Toleration{tolerate("not-ready"), tolerate("unreachable")},
		InitContainers: []core.Container{{
			Name: "keeper", Image: r.config.Drey, ImagePullPolicy: pull, Command: []string{"/drey-keep", "install", binFolder}, SecurityContext: secured,
			Resources: r.resources(process{MemoryMB: 32, CPUMilli: min(p.CPUMilli, installMilli)}), VolumeMounts: []core.VolumeMount{{Name: "bin", MountPath: binFolder}},
		}},
		Containers: []core.Container{{
			Name: flinkContainer, Image: rec.Image, ImagePullPolicy: pull, SecurityContext: secured, WorkingDir: runFolder,
			Command: []string{binFolder + "/drey-keep", "container", keepFolder, strconv.FormatInt(p.LogStart, 10)},
			Env: []core.EnvVar{{Name: addressVariable, ValueFrom: &core.EnvVarSource{
				FieldRef: &core.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}}},
			Resources: r.resources(p), TerminationMessagePath: terminationMessage, TerminationMessagePolicy: core.TerminationMessageFallbackToLogsOnError,
			VolumeMounts: []core.VolumeMount{
				{Name: "bin", MountPath: binFolder, ReadOnly: true}, {Name: "run", MountPath: runFolder}, {Name: "tmp", MountPath: "/tmp"},
				{Name: "keep", MountPath: keepFolder, ReadOnly: true}, {Name: "conf", MountPath: confFolder, ReadOnly: true},
			},
		}},
		Volumes: []core.Volume{
			emptyDir("bin"), emptyDir("run"), emptyDir("tmp"),
			fromSecret("keep", rec.ID, map[string]string{inputKey(p.ProcessID): "keeper.json", keyKey: "key"}),
			fromSecret("conf", rec.ID, filesOf(rec)),
		},
	}
	if r.config.Claim != "" {
		spec.Volumes = append(spec.Volumes, core.Volume{Name: "storage", VolumeSource: core.VolumeSource{
			PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSource{ClaimName: r.config.Claim}}})
		spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, core.VolumeMount{Name: "storage", MountPath: r.config.Mount})
	}
	pod := &core.Pod{ObjectMeta: m, Spec: spec}
	if rec.Template != nil {
		rec.Template.apply(pod)
	}
	return pod
}

const (
	terminationMessage = "/dev/termination-log"
	addressVariable    = "POD_IP"
	keyKey             = "key"
	installMilli       = 500 // of a CPU, to copy a program
)

// tolerate bounds how long a pod stays bound to a node that is not heard of: it only says earlier that it is to go.
func tolerate(what string) core.Toleration {
	seconds := int64(30)
	return core.Toleration{Key: "node.kubernetes.io/" + what, Operator: core.TolerationOpExists, Effect: core.TaintEffectNoExecute, TolerationSeconds: &seconds}
}

// resources are those of a process: all of its memory and CPU is the limit (R06).
func (r *Runtime) resources(p process) core.ResourceRequirements {
	requests, limits := core.ResourceList{}, core.ResourceList{}
	if p.MemoryMB > 0 {
		memory := resource.MustParse(strconv.Itoa(p.MemoryMB) + "Mi")
		requests[core.ResourceMemory], limits[core.ResourceMemory] = memory, memory
	}
	if p.CPUMilli > 0 {
		limits[core.ResourceCPU] = *resource.NewMilliQuantity(p.CPUMilli, resource.DecimalSI)
		requests[core.ResourceCPU] = *resource.NewMilliQuantity(max(1, p.CPUMilli*int64(r.config.CPURequestPercent)/100), resource.DecimalSI)
	}
	return core.ResourceRequirements{Requests: requests, Limits: limits}
}

func emptyDir(name string) core.Volume {
	return core.Volume{Name: name, VolumeSource: core.VolumeSource{EmptyDir: &core.EmptyDirVolumeSource{}}}
}

// fromSecret mounts some keys of the incarnation's Secret. Its files belong to root: 0440 is what the fsGroup can read.
func fromSecret(name string, id runtime.IncarnationID, items map[string]string) core.Volume {
	mode := int32(0o440)
	source := &core.SecretVolumeSource{SecretName: nameOf(id), DefaultMode: &mode}
	for _, key := range sortedKeys(items) {
		source.Items = append(source.Items, core.KeyToPath{Key: key, Path: items[key]})
	}
	if len(source.Items) == 0 { // no items would mean all of them
		return emptyDir(name)
	}
	return core.Volume{Name: name, VolumeSource: core.VolumeSource{Secret: source}}
}

func filesOf(rec record) map[string]string {
	items := map[string]string{}
	for _, name := range rec.Files {
		items[fileKey(name)] = name
	}
	return items
}
