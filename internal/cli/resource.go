package cli

import (
	"fmt"
	"slices"
	"strings"

	"drey/internal/daemon"
)

// The types of resources that files declare.
const (
	poolType    = "Microsoft.HDInsight/clusterpools"
	clusterType = "Microsoft.HDInsight/clusterpools/clusters"
)

// resource is one that files declare.
type resource struct {
	kind    string // "pool" or "cluster"
	name    string // "analytics" or "analytics/orders"
	path    string // its ARM id, escaped
	version string // api-version of its file
	body    map[string]any
}

// members are those a resource may have in a file; the last ones say nothing to us.
var members = []string{"type", "apiVersion", "name", "id", "location", "tags", "properties", "resources", "condition", "dependsOn", "comments", "metadata", "systemData"}

// resources finds those of a document: one, a list of them, or an ARM template. in is the resource they are nested in.
func (s *session) resources(doc any, in string, template bool) (all []resource, err error) {
	switch v := doc.(type) {
	case nil:
		return nil, nil
	case []any:
		for _, item := range v {
			found, err := s.resources(item, in, template)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
		return all, nil
	case map[string]any:
		if v["type"] == nil && v["resources"] != nil {
			if named, symbolic := v["resources"].(map[string]any); symbolic {
				return s.resources(valuesOf(named), in, true)
			}
			return s.resources(v["resources"], in, true)
		}
		return s.oneResource(v, in, template)
	}
	return nil, usage("a resource has type, name, location and properties", "there is %s where a resource should be", short(fmt.Sprint(doc)))
}

func valuesOf(m map[string]any) (all []any) {
	for _, name := range sortedKeys(m) {
		all = append(all, m[name])
	}
	return all
}

func (s *session) oneResource(v map[string]any, in string, template bool) ([]resource, error) {
	for name := range v {
		if !slices.Contains(members, name) {
			return nil, usage("did you mean "+daemon.Nearest(name, members)+"?", "a resource has no member %q", name)
		}
	}
	if template {
		if at := functionIn(v, ""); at != "" {
			return nil, usage("give the value itself, or deploy the template with your deployment tool", "%s is a template function, which is not evaluated here", at)
		}
		if v["condition"] == false {
			return nil, nil
		}
	}
	r, err := s.identify(v, in)
	if err != nil {
		return nil, err
	}
	r.body = map[string]any{}
	for _, name := range []string{"location", "tags", "properties"} {
		if v[name] != nil {
			r.body[name] = v[name]
		}
	}
	nested, err := s.resources(v["resources"], r.name, template)
	return append([]resource{r}, nested...), err
}

// identify finds out which resource is meant: by its id, or by type and name.
func (s *session) identify(v map[string]any, in string) (r resource, err error) {
	text := func(name string) string { t, _ := v[name].(string); return t }
	r.version = first(text("apiVersion"), apiVersion)
	kind, name := text("type"), text("name")
	switch {
	case strings.EqualFold(kind, poolType):
		r.kind, r.name = "pool", name
	case strings.EqualFold(kind, clusterType), in != "" && strings.EqualFold(kind, "clusters"):
		r.kind, r.name = "cluster", name
		if !strings.Contains(name, "/") {
			r.name = first(in, s.conn.Pool) + "/" + name
		}
	default:
		return r, usage("it is "+poolType+" or "+clusterType, "the type %q is not known here", kind)
	}
	pool, cluster, below := strings.Cut(r.name, "/")
	if name == "" || below != (r.kind == "cluster") || pool == "" || below && (cluster == "" || strings.Contains(cluster, "/")) {
		return r, usage("a pool is called by its name, a cluster by pool/cluster", "%q is no name of a %s", name, r.kind)
	}
	if r.path = text("id"); r.path != "" {
		return r, nil
	}
	if r.path, err = s.namedPool([]string{pool}); err == nil && below {
		r.path, err = s.clusterIn(r.path, cluster)
	}
	return r, err
}

// functionIn is the place of the first template function in v; "" if there is none. "[[" begins a plain text.
func functionIn(v any, at string) string {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "[") && strings.HasSuffix(v, "]") && !strings.HasPrefix(v, "[[") {
			return at
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			if name == "dependsOn" {
				continue // our order does not come from it
			}
			if found := functionIn(v[name], strings.TrimPrefix(at+"."+name, ".")); found != "" {
				return found
			}
		}
	case []any:
		for i, item := range v {
			if found := functionIn(item, fmt.Sprintf("%s[%d]", at, i)); found != "" {
				return found
			}
		}
	}
	return ""
}
