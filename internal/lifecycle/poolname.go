package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"drey/internal/cluster"
	"drey/internal/store"
)

// Availability says whether a name can be given to a new resource.
type Availability struct {
	Available       bool
	Reason, Message string // of one that cannot: Invalid, AlreadyExists
}

const (
	poolType    = "Microsoft.HDInsight/clusterPools"
	clusterType = poolType + "/clusters"
)

// NameAvailable tells whether a pool or cluster could have a name (R35): pool names are unique for a location of a subscription, cluster
// names for a pool. A cluster's name is POOL/CLUSTER; without a pool, no cluster of the subscription may have it.
func (s *Service) NameAvailable(ctx context.Context, subscription, location, resourceType, name string) (a Availability, err error) {
	if err := s.CheckLocation(location); err != nil {
		return a, err
	}
	pool, clusterName := name, ""
	what, part := "cluster pool", name
	switch {
	case strings.EqualFold(resourceType, clusterType):
		before, after, qualified := strings.Cut(name, "/")
		pool, clusterName = before, after
		if !qualified {
			pool, clusterName = "", name
		}
		what, part = "cluster", clusterName
	case !strings.EqualFold(resourceType, poolType):
		return a, cluster.Errorf(cluster.Invalid, "InvalidParameter", "type", "The type is %s or %s.", poolType, clusterType)
	}
	if f := cluster.ValidateName(what, part); f != nil {
		return Availability{Reason: "Invalid", Message: f.Message}, nil
	}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		taken, err := nameTaken(tx, subscription, location, pool, clusterName)
		if a.Available = !taken; taken {
			a.Reason, a.Message = "AlreadyExists", fmt.Sprintf("There is a %s %q.", what, name)
		}
		return err
	})
	return a, err
}

// nameTaken looks for a pool, for a cluster in a pool, or for a cluster in any pool.
func nameTaken(tx *store.Tx, subscription, location, pool, clusterName string) (bool, error) {
	var pools []cluster.Pool
	var err error
	if pool == "" {
		pools, err = tx.Pools(subscription, "", "", 0)
	} else {
		var p cluster.Pool
		p, err = poolAt(tx, subscription, location, pool)
		pools = []cluster.Pool{p}
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || clusterName == "" {
		return err == nil, err
	}
	for _, p := range pools {
		_, err := tx.Cluster(cluster.Ref{PoolRef: p.Ref, Name: clusterName})
		if !errors.Is(err, store.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}
