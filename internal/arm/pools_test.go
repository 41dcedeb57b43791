package arm

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

const (
	ofSubscription = "/subscriptions/" + subID
	preview1       = "?api-version=2024-05-01-preview"
	poolBody       = `{"location":"eastus2","properties":{"clusterPoolProfile":{"clusterPoolVersion":"1.2"},"computeProfile":{"vmSize":"Standard_E4s_v3"}}}`
	fullPoolBody   = `{"location":"East US 2","tags":{},"zones":[],"properties":{"provisioningState":"Failed","managedResourceGroupName":"mine",
		"clusterPoolProfile":{"clusterPoolVersion":"1.1","publicIpTag":{"ipTagType":"FirstPartyUsage","tag":"HDInsight"}},
		"computeProfile":{"vmSize":"Standard_E4s_v3","count":7,"availabilityZones":["1"]},
		"networkProfile":{"subnetId":"/s","outboundType":"userDefinedRouting","enablePrivateApiServer":false,"apiServerAuthorizedIpRanges":[]},
		"logAnalyticsProfile":{"enabled":true,"workspaceId":"/w"}}}`
)

// token is one of the list at a path.
func token(path, key string) string {
	return tokenOf(&request{Request: httptest.NewRequest("GET", path, nil)}, key)
}

// ofPool is a door with an operation on the pool.
func ofPool(verb string) *fakeDoor {
	d := running()
	d.op = operation(verb)
	d.op.ResourceID, d.op.Action = poolID, ""
	d.op.Kind = map[string]string{"PUT": "pool.create", "PATCH": "pool.update", "DELETE": "pool.delete"}[verb]
	return d
}

func TestPoolsOnTheWire(t *testing.T) {
	t.Parallel()
	create, paged, absent := ofPool("PUT"), running(), ofPool("DELETE")
	create.gone, absent.gone, paged.next = true, true, "abc+/="
	list := ofSubscription + "/providers/Microsoft.HDInsight/clusterpools"
	transcribe(t, "pools", []exchange{
		{why: "a pool", line: "GET " + poolID + published1},
		{why: "the pools of a subscription, a page", door: paged, line: "GET " + list + preview1 + "&$top=1&$skipToken=" + token(list, "abc")},
		{why: "the pools of a group that has none", door: absent, line: "GET /subscriptions/" + subID + "/resourcegroups/GROUP1/providers/microsoft.hdinsight//clusterpools/" + published1},
		{why: "a token of another list", line: "GET " + list + published1 + "&$skipToken=" + token(poolID+"/clusters", "abc")},
		{why: "a create answers what was sent", door: create, line: "PUT " + poolID + preview1, body: poolBody, headers: []string{"If-None-Match: *"}},
		{why: "a create with everything", door: create, line: "PUT " + poolID + preview1, body: fullPoolBody},
		{why: "the stable version does not know all of it", door: create, line: "PUT " + poolID + published1, body: fullPoolBody},
		{why: "ours refuses what it does not know", door: create, line: "PUT " + poolID + ours1, body: fullPoolBody},
		{why: "an update keeps the server's parts", door: ofPool("PUT"), line: "PUT " + poolID + published1, body: poolBody, headers: []string{`If-Match: "x"`}},
		{why: "a pool without a size", line: "PUT " + poolID + published1, body: `{"location":"eastus2","properties":{}}`},
		{why: "tags by PATCH", door: ofPool("PATCH"), line: "PATCH " + poolID + published1, body: `{"tags":{"a":"b"},"properties":{"computeProfile":{"vmSize":"Standard_E4s_v3"}}}`},
		{why: "nothing by PATCH", door: ofPool("PATCH"), line: "PATCH " + poolID + published1, body: `{}`},
		{why: "more by PATCH", line: "PATCH " + poolID + published1, body: `{"properties":{"logAnalyticsProfile":{"enabled":true}}}`},
		{why: "a delete", door: ofPool("DELETE"), line: "DELETE " + poolID + published1, headers: []string{`If-Match: W/"x"`}},
		{why: "a delete of nothing", door: absent, line: "DELETE " + poolID + published1},
		{why: "a pool's own operation", door: ofPool("PUT"), line: "GET " + poolID + "/operations/" + opID + ours1},
		{why: "another pool's operation", door: ofPool("PUT"), line: "GET " + poolID + "2/operations/" + opID + ours1},
	})
}

func TestTheResultOfAnOperationOnAPoolIsThePool(t *testing.T) {
	t.Parallel()
	door := ofPool("PATCH")
	door.op = ended(door.op, "Succeeded")
	f := front(t, door, Options{})
	want := ask(t, f, "owner", "GET "+poolID+ours1, "").Body.String()
	w := ask(t, f, "owner", "GET "+operationPath(door.op, "operationResults")+ours1, "")
	if w.Code != http.StatusOK || w.Body.String() != want || !strings.Contains(want, `"etag":"\"f90086a8-`) {
		t.Errorf("got %d %s, want %s", w.Code, w.Body, want)
	}
}

func TestWhatAVersionCannotSayOfAPoolStays(t *testing.T) {
	t.Parallel()
	spec, _, err := preview2405.pools.Decode([]byte(fullPoolBody), nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := cluster.Pool{UID: "u"}
	pool.Declare(spec)
	for _, v := range everyVersion {
		shown, err := json.Marshal(v.pools.Encode(lifecycle.PoolView{Pool: pool}))
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := v.pools.Decode(shown, &pool)
		if err != nil {
			t.Fatalf("%s: %v in %s", v.name, err, shown)
		}
		if c := cluster.ChangePool(pool, again, cluster.ByPut); len(c.Paths) > 0 {
			t.Errorf("%s: GET, then PUT changes %v", v.name, c.Paths)
		}
	}
	if pool.Network.OutboundType == "" || pool.PublicIPTag == nil {
		t.Error("showing a pool changed it")
	}
}

func TestNextLinksLeadThroughAList(t *testing.T) {
	t.Parallel()
	f := front(t, running(), Options{})
	at := ofSubscription + "/providers/Microsoft.HDInsight/locations/East%20US%202/availableClusterPoolVersions?$top=1&api-version=2024-05-01-preview"
	var names []string
	for next := "https://drey.test:8443" + at; next != ""; {
		u, err := url.Parse(next)
		if err != nil || u.Host != "drey.test:8443" || u.Scheme != "https" || u.Query().Get("api-version") != "2024-05-01-preview" {
			t.Fatalf("the link is %s, %v", next, err)
		}
		w := ask(t, f, "owner", "GET "+u.RequestURI(), "")
		var page struct {
			Value    []struct{ Name string }
			NextLink string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK || len(page.Value) != 1 {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		names, next = append(names, page.Value[0].Name), page.NextLink
	}
	if len(names) != len(cluster.PoolVersions) || names[0] != "1.0" || names[2] != "1.2" {
		t.Errorf("got %v", names)
	}
}

func TestTokensThatNobodyGaveAreRefused(t *testing.T) {
	t.Parallel()
	list := ofSubscription + "/resourcegroups"
	for why, bad := range map[string]string{
		"no base64": "*", "too short": "AA", "without a key": token(list, ""), "of another list": token(list+"/x", "a"), "a number out of range": "&$top=1001",
	} {
		w := ask(t, front(t, running(), Options{}), "owner", "GET "+list+"?api-version=2021-04-01&$skipToken="+bad, "")
		if w.Code != http.StatusBadRequest || w.Header().Get("x-ms-error-code") != "InvalidParameter" {
			t.Errorf("%s: got %d %s", why, w.Code, w.Body)
		}
	}
}
