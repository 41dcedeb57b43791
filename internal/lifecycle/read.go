package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
)

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

func notFound(what, name string) *cluster.Error {
	return cluster.Errorf(cluster.NotFound, "ResourceNotFound", "", "There is no %s %q.", what, name)
}

// Scope checks that a subscription and, if one is named, a group exist (R01).
func (s *Service) Scope(ctx context.Context, subscription, group string) error {
	return s.Store.Read(ctx, func(tx *store.Tx) error { return scope(tx, subscription, group) })
}

// scope looks for the innermost first: no group is without its subscription.
func scope(tx *store.Tx, subscription, group string) error {
	var err error
	if group != "" {
		if _, err = groupRow(tx, subscription, group); cluster.AsError(err) == nil {
			return err
		}
	}
	_, missing := tx.Subscription(subscription)
	switch {
	case errors.Is(missing, store.ErrNotFound):
		return cluster.Errorf(cluster.NotFound, "SubscriptionNotFound", "", "The subscription %q could not be found.", subscription)
	case missing != nil:
		return missing
	}
	return err
}

// Pool reads one pool.
func (s *Service) Pool(ctx context.Context, ref cluster.PoolRef) (pool cluster.Pool, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		pool, err = poolRow(tx, ref)
		return err
	})
	return pool, err
}

// poolRow finds a pool. Where there is one, its subscription and group are there too (they are removed last); where there is none, the
// outermost that is missing is named.
func poolRow(tx *store.Tx, ref cluster.PoolRef) (cluster.Pool, error) {
	pool, err := tx.Pool(ref)
	if !errors.Is(err, store.ErrNotFound) {
		return pool, err
	}
	if err := scope(tx, ref.Subscription, ref.Group); err != nil {
		return pool, err
	}
	return pool, notFound("pool", ref.Pool)
}

// clusterRow finds a cluster as poolRow finds a pool.
func (s *Service) clusterRow(tx *store.Tx, ref cluster.Ref) (cluster.Cluster, error) {
	cl, err := tx.Cluster(ref)
	if !errors.Is(err, store.ErrNotFound) {
		return cl, err
	}
	if _, err := poolRow(tx, ref.PoolRef); err != nil {
		return cl, parentNotFound(err)
	}
	return cl, notFound("cluster", ref.Name)
}

// jobRow finds the job of a cluster.
func (s *Service) jobRow(tx *store.Tx, ref cluster.Ref) (cluster.Job, error) {
	cl, err := s.clusterRow(tx, ref)
	if err != nil {
		return cluster.Job{}, err
	}
	return tx.JobOf(cl.UID)
}

// Cluster reads one cluster.
func (s *Service) Cluster(ctx context.Context, ref cluster.Ref) (ClusterView, error) {
	found, err := s.StoredCluster(ctx, ref)
	if err != nil {
		return ClusterView{}, err
	}
	return found.View()
}

// StoredCluster reads one cluster, and makes no view of it yet.
func (s *Service) StoredCluster(ctx context.Context, ref cluster.Ref) (found StoredCluster, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := s.shownRow(tx, ref)
		found = s.stored(row)
		return err
	})
	return found, err
}

const (
	pageDefault = 100
	pageMost    = 1000
)

func (p Page) limit() int {
	if p.Limit <= 0 || p.Limit > pageMost {
		return pageDefault
	}
	return p.Limit
}

// StoredClusters lists a pool's clusters by name.
func (s *Service) StoredClusters(ctx context.Context, ref cluster.PoolRef, p Page) (all []StoredCluster, next string, err error) {
	limit := p.limit()
	var rows []store.ShownCluster
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		rows, err = tx.ShownClusters(ref, store.CallerLane, writes, p.After, limit+1)
		if err == nil && len(rows) == 0 {
			_, err = poolRow(tx, ref)
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].Key
	}
	all = make([]StoredCluster, len(rows))
	for i, row := range rows {
		all[i] = s.stored(row)
	}
	return all, next, nil
}

// shownRow finds a cluster as clusterRow does, with all that it is shown from.
func (s *Service) shownRow(tx *store.Tx, ref cluster.Ref) (store.ShownCluster, error) {
	row, err := tx.ShownCluster(ref, store.CallerLane, writes)
	if errors.Is(err, store.ErrNotFound) {
		_, err = s.clusterRow(tx, ref)
	}
	return row, err
}

func (s *Service) view(tx *store.Tx, ref cluster.Ref) (ClusterView, error) {
	row, err := s.shownRow(tx, ref)
	if err != nil {
		return ClusterView{}, err
	}
	return s.shown(row)
}

// stored is a row for whoever may know already what it says.
func (s *Service) stored(row store.ShownCluster) StoredCluster {
	// No part but the last, which is as long as it likes, can have a zero byte.
	text := append([]byte(row.Flink+"\x00"+provisioningOf(row)+"\x00"), row.Cluster...)
	return StoredCluster{ETag: row.ETag, Digest: sha256.Sum256(text), View: func() (ClusterView, error) { return s.shown(row) }}
}

