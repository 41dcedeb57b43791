package arm

import (
	"net/http"
	"net/url"
	"strings"

	"drey/internal/identity"
)

// anonymous is the action of a route that asks for no token.
const anonymous = "anonymous"

// route is one row of the table: all there is to say about a method of a path.
type route struct {
	method   string
	pattern  string // segments in {} are parameters; the others are compared without regard to case
	versions []*version
	action   string // what the caller needs: an ARM action, identity.SignedIn or anonymous
	says     string // one line for the list of operations
	handle   func(*Front, http.ResponseWriter, *request) error
	optional bool // without api-version, the first of versions is meant
	foreign  bool // of ARM itself: any well-formed api-version is taken
	dryRun   bool // it can be asked what it would do
	byRecord bool // the scope is in the record of the operation that the path names, not in the path
	finds    bool // its handler finds by itself what of the path is not there
	segments []string
}

const (
	provider     = "/providers/Microsoft.HDInsight"
	subscription = "/subscriptions/{subscription}"
	group        = subscription + "/resourceGroups/{group}"
	poolPath     = group + provider + "/clusterpools/{pool}"
	clusterPath  = poolPath + "/clusters/{cluster}"
	location     = provider + "/locations/{location}"
	itsLocation  = subscription + location
	itself       = subscription + "/resourceGroups/{groupName}" // a group, which need not be there
	readGroup    = "Microsoft.Resources/subscriptions/resourceGroups/read"
	writeGroup   = "Microsoft.Resources/subscriptions/resourceGroups/write"

	readProvider = "Microsoft.Resources/subscriptions/providers/read"
	readPool     = "Microsoft.HDInsight/clusterPools/read"
	writePool    = "Microsoft.HDInsight/clusterPools/write"
	readCluster  = "Microsoft.HDInsight/clusterPools/clusters/read"
	runJob       = "Microsoft.HDInsight/clusterPools/clusters/runJob/action"
	deleteIt     = "Microsoft.HDInsight/clusterPools/clusters/delete"
	readLogs     = "Microsoft.HDInsight/clusterPools/clusters/logs/read"
	readVersions = "Microsoft.HDInsight/clusterPools/clusters/versions/read"
	readViews    = "Microsoft.HDInsight/clusterPools/clusters/instanceViews/read"
	readStorage  = "Microsoft.HDInsight/clusterPools/storage/read"
)

