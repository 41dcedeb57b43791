package kube_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"drey/test/kube"
)

func TestARestrictedNamespaceTakesOurPodsAndNoOthers(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	says(t, namespace, shell(`id -u > /dev/termination-log`), "9999\n")
	loose := shell(`true`)
	loose.Spec.Containers[0].SecurityContext = nil
	_, err := cluster.Client.CoreV1().Pods(namespace).Create(t.Context(), loose, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("a pod without a security context: got %v, want it forbidden", err)
	}
}

func TestAPodThatEndsIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	pod := create(t, newNamespace(t), shell(`exit 7`))
	got := outcome(t, pod)
	if got.ExitCode != 7 || got.ContainerID == "" {
		t.Errorf("got exit code %d of container %q, want 7 and an id", got.ExitCode, got.ContainerID)
	}
	failed := awaitPod(t, "the pod is Failed", pod, func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
	if n := failed.Status.ContainerStatuses[0].RestartCount; n != 0 {
		t.Errorf("it was started again %d times", n)
	}
}

func TestAServiceReachesAPodOnEveryNode(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	service, err := cluster.Client.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, PublishNotReadyAddresses: true,
			Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitPod(t, "it listens", create(t, namespace, web(`echo 'hello from the pod' > /tmp/index.html`)), isReady)
	url := "http://" + service.Spec.ClusterIP + "/"
	ask := fmt.Sprintf(`printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 %s 80 | grep 'hello from the pod'`, service.Spec.ClusterIP)
	for i := 1; i <= 2; i++ {
		caller := shell(`until ` + ask + ` > /dev/termination-log; do usleep 50000; done`) // the node's rules may come a moment later
		caller.Spec.NodeSelector = onNode(i)
		says(t, namespace, caller, "hello from the pod\n")
	}
	if text := get(t, url); text != "hello from the pod\n" {
		t.Errorf("from the test's own process: got %q", text)
	}
	if out, err := cluster.Command(t.Context(), "/bin/busybox", "sh", "-c", ask).CombinedOutput(); err != nil || string(out) != "hello from the pod\n" {
		t.Errorf("from a program in the cluster's network: got %q, %v", out, err)
	}
}

func TestNothingLeavesTheCluster(t *testing.T) {
	t.Parallel()
	if connection, err := cluster.DialContext(t.Context(), "tcp", "192.0.2.1:80"); err == nil {
		connection.Close()
		t.Error("an address outside of the cluster was reached")
	}
	says(t, newNamespace(t), shell(`nc -w 5 192.0.2.1 80 2>&1 | grep -o 'Network is unreachable' > /dev/termination-log`), "Network is unreachable\n")
}

func TestASecretIsReadableByThePodsGroupOnly(t *testing.T) {
	t.Parallel()
	namespace, mode, immutable := newNamespace(t), int32(0o440), true
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "incarnation"}, Immutable: &immutable, StringData: map[string]string{"config.yaml": "key: value"}}
	if _, err := cluster.Client.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := shell(`(cat /etc/drey/config.yaml; stat -Lc ' %a %g' /etc/drey/config.yaml) > /dev/termination-log`)
	mount(pod, "/etc/drey", corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "incarnation", DefaultMode: &mode}})
	says(t, namespace, pod, "key: value 440 9999\n")
}

func TestAnInitContainerBringsAProgram(t *testing.T) {
	t.Parallel()
	pod := shell(`/drey/bin/busybox echo 'ran the copy' > /dev/termination-log`)
	pod.Spec.InitContainers = []corev1.Container{container("install", `cp /bin/busybox /drey/bin/`)}
	mount(pod, "/drey/bin", corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}})
	pod.Spec.InitContainers[0].VolumeMounts = pod.Spec.Containers[0].VolumeMounts
	says(t, newNamespace(t), pod, "ran the copy\n")
}

func TestAFinalizerKeepsADeletedPodUntilTheKubeletsWord(t *testing.T) {
	t.Parallel()
	pod := shell(`trap 'exit 5' TERM; while true; do usleep 10000; done`)
	pod.Finalizers = []string{"drey.dev/proof"}
	pod = create(t, newNamespace(t), pod)
	t.Cleanup(func() { finish(t, pod) })
	awaitPod(t, "it runs", pod, running)
	if err := cluster.Client.CoreV1().Pods(pod.Namespace).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := outcome(t, pod); got.ExitCode != 5 || got.ContainerID == "" {
		t.Errorf("got exit code %d of container %q, want 5 and an id", got.ExitCode, got.ContainerID)
	}
}

