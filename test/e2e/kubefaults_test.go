//go:build kubernetes

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What happens to pods, nodes and the API server, and to nothing else. These tests need DREY_TEST_TARGET=kubernetes; `make e2e-kube` sets it.

// pod is the newest pod of a process, which marker names as its environment does.
func (s *server) pod(marker string) *core.Pod {
	s.t.Helper()
	incarnation, process, _ := strings.Cut(marker, "/")
	pods, err := kubernetes.Client.CoreV1().Pods(s.namespace).List(context.Background(),
		meta.ListOptions{LabelSelector: "drey.dev/incarnation=" + incarnation + ",drey.dev/process=" + process})
	if err != nil || len(pods.Items) == 0 {
		s.t.Fatalf("no pod of %s: %v", marker, err)
	}
	newest := &pods.Items[0]
	for i := range pods.Items {
		if newest.CreationTimestamp.Before(&pods.Items[i].CreationTimestamp) {
			newest = &pods.Items[i]
		}
	}
	return newest
}

// deleted deletes a pod as a stranger may, and waits until its process is gone.
func (s *server) deleted(marker string, grace int64) {
	s.t.Helper()
	before := s.processes()
	pod := s.pod(marker)
	if err := kubernetes.Client.CoreV1().Pods(s.namespace).Delete(context.Background(), pod.Name, meta.DeleteOptions{GracePeriodSeconds: &grace}); err != nil {
		s.t.Fatal(err)
	}
	s.until(marker+" is gone", func() bool {
		for pid, name := range s.processes() {
			if name == marker && before[pid] == marker {
				return false
			}
		}
		return true
	})
}

// Whoever deletes a pod of a running job, with or without grace, the job comes back by itself from the newest complete checkpoint.
func TestAJobComesBackWhenAStrangerDeletesItsPods(t *testing.T) {
	s := newServer(t)
	s.configure(tireless)
	w, r := s.witness("deleted", true)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	for _, role := range []string{"jobmanager-0", "taskmanager-0"} {
		for _, grace := range []int64{0, 10} {
			w.comesBackFrom(fmt.Sprintf("%s was deleted with %d s of grace", role, grace), role, func(marker string) { w.deleted(marker, grace) }, func() {})
		}
	}
	s.must("job", "stop", w.name)
	w.clean("stopped", true)
}

// The API server is away for two minutes while an update prepares its next incarnation. The job runs on; when it is back the update goes on.
func TestAnUpdateOutlastsTheAPIServer(t *testing.T) {
	s := newServer(t)
	w, r := s.witness("away", false)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(600)
	living := w.starts()[0].Name
	s.must(append(w.update(trouble{}, "--arg", "--version", "--arg", "v2"), "--no-wait")...)
	s.until("the update prepares", func() bool { return len(s.incarnations()) == 2 })
	if err := kubernetes.StopAPI(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kubernetes.StartAPI(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.runsFor(2 * time.Minute)
	if !s.incarnations()[living] {
		t.Error("the job did not run on")
	}
	if op := read[[]operation](s, "operation", "list", "--cluster", w.name)[0].Properties; op.EndTime != "" && op.Status != "Succeeded" {
		t.Errorf("without the API server the update ended %+v", op)
	}
	if err := kubernetes.StartAPI(t.Context()); err != nil {
		t.Fatal(err)
	}
	if op := w.outcome(w.name, "job.update").Properties; op.Status != "Succeeded" {
		t.Errorf("the update ended %+v %+v", op, op.Error)
	}
	s.oneCopy("after the update", 1)
	w.grows(100)
	w.clean("after the update", false)
	s.must("job", "stop", w.name)
	w.clean("stopped", true)
}

// incarnations are those that have processes.
func (s *server) incarnations() map[string]bool {
	s.t.Helper()
	all := map[string]bool{}
	for _, name := range s.processes() {
		id, _, _ := strings.Cut(name, "/")
		all[id] = true
	}
	return all
}

// The JobManager's node is lost. While it is silent nothing is started and the job is Unknown; then the node is back, and its kubelet's
// word is the proof; or it stays away, and a person says that it is dead. Both ways the job goes on from its newest complete checkpoint.
func TestALostNodeIsNeverGuessedDead(t *testing.T) {
	for what, then := range map[string]func(w *witnessed, node int){
		"the node comes back": func(w *witnessed, node int) { w.startsNode(node) },
		"a person says so":    func(w *witnessed, _ int) { w.declaredDead() },
	} {
		t.Run(what, func(t *testing.T) {
			s := newServer(t)
			s.configure(tireless)
			w, r := s.witness("lost", false)
			if r.code != 0 {
				t.Fatalf("create: %s", r.err)
			}
			node := 0
			w.comesBackFrom("its node was lost", "jobmanager-0", func(marker string) { node = w.losesNode(marker) }, func() { then(w, node) })
			w.startsNode(node)
			s.must("job", "stop", w.name)
			w.clean("stopped", true)
		})
	}
}

// losesNode kills the node of a process, and waits until Kubernetes itself has given its pods up. It answers the node's number.
func (w *witnessed) losesNode(marker string) (node int) {
	w.t.Helper()
	if _, err := fmt.Sscanf(w.pod(marker).Spec.NodeName, "node%d", &node); err != nil {
		w.t.Fatal(err)
	}
	before := w.starts()
	if err := kubernetes.KillNode(node); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.startsNode(node) })
	w.until("Kubernetes gives the pod up", func() bool { return w.pod(marker).DeletionTimestamp != nil })
	if now := w.starts(); len(now) != len(before) || now[0].Properties.Phase != "Live" {
		w.t.Errorf("nobody knows whether it is dead, but the incarnations are %+v", now)
	}
	for id := range w.incarnations() {
		if !strings.HasPrefix(marker, id) {
			w.t.Errorf("nobody knows whether %s is dead, but %s runs", marker, id)
		}
	}
	if said := w.must("cluster", "show", w.name); !strings.Contains(said, "Unknown since ") {
		w.t.Errorf("it is not told that nobody knows:\n%s", said)
	}
	return node
}

func (w *witnessed) startsNode(node int) {
	w.t.Helper()
	if err := kubernetes.StartNode(context.Background(), node); err != nil {
		w.t.Error(err)
	}
}

// declaredDead is a person's word, which is asked for first.
func (w *witnessed) declaredDead() {
	w.t.Helper()
	living := w.starts()[0].Name
	if asked := w.cli("cluster", "declare-dead", w.name); asked.code == 0 || !strings.Contains(asked.err, "--yes") {
		w.t.Errorf("without a yes: exit code %d\n%s", asked.code, asked.err)
	}
	w.must("cluster", "declare-dead", w.name, "--yes")
	w.until("the one that was lost is Abandoned", func() bool {
		for _, one := range w.starts() {
			if one.Name == living {
				return one.Properties.Phase == "Abandoned" && one.Properties.DeclaredDeadBy != ""
			}
		}
		return false
	})
}