// shown is a cluster as callers see it.
func (s *Service) shown(row store.ShownCluster) (v ClusterView, err error) {
	if v.Cluster, err = row.Cluster.Decode(); err != nil {
		return v, err
	}
	if v.Job, err = row.Job.Decode(); err != nil {
		return v, err
	}
	v.Job.SeenAt, v.ProvisioningState, v.TaskManagers = row.SeenAt, provisioningOf(row), cluster.LaunchOf(v.Spec).TaskManagers
	if row.Flink != "" {
		v.Components = []Component{{"Flink", row.Flink}}
	}
	if v.ProvisioningState != cluster.ProvisioningAccepted {
		v.FQDN = s.fqdn(v.Cluster)
	}
	return v, nil
}

// fqdn is the cluster's host name (R40).
func (s *Service) fqdn(cl cluster.Cluster) string {
	return strings.Join([]string{cl.Ref.Name, cl.Ref.Pool, strings.ReplaceAll(cl.Ref.Subscription, "-", ""), cluster.NormalizeLocation(cl.Spec.Location), s.Domain}, ".")
}

// writes are the verbs that decide provisioningState (R12).
var writes = []string{"PUT", "PATCH", VerbResize, VerbUpgrade, "DELETE"}

// provisioningOf computes provisioningState from the newest writing operation (R12). One that was born ended, since it had nothing to do, hides
// none that is still active.
func provisioningOf(row store.ShownCluster) string {
	op := row.Newest
	w := cluster.WritingOperation{Verb: op.Verb, Running: op.Verb != "" && op.State != store.Ended, Outcome: string(op.Outcome)}
	if op.State == store.Ended && op.Turn == 0 && slices.Contains(writes, row.ActiveVerb) {
		w = cluster.WritingOperation{Verb: row.ActiveVerb, Running: true}
	}
	return cluster.ProvisioningState(w)
}

// Jobs lists the cluster's job: exactly one, from acceptance to deletion (R23).
func (s *Service) Jobs(ctx context.Context, ref cluster.Ref) (jobs []JobView, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		v, err := tx.Version(job.UID, job.Goal)
		if err != nil {
			return err
		}
		jobs = []JobView{{Job: job, Launch: v.Launch}}
		return nil
	})
	return jobs, err
}

// Savepoints is the catalogue of the cluster's job, newest first.
func (s *Service) Savepoints(ctx context.Context, ref cluster.Ref) (all []cluster.Savepoint, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		all, err = tx.Savepoints(job.UID)
		return err
	})
	return all, err
}

// Versions lists the versions of the cluster's job, newest first.
func (s *Service) Versions(ctx context.Context, ref cluster.Ref) (all []cluster.Version, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		all, err = tx.Versions(job.UID)
		return err
	})
	return all, err
}

// Incarnations lists the starts of the cluster's job, newest first, each with its gap.
func (s *Service) Incarnations(ctx context.Context, ref cluster.Ref) (all []cluster.Incarnation, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		all, err = tx.Incarnations(job.UID)
		return err
	})
	return all, err
}

// savepointList is jobOutput of LIST_SAVEPOINT (R26).
func savepointList(list []cluster.Savepoint) string {
	type entry struct {
		Name      string `json:"name"`
		Path      string `json:"path"`
		Time      string `json:"time"`
		SizeBytes int64  `json:"sizeBytes"`
		Origin    string `json:"origin"`
		Version   int    `json:"version"`
		Complete  bool   `json:"complete"`
	}
	out := []entry{}
	for _, sp := range list[:min(100, len(list))] {
		out = append(out, entry{sp.Name, sp.URI, sp.CompletedAt.UTC().Format(time.RFC3339), sp.Bytes, sp.Origin, sp.Version, sp.Complete})
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// targetAt is the target a location leads to (R02).
func (s *Service) targetAt(location string) (string, bool) {
	loc := cluster.NormalizeLocation(location)
	if _, ok := s.Targets[loc]; ok {
		return loc, true
	}
	if slices.Contains(regions, loc) {
		return s.defaultTarget()
	}
	return "", false
}

// defaultTarget is the only one there is, but for the simulated one.
func (s *Service) defaultTarget() (string, bool) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Targets)), func(name string) bool {
		return len(s.Targets) > 1 && s.Targets[name].Kind == KindSimulated
	})
	if len(names) != 1 {
		return "", false
	}
	return names[0], true
}

// factsAt is what validation must know of Flink on a target.
func (s *Service) factsAt(target string) cluster.FlinkFacts {
	if t, ok := s.Targets[target]; ok {
		return t.Facts()
	}
	return cluster.FlinkFacts{}
}

func (s *Service) locations() []string {
	return append(slices.Sorted(maps.Keys(s.Targets)), "every public Azure region")
}
