package kube_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"drey/test/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) {
	os.Exit(kube.Main(m, 2, func(c *kube.Cluster) { cluster = c }))
}

// newNamespace makes a namespace that demands what Drey's pods promise, and removes it with all in it after the test.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespaces := cluster.Client.CoreV1().Namespaces()
	namespace, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-",
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := namespaces.Delete(context.Background(), namespace.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	await(t, "the namespace has its service account", cluster.Client.CoreV1().RESTClient(), "serviceaccounts", namespace.Name, "default",
		func(*corev1.ServiceAccount) bool { return true })
	return namespace.Name
}

// shell is a pod that runs a script of the shell once and passes the restricted level.
func shell(script string) *corev1.Pod {
	no, yes, user, second := false, true, int64(9999), int64(1)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "shell-", Labels: map[string]string{"app": "shell"}},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  &no,
			EnableServiceLinks:            &no,
			TerminationGracePeriodSeconds: &second,
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, FSGroup: &user,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{container("main", script)},
		},
	}
}

func container(name, script string) corev1.Container {
	no, yes := false, true
	return corev1.Container{Name: name, Image: kube.Busybox, ImagePullPolicy: corev1.PullNever, Command: []string{"/bin/sh", "-euc", script},
		SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes,
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}
}

func create(t *testing.T, namespace string, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	created, err := cluster.Client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// awaitPod waits until a pod is as it should be.
func awaitPod(t *testing.T, what string, pod *corev1.Pod, is func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	return await(t, what, cluster.Client.CoreV1().RESTClient(), "pods", pod.Namespace, pod.Name, is)
}

// await waits until an object is as it should be, and fails the test after two minutes.
func await[T runtime.Object](t *testing.T, what string, client cache.Getter, resource, namespace, name string, is func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	list := cache.NewListWatchFromClient(client, resource, namespace, fields.OneTermEqualSelector("metadata.name", name))
	var last, none T
	_, err := watchtools.UntilWithSync(ctx, list, none.DeepCopyObject(), nil, func(event watch.Event) (bool, error) {
		if event.Type == watch.Deleted {
			return false, errors.New("it is gone")
		}
		last = event.Object.(T)
		return is(last), nil
	})
	if err != nil {
		t.Fatalf("waited for: %s: %v; last seen: %+v", what, err, last)
	}
	return last
}

// outcome waits for the end of a pod's one container.
func outcome(t *testing.T, pod *corev1.Pod) corev1.ContainerStateTerminated {
	t.Helper()
	ended := awaitPod(t, "the container ends", pod, func(p *corev1.Pod) bool { return terminated(p) != nil })
	return *terminated(ended)
}

func terminated(p *corev1.Pod) *corev1.ContainerStateTerminated {
	if len(p.Status.ContainerStatuses) == 0 {
		return nil
	}
	return p.Status.ContainerStatuses[0].State.Terminated
}

func running(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning && p.Status.PodIP != "" }

// web is a pod that serves, on port 8080, what its script writes into /tmp/index.html at its start. It is Ready when it listens.
func web(script string) *corev1.Pod {
	pod := shell(script + `; exec httpd -f -p 8080 -h /tmp`)
	pod.Labels["app"] = "web"
	withTmp(pod)
	pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{PeriodSeconds: 1,
		ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}}
	return pod
}

func isReady(p *corev1.Pod) bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// get asks from the test's own process.
func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: cluster.Transport()}
	defer client.CloseIdleConnections()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// says runs a pod whose script writes to /dev/termination-log, and compares what it wrote.
func says(t *testing.T, namespace string, pod *corev1.Pod, want string) {
	t.Helper()
	if got := outcome(t, create(t, namespace, pod)); got.ExitCode != 0 || got.Message != want {
		t.Errorf("the container ended with code %d and said %q, want 0 and %q", got.ExitCode, got.Message, want)
	}
}

// finish takes our finalizer away, so that the pod may go.
func finish(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	_, err := cluster.Client.CoreV1().Pods(pod.Namespace).Patch(context.Background(), pod.Name, types.MergePatchType,
		[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	if err != nil {
		t.Error(err)
	}
}
