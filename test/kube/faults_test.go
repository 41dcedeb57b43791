package kube_test

import (
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The tests of this file do not run beside others: they take away what all share.

func TestPodsRunOnWhileTheAPIServerIsAway(t *testing.T) {
	namespace := newNamespace(t)
	pod := awaitPod(t, "it listens", create(t, namespace, web(`date +%s%N > /tmp/index.html`)), isReady)
	url := "http://" + net.JoinHostPort(pod.Status.PodIP, "8080") + "/"
	before := get(t, url)
	if err := cluster.StopAPI(); err != nil {
		t.Fatal(err)
	}
	_, err := cluster.Client.CoreV1().Pods(namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
	if err == nil || apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		t.Errorf("asked while the API server was away: got %v, want a broken connection", err)
	}
	during := get(t, url)
	if err := cluster.StartAPI(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := get(t, url); during != before || after != before {
		t.Errorf("the pod said %q before, %q during, %q after: it was started again", before, during, after)
	}
	if got := awaitPod(t, "it runs still", pod, running); got.UID != pod.UID {
		t.Errorf("got another pod %s, want %s", got.UID, pod.UID)
	}
	says(t, namespace, shell(`echo new > /dev/termination-log`), "new\n")
}

func TestALostNodeProvesNothingUntilItComesBack(t *testing.T) {
	namespace := newNamespace(t)
	pod := shell(`exec sleep 10000`)
	pod.Spec.NodeSelector = onNode(2)
	pod.Finalizers = []string{"drey.dev/proof"}
	pod = awaitPod(t, "it runs", create(t, namespace, pod), running)
	t.Cleanup(func() { finish(t, pod) })
	before := nodeInfo(t)
	if err := cluster.KillNode(2); err != nil {
		t.Fatal(err)
	}
	lost := awaitPod(t, "it is evicted", pod, func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
	if lost.Status.Phase != corev1.PodRunning || terminated(lost) != nil {
		t.Errorf("with its node lost the pod is %s, %v; want Running and nothing said of its container", lost.Status.Phase, terminated(lost))
	}
	if err := cluster.StartNode(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if got := outcome(t, pod); got.ExitCode == 0 {
		t.Errorf("the container that lost its power ended with %+v, want a code that is not 0", got)
	}
	after := nodeInfo(t)
	if after.BootID == before.BootID || after.MachineID != before.MachineID {
		t.Errorf("the node came back as boot %s of machine %s after %s of %s; want another boot of the same machine",
			after.BootID, after.MachineID, before.BootID, before.MachineID)
	}
	again := shell(`echo back > /dev/termination-log`)
	again.Spec.NodeSelector = onNode(2)
	says(t, namespace, again, "back\n")
}

func nodeInfo(t *testing.T) corev1.NodeSystemInfo {
	t.Helper()
	node, err := cluster.Client.CoreV1().Nodes().Get(t.Context(), "node2", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return node.Status.NodeInfo
}
