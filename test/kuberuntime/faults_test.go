package kuberuntime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
	"drey/internal/runtime/kubernetes"
	"drey/internal/runtime/runtimetest"
)

var (
	jobManager  = runtime.ProcessID{Role: runtime.JobManager}
	taskManager = runtime.ProcessID{Role: runtime.TaskManager}
)

// rig is a target with one incarnation, of a gated JobManager and a TaskManager.
type rig struct {
	*testing.T
	*kubernetes.Runtime
	config kubernetes.Config
	inc    runtime.Incarnation
}

func newRig(t *testing.T, change func(*kubernetes.Config, *runtime.Incarnation)) *rig {
	t.Helper()
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	r := &rig{T: t, config: configOf(t)}
	r.inc = runtime.Incarnation{Shape: runtime.Shape{ID: runtime.IncarnationID(hex.EncodeToString(b)), Distribution: "2.3.0", TaskManagers: 1}}
	r.inc.Processes = []runtime.Process{
		program(jobManager, runtimetest.Script{runtimetest.Gate("/drey/run/gate"), runtimetest.Wait}),
		program(taskManager, runtimetest.Script{runtimetest.Print("up"), runtimetest.Wait}),
	}
	r.inc.Processes[0].Gate = true
	change(&r.config, &r.inc)
	r.Runtime = open(t, r.config)
	return r
}

func asItIs(*kubernetes.Config, *runtime.Incarnation) {}

// released brings the incarnation up and releases it.
func (r *rig) released() {
	r.Helper()
	r.must(r.Prepare(r.Context(), r.inc))
	r.await(jobManager, runtime.Held)
	r.await(taskManager, runtime.Alive)
	r.must(r.Release(r.Context(), r.inc.ID, []byte("one")))
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) observe() runtime.Status {
	r.Helper()
	s, err := r.Observe(r.Context(), r.inc.ID)
	r.must(err)
	return s
}

func (r *rig) await(p runtime.ProcessID, want runtime.State) runtime.ProcessStatus {
	r.Helper()
	var last runtime.ProcessStatus
	until(r.T, p.String()+" is "+string(want), func() bool {
		s, err := r.Observe(r.Context(), r.inc.ID)
		last = s.Process(p)
		return err == nil && last.State == want
	})
	return last
}

// killFor kills, and gives up after a while.
func (r *rig) killFor(d time.Duration) error {
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	return r.Kill(ctx, r.inc.ID)
}

func (r *rig) wantError(err, want error) {
	r.Helper()
	if !errors.Is(err, want) {
		r.Errorf("got error %v, want %v", err, want)
	}
}

func (r *rig) killed() {
	r.Helper()
	r.must(r.killFor(time.Minute))
	if s := r.observe(); !s.Dead || !s.Tombstone {
		r.Errorf("after its kill it is seen as %+v", s)
	}
}

func (r *rig) deleteAsAStranger(p runtime.ProcessID) {
	r.Helper()
	pod, now := podOf(r.T, r.config.Namespace, r.inc.ID, p), int64(0)
	r.must(cluster.Client.CoreV1().Pods(pod.Namespace).Delete(r.Context(), pod.Name, meta.DeleteOptions{GracePeriodSeconds: &now}))
}

func TestAPodThatAStrangerDeletesHasEndedAndIsReplaced(t *testing.T) {
	t.Parallel()
	r := newRig(t, asItIs)
	r.released()
	before := r.observe().Process(taskManager)
	r.deleteAsAStranger(taskManager)
	ended := r.await(taskManager, runtime.Exited)
	if ended.Exit.Code != -1 || r.observe().Dead {
		t.Errorf("it is seen as %+v", ended)
	}
	r.must(r.Scale(t.Context(), r.inc.ID, runtime.TaskManager, 1, 1))
	if now := r.await(taskManager, runtime.Alive); now.Life == before.Life || now.Replaced == nil {
		t.Errorf("the next one is seen as %+v", now)
	}
	r.killed()
}

func TestAPodThatAStrangerTookAwayIsNeverDeadWithoutAPersonsWord(t *testing.T) {
	t.Parallel()
	r := newRig(t, asItIs)
	r.released()
	r.must(cluster.Strip(t.Context(), podOf(t, r.config.Namespace, r.inc.ID, taskManager)))
	r.deleteAsAStranger(taskManager)
	r.await(taskManager, runtime.Unknown)
	r.wantError(r.killFor(8*time.Second), context.DeadlineExceeded)
	if s := r.observe(); s.Dead {
		t.Errorf("it is seen as %+v", s)
	}
	r.must(r.Abandon(t.Context(), r.inc.ID, "somebody"))
	r.must(r.killFor(time.Minute))
	if s := r.observe(); s.Dead || !s.Abandoned || s.Process(jobManager).State != runtime.Exited {
		t.Errorf("a person's word is no proof, but it is seen as %+v", s)
	}
	r.must(r.Forget(t.Context(), r.inc.ID))
}

func TestAnImageThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *kubernetes.Config, _ *runtime.Incarnation) {
		c.Image = func(string) (kubernetes.Image, error) { return kubernetes.Image{Name: "drey.test/none:1"}, nil }
	})
	r.wantError(r.Prepare(t.Context(), r.inc), kubernetes.ErrImage)
	if s := r.observe(); s.Dead || s.Process(jobManager).State != runtime.Absent {
		t.Errorf("it is seen as %+v", s)
	}
	r.killed() // it was never released, so it needs no proof
}

func TestAQuotaThatIsUsedUpIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *kubernetes.Config, inc *runtime.Incarnation) {
		for i := range inc.Processes {
			inc.Processes[i].MemoryMB = 100
		}
	})
	quota := &core.ResourceQuota{ObjectMeta: meta.ObjectMeta{Name: "q"}, Spec: core.ResourceQuotaSpec{Hard: core.ResourceList{core.ResourceLimitsMemory: resource.MustParse("150Mi")}}}
	_, err := cluster.Client.CoreV1().ResourceQuotas(r.config.Namespace).Create(t.Context(), quota, meta.CreateOptions{})
	r.must(err)
	until(t, "the quota is counted", func() bool {
		fit, err := r.Fits(t.Context(), 150)
		return err == nil && fit.Known && fit.FreeMB == 150 && fit.Fits
	})
	r.wantError(r.Prepare(t.Context(), r.inc), kubernetes.ErrQuota)
	if fit, err := r.Fits(t.Context(), 151); err != nil || fit.Fits {
		t.Errorf("too much fits: %+v, %v", fit, err)
	}
	r.killed()
}

func TestANamespaceThatIsGoneIsNoDeath(t *testing.T) {
	t.Parallel()
	r := newRig(t, asItIs)
	r.released()
	namespace := r.config.Namespace
	_, err := r.Identity(t.Context())
	r.must(err)
	r.must(cluster.Client.CoreV1().Namespaces().Delete(t.Context(), namespace, meta.DeleteOptions{}))
	r.await(jobManager, runtime.Exited) // the pods go first, and our finalizer keeps them and so the record
	r.await(taskManager, runtime.Exited)
	if r.observe().Dead {
		t.Error("nobody killed it, but it is dead for ever")
	}
	if err := r.killFor(time.Minute); err != nil && !errors.Is(err, kubernetes.ErrNoNamespace) { // with its last pod all is gone
		t.Error(err)
	}
	until(t, "the namespace is gone", func() bool {
		_, err := cluster.Client.CoreV1().Namespaces().Get(t.Context(), namespace, meta.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	_, err = r.Observe(t.Context(), r.inc.ID)
	r.wantError(err, kubernetes.ErrNoNamespace)
	_, err = cluster.Client.CoreV1().Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: namespace}}, meta.CreateOptions{})
	r.must(err)
	_, err = r.Identity(t.Context())
	r.wantError(err, runtime.ErrWrongTarget)
	_, err = r.Claim(t.Context(), "a server", 1, time.Second)
	r.wantError(err, runtime.ErrWrongTarget)
}

// What follows takes away what all tests share, so it does not run beside others.

func TestWhileTheAPIIsAwayWhatLivesIsSeenAndNothingIsDead(t *testing.T) {
	r := newRig(t, asItIs)
	r.released()
	pod := podOf(t, r.config.Namespace, r.inc.ID, taskManager)
	r.must(cluster.StopAPI())
	t.Cleanup(func() { _ = cluster.StartAPI(context.Background()) })
	for range 3 { // beyond the age of any view
		if s := r.observe(); s.Process(jobManager).State != runtime.Alive || s.Process(taskManager).State != runtime.Alive {
			t.Errorf("what lives is seen as %+v", s)
		}
		<-time.After(600 * time.Millisecond)
	}
	killContainer(t, pod)
	until(t, "nobody can say", func() bool {
		s, err := r.Observe(t.Context(), r.inc.ID)
		if s.Dead {
			t.Fatalf("it is seen as %+v", s)
		}
		return errors.Is(err, kubernetes.ErrAway)
	})
	r.wantError(r.killFor(5*time.Second), kubernetes.ErrAway)
	r.must(cluster.StartAPI(t.Context()))
	r.await(taskManager, runtime.Exited)
	r.killed()
}

func TestALostNodeProvesNothing(t *testing.T) {
	r := newRig(t, asItIs)
	r.released()
	node := podOf(t, r.config.Namespace, r.inc.ID, taskManager).Spec.NodeName
	i := int(node[len(node)-1] - '0')
	r.must(cluster.KillNode(i))
	t.Cleanup(func() { _ = cluster.StartNode(context.Background(), i) })
	r.await(taskManager, runtime.Unknown)
	r.wantError(r.killFor(20*time.Second), context.DeadlineExceeded)
	if s := r.observe(); s.Dead {
		t.Errorf("it is seen as %+v", s)
	}
	r.must(r.Abandon(t.Context(), r.inc.ID, "somebody"))
	r.must(r.killFor(time.Minute))
	if s := r.observe(); s.Dead || !s.Abandoned {
		t.Errorf("a person's word is no proof, but it is seen as %+v", s)
	}
}
