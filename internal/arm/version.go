package arm

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"drey/internal/arm/v20230601preview"
	"drey/internal/arm/v20231101preview"
	"drey/internal/arm/v20240501"
	"drey/internal/arm/v20240501preview"
	"drey/internal/arm/v20261101"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// version is what differs between api-versions.
type version struct {
	name          string
	ours          bool // what is beyond the published API exists only here
	showsJob      bool // a cluster is shown with what was last seen of its job
	put           cluster.Declaring
	decodeCluster func([]byte, *cluster.Cluster) (cluster.Spec, []string, error)
	decodeRunJob  func([]byte) (cluster.RunJob, []string, error)
	encodeCluster func(lifecycle.ClusterView) any
	encodeJob     func(cluster.Ref, lifecycle.JobView) any
	pools         v20240501.PoolForm
}

var published = &version{
	name:          v20240501.Name,
	decodeCluster: v20240501.DecodeCluster, encodeCluster: v20240501.EncodeCluster,
	decodeRunJob: v20240501.DecodeRunJob, encodeJob: v20240501.EncodeJob,
	pools: v20240501.Pools,
}

var ours = &version{
	name: v20261101.Name, ours: true, showsJob: true, put: cluster.ByOurPut,
	decodeCluster: v20261101.DecodeCluster, encodeCluster: v20261101.EncodeCluster,
	decodeRunJob: v20261101.DecodeRunJob, encodeJob: v20240501.EncodeJob,
	pools: v20240501.OurPools,
}

// The previews: each is the published one but for what it has otherwise. None is published of 2021-09-15-preview, which clients sent all
// the same: it is taken as the one after it.
var (
	preview2405 = published.but(v20240501preview.Name, v20240501preview.DecodeCluster, v20240501preview.EncodeCluster).with(v20240501preview.Pools)
	preview2311 = published.but(v20231101preview.Name, v20231101preview.DecodeCluster, v20231101preview.EncodeCluster)
	preview2306 = runHidden(published.but(v20230601preview.Name, v20230601preview.DecodeCluster, v20230601preview.EncodeCluster))
	preview2109 = runHidden(published.but("2021-09-15-preview", v20230601preview.DecodeCluster, v20230601preview.EncodeCluster))
)

// but is v with another name and another form of clusters.
func (v version) but(name string, decode func([]byte, *cluster.Cluster) (cluster.Spec, []string, error), encode func(lifecycle.ClusterView) any) *version {
	v.name, v.decodeCluster, v.encodeCluster = name, decode, encode
	return &v
}

// with is v with another form of pools.
func (v *version) with(pools v20240501.PoolForm) *version {
	v.pools = pools
	return v
}

func runHidden(v *version) *version {
	v.encodeJob = v20230601preview.EncodeJob
	return v.with(v20230601preview.Pools)
}

// The sets of versions a route can have. A route with none takes no api-version.
var (
	previews     = []*version{preview2405, preview2311, preview2306, preview2109}
	everyVersion = slices.Concat([]*version{published}, previews, []*version{ours})
	since2311    = []*version{published, preview2405, preview2311, ours}
	since2405    = []*version{published, preview2405, ours}
	oursOnly     = []*version{ours}
)

var versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-[A-Za-z]+)?$`)

// versionOf finds the version a request asks for among those of its route. The parameter's name is compared without regard to case.
func versionOf(r *http.Request, rt *route) (*version, error) {
	if len(rt.versions) == 0 && !rt.foreign {
		return published, nil
	}
	asked := query(r, "api-version")
	switch {
	case len(asked) == 0 || asked[0] == "":
		if rt.optional {
			return rt.versions[0], nil
		}
		return nil, cluster.Errorf(cluster.Invalid, "MissingApiVersionParameter", "api-version",
			"The api-version query parameter (?api-version=) is required for all requests.")
	case rt.foreign && len(asked) == 1 && versionForm.MatchString(asked[0]):
		return published, nil
	case len(asked) > 1 || !versionForm.MatchString(asked[0]):
		return nil, cluster.Errorf(cluster.Invalid, "InvalidApiVersionParameter", "api-version",
			"The api-version must be one date of the form yyyy-mm-dd. The supported api-versions are '%s'.", rt.supported())
	}
	for _, v := range rt.versions {
		if strings.EqualFold(v.name, asked[0]) {
			return v, nil
		}
	}
	return nil, cluster.Errorf(cluster.Invalid, "NoRegisteredProviderFound", "api-version",
		"No registered resource provider found for location '' and API version '%s' for type '%s'. The supported api-versions are '%s'.",
		asked[0], rt.resourceType(), rt.supported())
}

// supported names the versions of a route.
func (rt *route) supported() string {
	if rt.foreign {
		return "any"
	}
	var all []string
	for _, v := range rt.versions {
		all = append(all, v.name)
	}
	return strings.Join(all, ", ")
}

// query gives the values of a query parameter whose name is compared without regard to case, in no special order.
func query(r *http.Request, name string) []string {
	var values []string
	for key, v := range r.URL.Query() {
		if strings.EqualFold(key, name) {
			values = append(values, v...)
		}
	}
	return values
}

// one gives the only value of a query parameter, "" if it is absent.
func one(r *http.Request, name string) (string, error) {
	values := query(r, name)
	if len(values) > 1 {
		return "", cluster.Errorf(cluster.Invalid, invalidParameter, name, "The query parameter is there more than once.")
	}
	return strings.Join(values, ""), nil
}

// choice is a query parameter with fixed values, given back as spelled here; "" if it is absent.
func choice(r *http.Request, name string, allowed ...string) (string, error) {
	value, err := one(r, name)
	if err != nil || value == "" {
		return "", err
	}
	if i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, value) }); i >= 0 {
		return allowed[i], nil
	}
	return "", cluster.Errorf(cluster.Invalid, invalidParameter, name, "The query parameter must be one of: %s.", fmt.Sprint(strings.Join(allowed, ", ")))
}
