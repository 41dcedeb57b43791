package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/store"
)

func TestAGroupIsMadeOnceKeptAndRemovedWithWhatIsInIt(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		put := func(g Group) (Group, bool, string) {
			g.Subscription = sub
			stored, created, err := h.PutGroup(t.Context(), h.caller(), g)
			return stored, created, code(err)
		}
		if _, created, code := put(Group{Name: "New", Location: "westus", Tags: map[string]string{"a": "b"}}); !created || code != "" {
			t.Errorf("a new one: created %v, %s", created, code)
		}
		stored, created, _ := put(Group{Name: "NEW", Location: "West US", Tags: map[string]string{"c": "d"}})
		if d := cmp.Diff(Group{Subscription: sub, Name: "New", Location: "westus", Tags: map[string]string{"c": "d"}}, stored); d != "" || created {
			t.Errorf("again: created %v (-want +got):\n%s", created, d)
		}
		for why, tt := range map[string]struct {
			group Group
			want  string
		}{
			"a name that is none":     {Group{Name: "x.", Location: "westus"}, "InvalidResourceGroup"},
			"a tag that is none":      {Group{Name: "x", Location: "westus", Tags: map[string]string{"?": ""}}, "InvalidTags"},
			"a location that is none": {Group{Name: "x", Location: "Atlantis"}, "LocationNotAvailableForResourceType"},
			"another location":        {Group{Name: "new", Location: "eastus"}, "InvalidResourceLocation"},
		} {
			if _, _, code := put(tt.group); code != tt.want {
				t.Errorf("%s: got %q, want %q", why, code, tt.want)
			}
		}
		h.put(poolRef("new", "p"), poolSpec())
		h.put(poolRef("new", "q"), poolSpec())
		remove := func() (*Operation, string) {
			op, err := h.DeleteGroup(t.Context(), h.caller(), sub, "new")
			return op, code(err)
		}
		op, refused := remove()
		if op == nil || refused != "" {
			t.Fatalf("with pools: %+v, %s", op, refused)
		}
		if again, _ := remove(); again == nil || again.ID != op.ID {
			t.Errorf("once more: %+v, want operation %s", again, op.ID)
		}
		if _, _, err := h.PutPool(t.Context(), h.caller(), poolRef("new", "r"), poolSpec(), Conditions{}); code(err) != "ResourceGroupBeingDeleted" {
			t.Errorf("a pool that comes meanwhile: %v", err)
		}
		if got := h.ends(*op); got != "Succeeded" {
			t.Errorf("it ended %s", got)
		}
		if _, refused := remove(); refused != "ResourceGroupNotFound" {
			t.Errorf("gone: %q", refused)
		}
		put(Group{Name: "new", Location: "westus"})
		if op, refused := remove(); op != nil || refused != "" {
			t.Errorf("empty: %+v, %s", op, refused)
		}
		var names []string
		groups, err := h.Groups(t.Context(), sub)
		for _, g := range groups {
			names = append(names, g.Name)
		}
		if d := cmp.Diff([]string{"G1", "G2"}, names); d != "" || err != nil {
			t.Errorf("left are %v, %v", names, err)
		}
		if _, _, err := h.PutGroup(t.Context(), h.caller(), Group{Subscription: "x", Name: "y", Location: "here"}); code(err) != "SubscriptionNotFound" {
			t.Errorf("in a subscription that is not there: %v", err)
		}
	})
}

func TestANameIsAvailableWhereNothingHasIt(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		pool, _ := h.put(poolRef("G1", "P1"), poolSpec())
		in := cluster.Cluster{UID: "c", PoolUID: pool.UID, Ref: cluster.Ref{PoolRef: pool.Ref, Name: "C1"}, DeploymentID: "d"}
		if err := h.Store.Change(t.Context(), nil, func(tx *store.Tx) error { return tx.InsertCluster(in) }); err != nil {
			t.Fatal(err)
		}
		const pools, clusters = "microsoft.hdinsight/clusterpools", "Microsoft.HDInsight/clusterPools/clusters"
		for why, tt := range map[string]struct{ location, kind, name, want string }{
			"a pool's":                              {"eastus2", pools, "p1", "AlreadyExists"},
			"a pool's at another location":          {"eastus", pools, "p1", ""},
			"a free one of a pool":                  {"eastus2", pools, "p2", ""},
			"none of a pool":                        {"eastus2", pools, "p1/c1", "Invalid"},
			"a cluster's":                           {"East US 2", clusters, "p1/c1", "AlreadyExists"},
			"a cluster's in another pool":           {"eastus2", clusters, "p2/c1", ""},
			"a cluster's, of the pool elsewhere":    {"eastus", clusters, "p1/c1", ""},
			"a cluster's without its pool":          {"eastus", clusters, "c1", "AlreadyExists"},
			"a free one of a cluster, without pool": {"eastus", clusters, "c2", ""},
			"none of a cluster":                     {"eastus2", clusters, "p1/c_1", "Invalid"},
			"a type that is not ours":               {"eastus2", "Microsoft.Storage/storageAccounts", "x", "InvalidParameter"},
			"a location that is none":               {"atlantis", pools, "x", "NoRegisteredProviderFound"},
		} {
			a, err := h.NameAvailable(t.Context(), sub, tt.location, tt.kind, tt.name)
			if got := a.Reason + code(err); got != tt.want || a.Available != (tt.want == "") || (a.Message == "") != (a.Reason == "") {
				t.Errorf("%s: got %+v, %v; want %q", why, a, err, tt.want)
			}
		}
	})
}

func TestLocationsAreTheTargetsAndTheirAliases(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		all := h.Locations()
		if len(all) != 1+len(regions) || all[0] != (Location{"here", "here"}) || all[len(all)-1] != (Location{"westus3", "West US 3"}) {
			t.Errorf("got %v", all)
		}
		for _, l := range all {
			if err := h.CheckLocation(l.DisplayName); err != nil {
				t.Errorf("%s leads nowhere: %v", l.DisplayName, err)
			}
		}
		versions, err := h.AvailableVersions("west us")
		if err != nil || len(versions) != 1 || versions[0].Name() != "flink_2.3.0-1.2.2" {
			t.Errorf("the versions are %v, %v", versions, err)
		}
		if _, err := h.AvailableVersions("atlantis"); code(err) != "NoRegisteredProviderFound" {
			t.Errorf("of a location that is none: %v", err)
		}
	})
}
