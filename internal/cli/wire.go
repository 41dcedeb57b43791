package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"drey/internal/arm/v20261101"
)

// What the CLI reads of the API's answers: the wire types of its version, and lists of them.

type listOf[T any] struct {
	Value    []T    `json:"value"`
	NextLink string `json:"nextLink"`
}

// get reads one resource.
func get[T any](ctx context.Context, s *session, path string, query url.Values) (v T, raw json.RawMessage, err error) {
	a, err := s.do(ctx, request{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return v, nil, err
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		return v, nil, fmt.Errorf("cannot understand the server's answer: %w", err)
	}
	return v, a.body, nil
}

// all reads a list to its end.
func all[T any](ctx context.Context, s *session, path string, query url.Values) ([]T, error) {
	items := []T{}
	for path != "" {
		page, _, err := get[listOf[T]](ctx, s, path, query)
		if err != nil {
			return nil, err
		}
		items = append(items, page.Value...)
		path, query = page.NextLink, nil
	}
	return items, nil
}

func (s *session) about(ctx context.Context) (v20261101.About, error) {
	a, _, err := get[v20261101.About](ctx, s, "/about", nil)
	return a, err
}

func (s *session) clusters(ctx context.Context) ([]v20261101.Cluster, error) {
	list, _, err := s.clustersAsSaid(ctx)
	return list, err
}

// clustersAsSaid are the pool's clusters, each also as the server said it.
func (s *session) clustersAsSaid(ctx context.Context) ([]v20261101.Cluster, []json.RawMessage, error) {
	pool, err := s.poolPath()
	if err != nil {
		return nil, nil, err
	}
	return both[v20261101.Cluster](ctx, s, pool+"/clusters", nil)
}

func (s *session) cluster(ctx context.Context, name string) (v20261101.Cluster, json.RawMessage, error) {
	path, err := s.clusterPath(name)
	if err != nil {
		return v20261101.Cluster{}, nil, err
	}
	return get[v20261101.Cluster](ctx, s, path, nil)
}

func (s *session) pools(ctx context.Context) ([]pool, []json.RawMessage, error) {
	group, err := s.groupPath()
	if err != nil {
		return nil, nil, err
	}
	return both[pool](ctx, s, group+poolsBelow, nil)
}

// pool is the one that is named first, else the one in use.
func (s *session) pool(ctx context.Context, args []string) (pool, json.RawMessage, error) {
	at, err := s.namedPool(args)
	if err != nil {
		return pool{}, nil, err
	}
	return get[pool](ctx, s, at, nil)
}

// tagsOf are tags as key=value, by key.
func tagsOf(tags map[string]string) []string {
	var all []string
	for _, key := range sortedKeys(tags) {
		all = append(all, key+"="+tags[key])
	}
	return all
}

func sortedKeys[K cmp.Ordered, T any](m map[K]T) []K { return slices.Sorted(maps.Keys(m)) }

// job is the cluster's job.
func (s *session) job(ctx context.Context, name string) (v20261101.Job, json.RawMessage, error) {
	path, err := s.clusterPath(name)
	if err != nil {
		return v20261101.Job{}, nil, err
	}
	list, err := all[json.RawMessage](ctx, s, path+"/jobs", nil)
	if err != nil {
		return v20261101.Job{}, nil, err
	}
	var j v20261101.Job
	if len(list) == 0 {
		return j, nil, &failure{Code: "JobNotFound", Exit: exitNotFound, Why: fmt.Sprintf("cluster %q has no job", name)}
	}
	return j, list[0], json.Unmarshal(list[0], &j)
}

// versions are those of the cluster's job, newest first.
func (s *session) versions(ctx context.Context, name string) ([]v20261101.JobVersion, []json.RawMessage, error) {
	return ofCluster[v20261101.JobVersion](ctx, s, name, "/versions")
}

// incarnations are the starts of the cluster's job, newest first.
func (s *session) incarnations(ctx context.Context, name string) ([]v20261101.Incarnation, []json.RawMessage, error) {
	return ofCluster[v20261101.Incarnation](ctx, s, name, "/incarnations")
}

// savepoints are those of the cluster's job, newest first.
func (s *session) savepoints(ctx context.Context, name string) ([]v20261101.Savepoint, []json.RawMessage, error) {
	return ofCluster[v20261101.Savepoint](ctx, s, name, "/savepoints")
}

// ofCluster reads a list below a cluster.
func ofCluster[T any](ctx context.Context, s *session, name, below string) ([]T, []json.RawMessage, error) {
	path, err := s.clusterPath(name)
	if err != nil {
		return nil, nil, err
	}
	return both[T](ctx, s, path+below, nil)
}

// moment reads a time of the API; zero if there is none.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// both reads a list: its items, and each as the server said it.
func both[T any](ctx context.Context, s *session, path string, query url.Values) ([]T, []json.RawMessage, error) {
	raw, err := all[json.RawMessage](ctx, s, path, query)
	if err != nil {
		return nil, nil, err
	}
	items := make([]T, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &items[i]); err != nil {
			return nil, nil, fmt.Errorf("cannot understand the server's answer: %w", err)
		}
	}
	return items, raw, nil
}