// table is every route there is. test: testdata/routes.golden.
func table() []*route {
	routes := []*route{
		{method: "GET", pattern: "/healthz", action: anonymous, handle: (*Front).health},
		{method: "GET", pattern: "/readyz", action: anonymous, handle: (*Front).ready},
		{method: "POST", pattern: "/{tenant}/oauth2/v2.0/token", action: anonymous, handle: (*Front).token},
		{method: "POST", pattern: "/{tenant}/oauth2/token", action: anonymous, handle: (*Front).token},
		{method: "GET", pattern: "/{tenant}/v2.0/.well-known/openid-configuration", action: anonymous, handle: (*Front).discovery},
		{method: "GET", pattern: "/{tenant}/.well-known/openid-configuration", action: anonymous, handle: (*Front).discovery},
		{method: "GET", pattern: "/{tenant}/discovery/v2.0/keys", action: anonymous, handle: (*Front).keys},
		{method: "GET", pattern: "/{tenant}/discovery/keys", action: anonymous, handle: (*Front).keys},

		{method: "GET", pattern: "/about", versions: oursOnly, optional: true, action: identity.SignedIn, handle: (*Front).about},
		{method: "GET", pattern: provider + "/operations", versions: everyVersion, action: identity.SignedIn, handle: (*Front).listActions},
		{method: "GET", pattern: location + "/operationStatuses/{operation}", versions: everyVersion, action: readCluster, byRecord: true,
			says: "Read the status of an operation.", handle: (*Front).operationStatus},
		{method: "GET", pattern: location + "/operationResults/{operation}", versions: everyVersion, action: readCluster, byRecord: true,
			says: "Read the result of an operation.", handle: (*Front).operationResult},

		{method: "GET", pattern: "/subscriptions", foreign: true, action: identity.SignedIn, handle: (*Front).listSubscriptions},
		{method: "GET", pattern: subscription, foreign: true, action: readSubscription, handle: (*Front).getSubscription},
		{method: "GET", pattern: subscription + "/locations", foreign: true, action: "Microsoft.Resources/subscriptions/locations/read",
			handle: (*Front).listLocations},
		{method: "GET", pattern: subscription + "/providers", foreign: true, action: readProvider, handle: (*Front).listProviders},
		{method: "GET", pattern: subscription + "/providers/{namespace}", foreign: true, action: readProvider, handle: (*Front).getProvider},
		{method: "POST", pattern: subscription + "/providers/{namespace}/register", foreign: true, action: "Microsoft.HDInsight/register/action",
			handle: (*Front).getProvider},
		{method: "GET", pattern: subscription + "/resourceGroups", foreign: true, action: readGroup, handle: (*Front).listGroups},
		{method: "GET", pattern: itself, foreign: true, action: readGroup, handle: (*Front).getGroup},
		{method: "HEAD", pattern: itself, foreign: true, action: readGroup, handle: (*Front).hasGroup},
		{method: "PUT", pattern: itself, foreign: true, action: writeGroup, handle: (*Front).putGroup},
		{method: "PATCH", pattern: itself, foreign: true, action: writeGroup, handle: (*Front).patchGroup},
		{method: "DELETE", pattern: itself, foreign: true, action: "Microsoft.Resources/subscriptions/resourceGroups/delete", handle: (*Front).deleteGroup},

		{method: "POST", pattern: itsLocation + "/checkNameAvailability", versions: everyVersion,
			action: "Microsoft.HDInsight/locations/checkNameAvailability/action", says: "Check whether a name is available.", handle: (*Front).checkName},
		{method: "GET", pattern: itsLocation + "/availableClusterPoolVersions", versions: everyVersion,
			action: "Microsoft.HDInsight/locations/availableClusterPoolVersions/read", says: "List the versions of cluster pools.", handle: (*Front).listPoolVersions},
		{method: "GET", pattern: itsLocation + "/availableClusterVersions", versions: everyVersion,
			action: "Microsoft.HDInsight/locations/availableClusterVersions/read", says: "List the versions of clusters.", handle: (*Front).listClusterVersions},

		{method: "GET", pattern: subscription + provider + "/clusterpools", versions: everyVersion, action: readPool,
			says: "List the cluster pools of a subscription.", handle: (*Front).listPools},
		{method: "GET", pattern: group + provider + "/clusterpools", versions: everyVersion, action: readPool,
			says: "List the cluster pools of a resource group.", handle: (*Front).listPools},
		{method: "GET", pattern: poolPath, versions: everyVersion, action: readPool, finds: true, says: "Read a cluster pool.", handle: (*Front).getPool},
		{method: "PUT", pattern: poolPath, dryRun: true, versions: everyVersion, action: writePool, says: "Create or update a cluster pool.", handle: (*Front).putPool},
		{method: "PATCH", pattern: poolPath, dryRun: true, versions: everyVersion, action: writePool, says: "Update a cluster pool.", handle: (*Front).patchPool},
		{method: "DELETE", pattern: poolPath, dryRun: true, versions: everyVersion, action: "Microsoft.HDInsight/clusterPools/delete",
			says: "Delete a cluster pool.", handle: (*Front).deletePool},
		{method: "PUT", pattern: poolPath + "/storage", versions: oursOnly, action: "Microsoft.HDInsight/clusterPools/storage/write",
			says: "Put a file into a mounted storage account.", handle: (*Front).upload},
		{method: "GET", pattern: poolPath + "/storage", versions: oursOnly, action: readStorage, says: "List a folder of a mounted storage account.", handle: (*Front).listFiles},
		{method: "HEAD", pattern: poolPath + "/storage", versions: oursOnly, action: readStorage, says: "Look at a file of a mounted storage account.", handle: (*Front).statFile},
		{method: "DELETE", pattern: poolPath + "/storage", versions: oursOnly, action: "Microsoft.HDInsight/clusterPools/storage/delete",
			says: "Remove a file that no job needs from a mounted storage account.", handle: (*Front).removeFile},
		{method: "GET", pattern: poolPath + "/operations", versions: oursOnly, action: readCluster,
			says: "List the operations of a pool's clusters.", handle: (*Front).listOperations},
		{method: "GET", pattern: poolPath + "/operations/{operation}", versions: oursOnly, action: readCluster,
			says: "Read an operation with its steps.", handle: (*Front).getOperation},

		{method: "GET", pattern: poolPath + "/clusters", versions: everyVersion, action: readCluster, finds: true, says: "List clusters.", handle: (*Front).listClusters},
		{method: "GET", pattern: clusterPath, versions: everyVersion, action: readCluster, finds: true, says: "Read a cluster.", handle: (*Front).getCluster},
		{method: "PUT", pattern: clusterPath, dryRun: true, versions: everyVersion, action: "Microsoft.HDInsight/clusterPools/clusters/write",
			says: "Create or update a cluster.", handle: (*Front).putCluster},
		{method: "PATCH", pattern: clusterPath, dryRun: true, versions: everyVersion, action: "Microsoft.HDInsight/clusterPools/clusters/write",
			says: "Update a cluster.", handle: (*Front).patchCluster},
		{method: "POST", pattern: clusterPath + "/resize", dryRun: true, versions: everyVersion, action: "Microsoft.HDInsight/clusterPools/clusters/resize/action",
			says: "Change the number of a cluster's worker nodes.", handle: (*Front).resizeCluster},
		{method: "POST", pattern: clusterPath + "/upgrade", dryRun: true, versions: since2311, action: "Microsoft.HDInsight/clusterPools/clusters/upgrade/action",
			says: "Upgrade a cluster to a newer version.", handle: (*Front).upgradeCluster},
		{method: "GET", pattern: clusterPath + "/availableUpgrades", versions: since2311, action: "Microsoft.HDInsight/clusterPools/clusters/availableUpgrades/read",
			says: "List the versions a cluster can be upgraded to.", handle: (*Front).listAvailableUpgrades},
		{method: "GET", pattern: clusterPath + "/upgradeHistories", versions: since2405, action: "Microsoft.HDInsight/clusterPools/clusters/upgradeHistories/read",
			says: "List the upgrades of a cluster that were tried.", handle: (*Front).listUpgradeHistories},
		{method: "DELETE", pattern: clusterPath, dryRun: true, versions: everyVersion, action: deleteIt, says: "Delete a cluster.", handle: (*Front).deleteCluster},
		{method: "POST", pattern: clusterPath + "/runJob", dryRun: true, versions: everyVersion, action: runJob,
			says: "Run an action on a cluster's job.", handle: (*Front).runJob},
		{method: "GET", pattern: clusterPath + "/jobs", versions: everyVersion, action: "Microsoft.HDInsight/clusterPools/clusters/jobs/read",
			says: "List the jobs of a cluster.", handle: (*Front).listJobs},
		{method: "GET", pattern: clusterPath + "/instanceViews", versions: everyVersion, action: readViews,
			says: "List the instance views of a cluster.", handle: (*Front).listInstanceViews},
		{method: "GET", pattern: clusterPath + "/instanceViews/default", versions: everyVersion, action: readViews,
			says: "Read the instance view of a cluster.", handle: (*Front).getInstanceView},
		{method: "GET", pattern: clusterPath + "/serviceConfigs", versions: everyVersion, action: "Microsoft.HDInsight/clusterPools/clusters/serviceConfigs/read",
			says: "List the service configurations of a cluster.", handle: (*Front).listServiceConfigs},
		{method: "POST", pattern: clusterPath + "/planJob", versions: oursOnly, action: runJob,
			says: "Predict what an action on a cluster's job would do.", handle: (*Front).planJob},
		{method: "GET", pattern: clusterPath + "/versions", versions: oursOnly, action: readVersions,
			says: "List the versions of a cluster's job.", handle: (*Front).listVersions},
		{method: "GET", pattern: clusterPath + "/versions/{version}", versions: oursOnly, action: readVersions,
			says: "Read a version of a cluster's job.", handle: (*Front).getVersion},
		{method: "POST", pattern: clusterPath + "/versions/{version}/rollback", dryRun: true, versions: oursOnly, action: runJob,
			says: "Start a version of before.", handle: (*Front).rollback},
		{method: "GET", pattern: clusterPath + "/incarnations", versions: oursOnly, action: "Microsoft.HDInsight/clusterPools/clusters/incarnations/read",
			says: "List the starts of a cluster's job.", handle: (*Front).listIncarnations},
		{method: "POST", pattern: clusterPath + "/declareDead", versions: oursOnly, action: "Microsoft.HDInsight/clusterPools/clusters/declareDead/action",
			says: "Say that what cannot be seen of a cluster's processes is dead.", handle: (*Front).declareDead},
		{method: "GET", pattern: clusterPath + "/operations", versions: oursOnly, action: readCluster,
			says: "List the operations of a cluster.", handle: (*Front).listOperations},
		{method: "GET", pattern: clusterPath + "/operations/{operation}", versions: oursOnly, action: readCluster,
			says: "Read an operation with its steps.", handle: (*Front).getOperation},
		{method: "GET", pattern: clusterPath + "/savepoints", versions: oursOnly, action: "Microsoft.HDInsight/clusterPools/clusters/savepoints/read",
			says: "List the savepoints of a cluster.", handle: (*Front).listSavepoints},
		{method: "GET", pattern: clusterPath + "/logs", versions: oursOnly, action: readLogs,
			says: "List the processes whose output is kept.", handle: (*Front).listLogs},
		{method: "GET", pattern: clusterPath + "/logs/{incarnation}/{process}", versions: oursOnly, action: readLogs,
			says: "Read the output of a process.", handle: (*Front).readLog},
	}
	for _, r := range routes {
		r.segments = strings.Split(r.pattern[1:], "/")
	}
	return routes
}

