package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/test/kube"
)

// volumes gives a namespace that does not exist yet volumes for the two claims of a Drey, as a storage class would, and takes away all of it
// after the test and before: what one that was killed left, too.
func volumes(t *testing.T, namespace string) {
	t.Helper()
	remove(t, namespace)
	t.Cleanup(func() { remove(t, namespace) })
	for _, claim := range []string{"data-drey-0", "drey-storage"} {
		folder := filepath.Join(cluster.Shared(), fmt.Sprintf("%s-%d", claim, time.Now().UnixNano()))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		if err := os.Chown(folder, 9999, 9999); err != nil { // the kubelet does that for volumes that have an fsGroup
			t.Fatal(err)
		}
		if _, err := cluster.Volume(t.Context(), namespace, claim, folder); err != nil {
			t.Fatal(err)
		}
	}
}

// remove takes a namespace away with all that belongs to it.
func remove(t *testing.T, namespace string) {
	t.Helper()
	ctx, core := context.Background(), cluster.Client.CoreV1()
	if err := cluster.RemoveNamespace(ctx, namespace); err != nil {
		t.Fatal(err)
	}
	for _, claim := range []string{"data-drey-0", "drey-storage"} {
		if err := core.PersistentVolumes().Delete(ctx, namespace+"-"+claim, meta.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, err := core.Namespaces().Get(ctx, namespace, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("namespace %s does not go: %v", namespace, err)
		}
	}
}

// tagFlink gives the nodes' Flink image the name that the manifests have for it, which a registry would.
func tagFlink(t *testing.T) {
	t.Helper()
	for _, node := range cluster.Nodes() {
		tag, err := cluster.NodeCommand(t.Context(), node, "ctr", "--namespace", "k8s.io", "images", "tag", "--force",
			kube.FlinkImage(os.Getenv("DREY_TEST_FLINK")), "docker.io/library/flink:2.3.0-java17")
		if err == nil {
			var out []byte
			if out, err = tag.CombinedOutput(); err != nil {
				err = errors.Join(err, errors.New(string(out)))
			}
		}
		if err != nil {
			t.Fatalf("cannot name Flink's image on node %d (DREY_TEST_FLINK is %q): %v", node, os.Getenv("DREY_TEST_FLINK"), err)
		}
	}
}

// trouble is what a namespace says of itself: its events, and the end of Drey's log.
func trouble(namespace string) string {
	ctx, core := context.Background(), cluster.Client.CoreV1()
	text := ""
	if pods, err := core.Pods(namespace).List(ctx, meta.ListOptions{}); err == nil {
		for _, p := range pods.Items {
			text += fmt.Sprintf("pod %s on %s is %s\n", p.Name, p.Spec.NodeName, p.Status.Phase)
		}
	}
	if events, err := core.Events(namespace).List(ctx, meta.ListOptions{}); err == nil {
		for _, e := range events.Items {
			text += fmt.Sprintf("%s %s: %s\n", e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
	lines := int64(50)
	log, _ := core.Pods(namespace).GetLogs("drey-0", &corev1.PodLogOptions{TailLines: &lines}).DoRaw(ctx)
	return text + string(log)
}
