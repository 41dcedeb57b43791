package arm

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"drey/internal/arm/v20240501"
	"drey/internal/arm/v20261101"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// version is what differs between api-versions.
type version struct {
	name          string
	ours          bool // what is beyond the published API exists only here
	decodeCluster func([]byte, *cluster.Cluster) (cluster.Spec, []string, error)
	decodeRunJob  func([]byte) (cluster.RunJob, []string, error)
	encodeCluster func(lifecycle.ClusterView) any
	encodeJob     func(cluster.Ref, lifecycle.JobView) any
	encodePool    func(cluster.Pool) any
}

var published = &version{
	name:          v20240501.Name,
	decodeCluster: v20240501.DecodeCluster, encodeCluster: v20240501.EncodeCluster,
	decodeRunJob: v20240501.DecodeRunJob, encodeJob: v20240501.EncodeJob,
	encodePool: v20240501.EncodePool,
}

var ours = &version{
	name: v20261101.Name, ours: true,
	decodeCluster: v20261101.DecodeCluster, encodeCluster: v20261101.EncodeCluster,
	decodeRunJob: v20261101.DecodeRunJob, encodeJob: v20240501.EncodeJob,
	encodePool: v20240501.EncodePool,
}

// The sets of versions a route can have. A route with none takes no api-version.
var (
	everyVersion = []*version{published, ours}
	oursOnly     = []*version{ours}
)

var versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-[A-Za-z]+)?$`)

// versionOf finds the version a request asks for among those of its route. The parameter's name is compared without regard to case.
func versionOf(r *http.Request, rt *route) (*version, error) {
	if len(rt.versions) == 0 {
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
	case len(asked) > 1 || !versionForm.MatchString(asked[0]):
		return nil, cluster.Errorf(cluster.Invalid, "InvalidApiVersionParameter", "api-version",
			"The api-version must be one date of the form yyyy-mm-dd. The supported api-versions are '%s'.", names(rt.versions))
	}
	for _, v := range rt.versions {
		if strings.EqualFold(v.name, asked[0]) {
			return v, nil
		}
	}
	return nil, cluster.Errorf(cluster.Invalid, "NoRegisteredProviderFound", "api-version",
		"No registered resource provider found for location '' and API version '%s' for type '%s'. The supported api-versions are '%s'.",
		asked[0], rt.resourceType(), names(rt.versions))
}

func names(versions []*version) string {
	var all []string
	for _, v := range versions {
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