func TestALeaseIsNotOverwrittenByAStaleHolder(t *testing.T) {
	t.Parallel()
	leases := cluster.Client.CoordinationV1().Leases(newNamespace(t))
	holders := []string{"first", "second"}
	first, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "drey"},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &holders[0]}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stale := first.DeepCopy()
	first.Spec.HolderIdentity = &holders[1]
	if _, err := leases.Update(t.Context(), first, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := leases.Update(t.Context(), stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("the stale holder's update: got %v, want a conflict", err)
	}
}

func TestAResourceQuotaRefusesAPod(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	one := corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1")}
	if _, err := cluster.Client.CoreV1().ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "one"}, Spec: corev1.ResourceQuotaSpec{Hard: one}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the quota is in force", cluster.Client.CoreV1().RESTClient(), "resourcequotas", namespace, "one",
		func(q *corev1.ResourceQuota) bool { return len(q.Status.Hard) > 0 })
	create(t, namespace, shell(`exec sleep 1000`))
	_, err := cluster.Client.CoreV1().Pods(namespace).Create(t.Context(), shell(`true`), metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "exceeded quota") {
		t.Errorf("the second pod: got %v, want it forbidden by the quota", err)
	}
}

func TestAnImageThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	pod := shell(`true`)
	pod.Spec.Containers[0].Image = "drey.test/absent:1"
	awaitPod(t, "the kubelet says that the image is not there", create(t, newNamespace(t), pod), func(p *corev1.Pod) bool {
		return len(p.Status.ContainerStatuses) == 1 && p.Status.ContainerStatuses[0].State.Waiting != nil &&
			p.Status.ContainerStatuses[0].State.Waiting.Reason == "ErrImageNeverPull"
	})
}

func TestMemoryThatRunsOutIsSeen(t *testing.T) {
	t.Parallel()
	pod := shell(`exec tail /dev/zero`)
	pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("32Mi")}
	if got := outcome(t, create(t, newNamespace(t), pod)); got.Reason != "OOMKilled" || got.ExitCode != 137 {
		t.Errorf("got %s with code %d, want OOMKilled with 137", got.Reason, got.ExitCode)
	}
}

func TestAVolumeIsTheSameOnEveryNodeAndOnTheMachine(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	folder := filepath.Join(cluster.Shared(), namespace)
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	claim, err := cluster.Claim(t.Context(), namespace, "storage", folder)
	if err != nil {
		t.Fatal(err)
	}
	volume := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}
	writer := shell(`hostname > /mnt/written; echo done > /dev/termination-log`)
	writer.Spec.NodeSelector = onNode(1)
	mount(writer, "/mnt", volume)
	says(t, namespace, writer, "done\n")
	reader := shell(`cat /mnt/written > /dev/termination-log`)
	reader.Spec.NodeSelector = onNode(2)
	mount(reader, "/mnt", volume)
	text, err := os.ReadFile(filepath.Join(folder, "written"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "shell-") {
		t.Errorf("the machine reads %q, want the pod's name", text)
	}
	says(t, namespace, reader, string(text))
}

func TestAnImageIsLoadedIntoNodesThatRun(t *testing.T) {
	t.Parallel()
	if err := cluster.LoadImage(t.Context(), kube.DreyImage("/bin/busybox")); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 2; i++ {
		pod := shell("")
		pod.Spec.NodeSelector = onNode(i)
		pod.Spec.Containers[0].Image = kube.Drey
		pod.Spec.Containers[0].Command = []string{"/busybox", "sh", "-c", "echo from our image > /dev/termination-log"}
		says(t, newNamespace(t), pod, "from our image\n")
	}
}

func TestTheFlinkImageHasFlinkAndJava(t *testing.T) {
	t.Parallel()
	version := os.Getenv("DREY_TEST_FLINK")
	if version == "" || os.Getenv("DREY_TEST_FLINK_HOME") == "" {
		t.Fatal("DREY_TEST_FLINK and DREY_TEST_FLINK_HOME are not set: run it by make test-kube")
	}
	pod := shell(`: > /tmp/config.yaml; FLINK_CONF_DIR=/tmp java -cp "$FLINK_HOME/lib/*" org.apache.flink.client.cli.CliFrontend --version > /dev/termination-log`)
	pod.Spec.Containers[0].Image = kube.FlinkImage(version)
	withTmp(pod)
	got := outcome(t, create(t, newNamespace(t), pod))
	if got.ExitCode != 0 || !strings.Contains(got.Message, version) {
		t.Errorf("Flink ended with code %d and said %q, want its version %s", got.ExitCode, got.Message, version)
	}
}

func onNode(i int) map[string]string {
	return map[string]string{corev1.LabelHostname: fmt.Sprintf("node%d", i)}
}

func withTmp(pod *corev1.Pod) {
	mount(pod, "/tmp", corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}})
}

func mount(pod *corev1.Pod, path string, source corev1.VolumeSource) {
	name := fmt.Sprintf("volume%d", len(pod.Spec.Volumes))
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: source})
	pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path})
}
