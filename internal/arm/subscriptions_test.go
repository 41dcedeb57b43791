package arm

import (
	"encoding/json"
	"net/http"
	"testing"
)

func TestTheProviderIsRegisteredEverywhereAndItsFirstVersionIsTheStableOne(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"GET " + ofSubscription + "/providers/microsoft.hdinsight", "POST " + ofSubscription + "/providers/Microsoft.HDInsight/register"} {
		w := ask(t, front(t, running(), Options{}), "owner", line+"?api-version=2021-04-01", "")
		var got struct {
			Namespace, RegistrationState string
			ResourceTypes                []struct {
				ResourceType           string
				Locations, APIVersions []string
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got.Namespace != "Microsoft.HDInsight" || got.RegistrationState != "Registered" {
			t.Fatalf("%s: got %d %s", line, w.Code, w.Body)
		}
		types := map[string]bool{}
		for _, one := range got.ResourceTypes {
			types[one.ResourceType] = one.APIVersions[0] == "2024-05-01" && len(one.APIVersions) == len(everyVersion) && one.Locations[1] == "East US 2"
		}
		if !types["clusterPools"] || !types["clusterPools/clusters"] || len(types) != len(resourceTypes) {
			t.Errorf("%s: the types are %s", line, w.Body)
		}
	}
}

func TestSubscriptionsAndWhatIsBelowThemOnTheWire(t *testing.T) {
	t.Parallel()
	const rm, group = "?api-version=2022-09-01", ofSubscription + "/resourcegroups/Group1"
	absent := running()
	absent.gone = true
	at := ofSubscription + "/providers/Microsoft.HDInsight/locations/East%20US%202/"
	groups := ofSubscription + "/resourcegroups"
	transcribe(t, "subscriptions", []exchange{
		{why: "all of them", line: "GET /subscriptions" + rm},
		{why: "those in which one may read", who: "reader", line: "GET /subscriptions" + rm},
		{why: "those in which one has any right, even one on a pool", who: "stranger", line: "GET /subscriptions" + rm},
		{why: "one", line: "GET " + ofSubscription + "?api-version=2016-06-01"},
		{why: "its locations", line: "GET " + ofSubscription + "/locations" + rm},
		{why: "another provider", line: "GET " + ofSubscription + "/providers/Microsoft.Storage" + rm},
		{why: "its groups, a page", line: "GET " + groups + rm + "&$top=1&$skipToken=" + token(groups, "group1")},
		{why: "a group", line: "GET " + group + rm},
		{why: "a group that is there", line: "HEAD " + group + rm},
		{why: "a group that is not", door: absent, line: "HEAD " + group + rm},
		{why: "a new group", door: absent, line: "PUT " + group + rm, body: `{"location":"East US 2","tags":{"a":"b"},"managedBy":"x"}`},
		{why: "a group again", line: "PUT " + group + rm, body: `{"location":"East US 2"}`},
		{why: "a group without a place", line: "PUT " + group + rm, body: `{}`},
		{why: "a group's tags", line: "PATCH " + group + rm, body: `{"tags":{}}`},
		{why: "an empty group goes", door: absent, line: "DELETE " + group + rm},
		{why: "a group with pools goes with them", line: "DELETE " + group + rm},
		{why: "a reader makes no group", who: "reader", line: "PUT " + group + rm, body: `{"location":"East US 2"}`},
		{why: "no api-version", line: "GET /subscriptions"},
		{why: "a malformed one", line: "GET /subscriptions?api-version=new"},
		{why: "the versions of clusters", line: "GET " + at + "availableClusterVersions" + published1},
		{why: "the versions of pools", line: "GET " + at + "availableClusterPoolVersions" + published1 + "&$top=1"},
		{why: "a name that is free", line: "POST " + at + "checkNameAvailability" + published1, body: `{"name":"free","type":"Microsoft.HDInsight/clusterPools","more":1}`},
		{why: "a name that is not", line: "POST " + at + "checkNameAvailability" + ours1, body: `{"name":"p/c","type":"Microsoft.HDInsight/clusterPools/clusters"}`},
		{why: "no name", line: "POST " + at + "checkNameAvailability" + published1, body: `{"type":"Microsoft.HDInsight/clusterPools"}`},
	})
}
