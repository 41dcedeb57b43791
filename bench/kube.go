package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"drey/test/kube"
)

const (
	kubePool = "bench"
	keepFile = "internal/daemon/embedded/drey-keep"
)

// kubeConfig is what all jobs on Kubernetes are told beyond the defaults.
var kubeConfig = []string{"state.backend.type=rocksdb", "execution.checkpointing.interval=1s"}

// onKube is the witness job as a cluster of ours and as plain objects, side by side on one Kubernetes, and what was measured with both.
type onKube struct {
	cluster *kube.Cluster
	ours    *job
	theirs  *plain
	beside  *operated // by the Flink Kubernetes Operator; nil where there is no checkout of it

	drey     struct{ updates, creates, recoveries gaps } // of a create and a recovery the gap begins with the request, or the kill
	plain    struct{ updates, creates, recoveries series }
	operator series // updates

	comeback verdict // of the jobs with Kubernetes HA, together
}

// measureKube measures updates, creates and recoveries on a real Kubernetes, n times in turns; the recovery by Kubernetes HA, which is slow,
// each third time.
func measureKube(ctx context.Context, dir string, n int) (_ string, err error) {
	cluster, leave, err := kube.Take(ctx, 2)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := leave(); e != nil {
			fmt.Fprintln(os.Stderr, "bench:", e)
		}
	}()
	s, err := newKubeServer(ctx, cluster)
	if err != nil {
		return "", err
	}
	defer s.remove()
	before := load()
	w := workload{ledger: s.ledger("ours"), rate: 500}
	m := &onKube{cluster: cluster, ours: s.job("ours", w), theirs: newPlain(cluster, s.target, "plain", w.beside("plain"))}
	defer func() { _ = m.theirs.end(ctx) }() // the namespace takes what is left of it
	if err := m.theirs.create(ctx); err != nil {
		return "", err
	}
	if err := s.create(ctx, m.ours.name, w, flags(kubeConfig)...); err != nil {
		return "", err
	}
	if home := os.Getenv(operatorVariable); home != "" {
		if m.beside, err = startOperated(ctx, cluster, s.target, home, dir, w.beside("operator")); err != nil {
			return "", err
		}
		defer func() { _ = m.beside.remove(ctx) }()
	}
	for i := range n {
		if err := m.round(ctx, i); err != nil {
			return "", fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	verdicts, err := m.judge()
	if err != nil {
		return "", err
	}
	return m.report(verdicts, before)
}

// judge judges all ledgers.
func (m *onKube) judge() ([]verdict, error) {
	a, err := m.ours.judge("`drey`", nil, m.ours.repeats)
	if err != nil {
		return nil, err
	}
	b, err := m.theirs.judge("plain objects", nil, nil)
	if err != nil {
		return nil, err
	}
	all := []verdict{a, b, m.comeback}
	if m.beside != nil {
		c, err := m.beside.judge("the operator's", nil, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// newKubeServer starts a server beside the cluster, with a pool there.
func newKubeServer(ctx context.Context, cluster *kube.Cluster) (*server, error) {
	keeper, err := cluster.LoadKeeper(ctx, keepFile)
	if err != nil {
		return nil, err
	}
	target, err := cluster.NewTarget(ctx, keeper, os.Getenv("DREY_TEST_FLINK"))
	if err != nil {
		return nil, err
	}
	s := &server{data: target.Data, target: target}
	err = allowHA(ctx, cluster, target.Namespace)
	if err == nil {
		err = s.serve(serverConfig + "archives: false\n" + target.Config)
	}
	if err != nil {
		_ = target.Remove(context.WithoutCancel(ctx))
		return nil, err
	}
	if _, err = s.cli(ctx, "pool", "create", kubePool, "--location", "kubernetes"); err == nil {
		err = s.store(ctx)
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// remove ends the server, and all that it has on Kubernetes.
func (s *server) remove() {
	s.down()
	if err := s.target.Remove(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

// ledger is a folder that pods can write to.
func (s *server) ledger(name string) string {
	return filepath.Join(s.target.Storage, "ledgers", name)
}

// round measures each thing once, ours and theirs.
func (m *onKube) round(ctx context.Context, i int) error {
	if err := m.update(ctx); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	if err := m.create(ctx, i); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := m.recovery(ctx); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	fmt.Printf("round %d: update %v, plain %.2f s\n  create %v, plain %.2f s\n  JobManager killed %v\n", i+1, m.drey.updates[i], m.plain.updates[i],
		m.drey.creates[i], m.plain.creates[i], m.drey.recoveries[i])
	if i%3 > 0 {
		return nil
	}
	return m.comesBack(ctx, i)
}

func (m *onKube) update(ctx context.Context) error {
	c, err := m.ours.update(ctx, fromSavepoint)
	if err != nil {
		return err
	}
	gap, err := m.theirs.update(ctx)
	if err != nil {
		return err
	}
	m.drey.updates, m.plain.updates = append(m.drey.updates, c), append(m.plain.updates, gap)
	if m.beside == nil {
		return nil
	}
	gap, err = m.beside.update(ctx)
	m.operator = append(m.operator, gap)
	fmt.Printf("update by the operator %.2f s\n", gap)
	return err
}

// create makes one more of each, and takes it away.
func (m *onKube) create(ctx context.Context, i int) error {
	w := workload{ledger: m.ours.server.ledger(fmt.Sprintf("made-%d", i)), rate: 500}
	var took series
	if err := took.create(ctx, m.ours.server, w, flags(kubeConfig)...); err != nil {
		return err
	}
	c, err := m.ours.tells(ctx, "starts", took[0])
	if err != nil {
		return err
	}
	m.drey.creates = append(m.drey.creates, c)
	if err := m.ours.server.job("starts", w).end(ctx); err != nil {
		return err
	}
	theirs := newPlain(m.cluster, m.theirs.target, fmt.Sprintf("made-%d", i), w.beside("plain"))
	begin := time.Now()
	if err := theirs.create(ctx); err != nil {
		return err
	}
	return errors.Join(m.plain.creates.add(ctx, begin, theirs.ledger), theirs.end(ctx))
}

// recovery kills the JobManager of ours.
func (m *onKube) recovery(ctx context.Context) error {
	took, err := m.ours.recovery(ctx, m.ours.repeats, func() (time.Time, error) { return m.ours.shoot(ctx, roles[0]) })
	if err != nil {
		return err
	}
	if err := m.ours.quiet(ctx); err != nil {
		return err
	}
	c, err := m.ours.tells(ctx, m.ours.name, took)
	m.drey.recoveries = append(m.drey.recoveries, c)
	return err
}

// comesBack kills the JobManager of plain objects with Kubernetes HA. They are new ones each time: the kubelet puts the second restart of a
// container off.
func (m *onKube) comesBack(ctx context.Context, i int) error {
	j := newPlain(m.cluster, m.theirs.target, fmt.Sprintf("ha-%d", i), workload{ledger: m.ours.server.ledger(fmt.Sprintf("ha-%d", i)), rate: 500})
	j.ha = true
	if err := j.create(ctx); err != nil {
		return err
	}
	repeats := map[string]int64{}
	took, err := j.recovery(ctx, repeats)
	if err = errors.Join(err, j.end(ctx)); err != nil {
		return fmt.Errorf("recovery by Kubernetes HA: %w", err)
	}
	fmt.Printf("  JobManager of plain objects with HA killed %.2f s\n", took)
	m.plain.recoveries = append(m.plain.recoveries, took)
	v, err := j.judge("plain objects with HA", nil, repeats)
	m.comeback.job, m.comeback.Incarnations, m.comeback.Records = v.job, m.comeback.Incarnations+v.Incarnations, m.comeback.Records+v.Records
	return err
}

// tells adds to what a start took what the server says of it.
func (s *server) tells(ctx context.Context, cluster string, took float64) (change, error) {
	i, err := s.newest(ctx, cluster)
	if err != nil {
		return change{}, err
	}
	if i.Gap == nil {
		return change{}, fmt.Errorf("the server tells of no gap of incarnation %s", i.ID)
	}
	return change{took, i.Gap.Seconds, i.Gap.Parts}, nil
}
