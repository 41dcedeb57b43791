package arm

import (
	"net/http"
	"strings"

	"drey/internal/cluster"
)

const namespace = "Microsoft.HDInsight"

// resourceTypes are ours with what can be said of a resource of each.
var resourceTypes = []struct{ name, capabilities string }{
	{"clusterPools", "SupportsTags, SupportsLocation"},
	{"clusterPools/clusters", "SupportsTags, SupportsLocation"},
	{"locations", "None"},
	{"locations/operationStatuses", "None"},
	{"locations/checkNameAvailability", "None"},
	{"locations/availableClusterPoolVersions", "None"},
	{"locations/availableClusterVersions", "None"},
	{"operations", "None"},
}

// listProviders lists the one there is.
func (f *Front) listProviders(w http.ResponseWriter, r *request) error {
	return writeList(w, []any{f.showProvider(r)}, "", func(p any) any { return p })
}

// getProvider also answers a registration: ours is registered everywhere (R01).
func (f *Front) getProvider(w http.ResponseWriter, r *request) error {
	if !strings.EqualFold(r.params["namespace"], namespace) {
		return cluster.Errorf(cluster.NotFound, "InvalidResourceNamespace", "", "The resource namespace '%s' is invalid. There is %s.", r.params["namespace"], namespace)
	}
	return writeJSON(w, http.StatusOK, f.showProvider(r))
}

// showProvider has the stable published version first: az takes the first that is no preview where it is told none.
func (f *Front) showProvider(r *request) any {
	var places []string
	for _, l := range f.door.Locations() {
		places = append(places, l.DisplayName)
	}
	var versions []string
	for _, v := range everyVersion {
		versions = append(versions, v.name)
	}
	var types []any
	for _, t := range resourceTypes {
		types = append(types, map[string]any{
			"resourceType": t.name, "locations": places, "apiVersions": versions, "defaultApiVersion": published.name, "capabilities": t.capabilities,
		})
	}
	return map[string]any{
		"id": "/subscriptions/" + r.params["subscription"] + provider, "namespace": namespace, "registrationState": "Registered",
		"registrationPolicy": "RegistrationRequired", "resourceTypes": types,
	}
}
