package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
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

func scope(tx *store.Tx, subscription, group string) error {
	if _, err := tx.Subscription(subscription); errors.Is(err, store.ErrNotFound) {
		return cluster.Errorf(cluster.NotFound, "SubscriptionNotFound", "", "The subscription %q could not be found.", subscription)
	} else if err != nil {
		return err
	}
	if group == "" {
		return nil
	}
	if _, err := tx.Group(subscription, group); errors.Is(err, store.ErrNotFound) {
		return cluster.Errorf(cluster.NotFound, "ResourceGroupNotFound", "", "Resource group %q could not be found.", group)
	} else if err != nil {
		return err
	}
	return nil
}

// Pool reads one pool.
func (s *Service) Pool(ctx context.Context, ref cluster.PoolRef) (pool cluster.Pool, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		pool, err = poolRow(tx, ref)
		return err
	})
	return pool, err
}

func poolRow(tx *store.Tx, ref cluster.PoolRef) (cluster.Pool, error) {
	if err := scope(tx, ref.Subscription, ref.Group); err != nil {
		return cluster.Pool{}, err
	}
	pool, err := tx.Pool(ref)
	if errors.Is(err, store.ErrNotFound) {
		return pool, notFound("pool", ref.Pool)
	}
	return pool, err
}

// Pools lists the pools of a subscription, or of one group of it.
func (s *Service) Pools(ctx context.Context, subscription, group string) (pools []cluster.Pool, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		if err := scope(tx, subscription, group); err != nil {
			return err
		}
		pools, err = tx.Pools(subscription, group)
		return err
	})
	return pools, err
}

func (s *Service) clusterRow(tx *store.Tx, ref cluster.Ref) (cluster.Cluster, error) {
	if _, err := poolRow(tx, ref.PoolRef); err != nil {
		return cluster.Cluster{}, parentNotFound(err)
	}
	cl, err := tx.Cluster(ref)
	if errors.Is(err, store.ErrNotFound) {
		return cl, notFound("cluster", ref.Name)
	}
	return cl, err
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
func (s *Service) Cluster(ctx context.Context, ref cluster.Ref) (v ClusterView, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		v, err = s.view(tx, ref)
		return err
	})
	return v, err
}

const (
	pageDefault = 100
	pageMost    = 1000
)

// Clusters lists a pool's clusters by name.
func (s *Service) Clusters(ctx context.Context, ref cluster.PoolRef, p Page) (views []ClusterView, next string, err error) {
	limit := p.Limit
	if limit <= 0 || limit > pageMost {
		limit = pageDefault
	}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		pool, err := poolRow(tx, ref)
		if err != nil {
			return err
		}
		rows, err := tx.Clusters(pool.UID, p.After, limit+1)
		if err != nil {
			return err
		}
		if len(rows) > limit {
			rows = rows[:limit]
			next = strings.ToLower(rows[limit-1].Ref.Name)
		}
		for _, cl := range rows {
			v, err := s.viewOf(tx, cl)
			if err != nil {
				return err
			}
			views = append(views, v)
		}
		return nil
	})
	return views, next, err
}

func (s *Service) view(tx *store.Tx, ref cluster.Ref) (ClusterView, error) {
	cl, err := s.clusterRow(tx, ref)
	if err != nil {
		return ClusterView{}, err
	}
	return s.viewOf(tx, cl)
}

func (s *Service) viewOf(tx *store.Tx, cl cluster.Cluster) (ClusterView, error) {
	job, err := tx.JobOf(cl.UID)
	if err != nil {
		return ClusterView{}, err
	}
	state, err := provisioning(tx, cl.Ref)
	if err != nil {
		return ClusterView{}, err
	}
	v := ClusterView{Cluster: cl, Job: job, ProvisioningState: state, TaskManagers: cluster.LaunchOf(cl.Spec).TaskManagers}
	if ver, err := tx.Version(job.UID, job.Goal); err == nil && ver.Flink != "" {
		v.Components = []Component{{"Flink", ver.Flink}}
	}
	if state != cluster.ProvisioningAccepted {
		v.FQDN = s.fqdn(cl)
	}
	return v, nil
}

// fqdn is the cluster's host name (R40).
func (s *Service) fqdn(cl cluster.Cluster) string {
	return strings.Join([]string{cl.Ref.Name, cl.Ref.Pool, strings.ReplaceAll(cl.Ref.Subscription, "-", ""), cluster.NormalizeLocation(cl.Spec.Location), s.Domain}, ".")
}

// provisioning computes provisioningState from the newest writing operation (R12).
func provisioning(tx *store.Tx, ref cluster.Ref) (string, error) {
	op, err := tx.NewestOf(ref.ID(), []string{"PUT", "PATCH", "DELETE"}, store.CallerLane)
	if errors.Is(err, store.ErrNotFound) {
		return cluster.ProvisioningState(cluster.WritingOperation{}), nil
	}
	if err != nil {
		return "", err
	}
	return cluster.ProvisioningState(cluster.WritingOperation{Verb: op.Verb, Running: op.State != store.Ended, Outcome: string(op.Outcome)}), nil
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
	if _, ok := s.Runtimes[loc]; ok {
		return loc, true
	}
	if slices.Contains(regions, loc) && len(s.Runtimes) == 1 {
		for name := range s.Runtimes {
			return name, true
		}
	}
	return "", false
}

func (s *Service) locations() []string {
	var names []string
	for name := range s.Runtimes {
		names = append(names, name)
	}
	slices.Sort(names)
	return append(names, "every public Azure region")
}

// regions are the public Azure regions: aliases of the default target (R02).
var regions = []string{
	"australiacentral", "australiacentral2", "australiaeast", "australiasoutheast", "austriaeast", "belgiumcentral", "brazilsouth", "brazilsoutheast",
	"canadacentral", "canadaeast", "centralindia", "centralus", "chilecentral", "eastasia", "eastus", "eastus2", "francecentral", "francesouth",
	"germanynorth", "germanywestcentral", "indonesiacentral", "israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral", "koreasouth",
	"malaysiawest", "mexicocentral", "newzealandnorth", "northcentralus", "northeurope", "norwayeast", "norwaywest", "polandcentral", "qatarcentral",
	"southafricanorth", "southafricawest", "southcentralus", "southeastasia", "southindia", "spaincentral", "swedencentral", "switzerlandnorth",
	"switzerlandwest", "uaecentral", "uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westindia", "westus", "westus2", "westus3",
}