// split cuts an escaped path into its decoded segments. Doubled and trailing slashes do not count (az sends both). An escaped slash stays
// inside its segment, where no name can hold one.
func split(escaped string) ([]string, bool) {
	var segments []string
	for s := range strings.SplitSeq(escaped, "/") {
		if s == "" {
			continue
		}
		text, err := url.PathUnescape(s)
		if err != nil || len(text) > 260 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f || c == '/' }) {
			return nil, false
		}
		segments = append(segments, text)
	}
	return segments, true
}

// matches reports whether a path is the route's.
func (rt *route) matches(segments []string) bool {
	if len(segments) != len(rt.segments) {
		return false
	}
	for i, s := range rt.segments {
		if s[0] != '{' && !strings.EqualFold(s, segments[i]) {
			return false
		}
	}
	return true
}

// params are the parameters of a path that matches.
func (rt *route) params(segments []string) map[string]string {
	params := map[string]string{}
	for i, s := range rt.segments {
		if s[0] == '{' {
			params[s[1:len(s)-1]] = segments[i]
		}
	}
	return params
}

// find looks up a route. If only other methods of the path are known, they are named instead.
func (f *Front) find(method string, segments []string) (found *route, params map[string]string, others []string) {
	for _, rt := range f.routes {
		switch {
		case !rt.matches(segments):
		case rt.method == method:
			return rt, rt.params(segments), nil
		default:
			others = append(others, rt.method)
		}
	}
	return nil, nil, others
}

// resourceType is the type in ARM's words: what follows the provider, without names.
func (rt *route) resourceType() string {
	_, after, _ := strings.Cut(rt.pattern, provider+"/")
	var kinds []string
	for s := range strings.SplitSeq(after, "/") {
		if s != "" && s[0] != '{' {
			kinds = append(kinds, s)
		}
	}
	return strings.Join(kinds, "/")
}
