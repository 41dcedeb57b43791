package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/flink"
	"drey/test/flink/witness"
	"drey/test/kube"
)

// plain is the witness job as a person runs it on Kubernetes without us: a Service, a ConfigMap, and a pod each for JobManager and
// TaskManager. Pods that nothing stands above are made and deleted sooner than those of a Job and a Deployment.
type plain struct {
	workload
	cluster    *kube.Cluster
	target     *kube.Target
	name       string
	ha         bool // by Kubernetes HA: the kubelet starts a JobManager that died again, which goes on at the newest checkpoint
	starts     int
	jobManager *flink.Client
}

func newPlain(c *kube.Cluster, t *kube.Target, name string, w workload) *plain {
	return &plain{workload: w, cluster: c, target: t, name: name}
}

// folder is where the job keeps a kind of state.
func (j *plain) folder(kind string) string {
	return filepath.Join(j.target.Storage, "plain", j.name, kind)
}

// create makes all there is.
func (j *plain) create(ctx context.Context) error {
	service, err := j.cluster.Client.CoreV1().Services(j.target.Namespace).Create(ctx, j.service(), meta.CreateOptions{})
	if err != nil {
		return err
	}
	address := service.Spec.ClusterIP
	j.jobManager = flink.New("http://"+address+":8081", j.cluster.Transport())
	config, err := j.configuration(address)
	if err != nil {
		return err
	}
	if _, err := j.cluster.Client.CoreV1().ConfigMaps(j.target.Namespace).Create(ctx, config, meta.CreateOptions{}); err != nil {
		return err
	}
	return j.start(ctx, "")
}

// start makes both pods at the same moment, from a savepoint if one is named.
func (j *plain) start(ctx context.Context, savepoint string) error {
	j.starts++
	jm, tm, err := j.pods(savepoint)
	if err != nil {
		return err
	}
	pods := j.cluster.Client.CoreV1().Pods(j.target.Namespace)
	if _, err := pods.Create(ctx, jm, meta.CreateOptions{}); err != nil {
		return err
	}
	_, err = pods.Create(ctx, tm, meta.CreateOptions{})
	return err
}

// update changes the job as people do it today, and answers the gap in seconds: last record before to first record after.
func (j *plain) update(ctx context.Context) (float64, error) {
	writer, err := j.grows(ctx, 500)
	if err != nil {
		return 0, err
	}
	savepoint, err := stop(ctx, j.jobManager, j.folder("savepoints"))
	if err != nil {
		return 0, err
	}
	if err := j.deletePods(ctx, meta.DeleteOptions{}); err != nil {
		return 0, err
	}
	j.change++
	if err := j.start(ctx, savepoint); err != nil {
		return 0, err
	}
	begin, err := j.next(ctx, writer)
	return begin.First.Sub(begin.Before).Seconds(), err
}

// deletePods deletes both pods, and waits until they are gone.
func (j *plain) deletePods(ctx context.Context, how meta.DeleteOptions) error {
	pods := j.cluster.Client.CoreV1().Pods(j.target.Namespace)
	for _, role := range roles {
		if err := pods.Delete(ctx, j.podName(role), how); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	for _, role := range roles {
		err := until(ctx, patience, 100*time.Millisecond, func() (bool, error) {
			_, err := pods.Get(ctx, j.podName(role), meta.GetOptions{})
			if apierrors.IsNotFound(err) {
				return true, nil
			}
			return false, err
		})
		if err != nil {
			return fmt.Errorf("%s is not gone: %w", j.podName(role), err)
		}
	}
	return nil
}

// recovery kills the JobManager, does nothing more, and answers how many seconds later the first record is written. Its TaskManager lives
// on, and so the ledger shows another life of the same process.
func (j *plain) recovery(ctx context.Context, repeats map[string]int64) (float64, error) {
	if _, err := j.grows(ctx, 1000); err != nil { // two seconds: there is a checkpoint
		return 0, err
	}
	before, err := witness.Begins(j.ledger)
	if err != nil {
		return 0, err
	}
	at, err := killMarked(j.marker(roles[0]))
	if err != nil {
		return 0, err
	}
	var now []witness.Begin
	err = until(ctx, patience, 100*time.Millisecond, func() (bool, error) {
		now, err = witness.Begins(j.ledger)
		return len(now) > len(before), err
	})
	if err != nil {
		return 0, fmt.Errorf("no record of a new life: %w", err)
	}
	begin := now[len(now)-1]
	return begin.First.Sub(at).Seconds(), j.mayRepeat(begin, repeats)
}

// end takes all away, also where ctx ended before.
func (j *plain) end(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	at, now := j.cluster.Client.CoreV1(), int64(0)
	return errors.Join(j.deletePods(ctx, meta.DeleteOptions{GracePeriodSeconds: &now}),
		at.Services(j.target.Namespace).Delete(ctx, j.name, meta.DeleteOptions{}),
		at.ConfigMaps(j.target.Namespace).Delete(ctx, j.name, meta.DeleteOptions{}))
}
