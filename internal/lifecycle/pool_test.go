package lifecycle

import (
	"slices"
	"strings"
	"testing"

	"drey/internal/cluster"
	"drey/internal/store"
)

func TestAPoolIsMadeChangedAndRemoved(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ref := poolRef("g1", "Pool1")
		made, op := h.put(ref, poolSpec())
		if !made.Created || made.ProvisioningState != "Accepted" || op.Status != "Accepted" || made.Ref.Group != "G1" || made.Target != "here" {
			t.Errorf("the answer is %+v, %+v", made, op)
		}
		if got := h.ends(op) + " " + h.state(ref); got != "Succeeded Succeeded" {
			t.Errorf("the create ended %s", got)
		}
		same, op := h.put(ref, poolSpec())
		if same.Created || same.ETag != made.ETag || same.System != made.System || op.Status != "Succeeded" || op.Kind != "pool.update" {
			t.Errorf("the same PUT answered %+v, %+v", same, op)
		}
		spec := poolSpec()
		spec.Version, spec.LogAnalytics = "1.1", &cluster.PoolLogAnalytics{Enabled: true}
		changed, op := h.put(ref, spec)
		if changed.Version != "1.1" || !changed.LogAnalytics.Enabled || changed.ETag == made.ETag || changed.UID != made.UID || op.Status != "Succeeded" {
			t.Errorf("a change answered %+v, %+v", changed, op)
		}
		removed, err := h.DeletePool(h.t.Context(), h.caller(), ref, Conditions{})
		if err != nil || removed.Status != "Deleting" || h.state(ref) != "Deleting" {
			t.Fatalf("the delete answered %+v, %v; the pool is %s", removed, err, h.state(ref))
		}
		if got := h.ends(*removed) + " " + h.state(ref); got != "Succeeded ResourceNotFound" {
			t.Errorf("the delete ended %s", got)
		}
		if again, err := h.DeletePool(h.t.Context(), h.caller(), ref, Conditions{IfMatch: "x"}); again != nil || err != nil {
			t.Errorf("a delete of nothing answered %+v, %v", again, err)
		}
	})
}

func TestAPoolWhoseTargetIsSilentFailsAndIsHealedByTheSamePut(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ref := poolRef("G1", "p")
		h.place.silent = true
		_, op := h.put(ref, poolSpec())
		if _, _, err := h.PutPool(t.Context(), h.caller(), ref, cluster.PoolSpec{Location: "eastus2", VMSize: "Standard_E4s_v3", Version: "1.0"}, Conditions{}); code(err) != "AnotherOperationInProgress" {
			t.Errorf("a change meanwhile: %v", err)
		}
		_, tags, err := h.PatchPool(t.Context(), h.caller(), ref, func(p cluster.Pool) (cluster.PoolSpec, error) {
			s := p.Spec()
			s.Tags = nil
			return s, nil
		}, Conditions{})
		if err != nil || tags.Status != "Succeeded" || h.state(ref) != "Accepted" {
			t.Errorf("tags meanwhile: %+v, %v; the pool is %s", tags, err, h.state(ref))
		}
		if got := h.ends(op); got != "DeadlineExceeded" {
			t.Errorf("the create ended %s", got)
		}
		h.place.silent = false
		healed, op := h.put(ref, poolSpec())
		if healed.ProvisioningState != "Accepted" || healed.Created {
			t.Errorf("the retry answered %+v", healed)
		}
		if got := h.ends(op) + " " + h.state(ref); got != "Succeeded Succeeded" {
			t.Errorf("the retry ended %s", got)
		}
	})
}

func TestADeleteTakesThePlaceOfACreate(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ref := poolRef("G1", "p")
		h.place.silent = true
		_, create := h.put(ref, poolSpec())
		first, err := h.DeletePool(t.Context(), h.caller(), ref, Conditions{})
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.DeletePool(t.Context(), h.caller(), ref, Conditions{})
		if err != nil || second == nil || second.ID != first.ID {
			t.Errorf("a second delete is %+v, %v; want the first, %s", second, err, first.ID)
		}
		if got := h.ends(create) + " " + h.ends(*first); got != "Superseded Succeeded" {
			t.Errorf("they ended %s", got)
		}
	})
}

func TestAPoolWithClustersStays(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ref := poolRef("G1", "p")
		pool, op := h.put(ref, poolSpec())
		h.ends(op)
		at := cluster.Ref{PoolRef: pool.Ref, Name: "c"}
		fill := func(tx *store.Tx) error {
			return tx.InsertCluster(cluster.Cluster{UID: "c", PoolUID: pool.UID, Ref: at, DeploymentID: "d", Phase: cluster.Running})
		}
		if err := h.Store.Change(t.Context(), nil, fill); err != nil {
			t.Fatal(err)
		}
		_, err := h.DeletePool(t.Context(), h.caller(), ref, Conditions{})
		if code(err) != "CannotDeleteResource" || !strings.Contains(err.Error(), "'"+at.ID()+"'") || h.state(ref) != "Succeeded" {
			t.Errorf("got %v; the pool is %s", err, h.state(ref))
		}
	})
	_, v := decideRemove(facts{Pool: "p"}, answers{Nested: []string{"/c"}}, now)
	if v.String() != "Fail(CannotDeleteResource)" {
		t.Errorf("a cluster that came meanwhile: %s", v)
	}
}

func TestAPoolIsRefusedWithTheReason(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ref := poolRef("G1", "p")
		pool, op := h.put(ref, poolSpec())
		h.ends(op)
		with := func(change func(*cluster.PoolSpec)) cluster.PoolSpec {
			s := poolSpec()
			change(&s)
			return s
		}
		elsewhere := with(func(s *cluster.PoolSpec) { s.Location = "West US" })
		for why, tt := range map[string]struct {
			ref  cluster.PoolRef
			spec cluster.PoolSpec
			cond Conditions
			want string
		}{
			"no such group":                      {poolRef("G3", "q"), poolSpec(), Conditions{}, "ResourceGroupNotFound"},
			"no such location":                   {poolRef("G1", "q"), with(func(s *cluster.PoolSpec) { s.Location = "Atlantis" }), Conditions{}, "LocationNotAvailableForResourceType"},
			"faults":                             {poolRef("G1", "-"), with(func(s *cluster.PoolSpec) { s.VMSize = "" }), Conditions{}, "InvalidRequestContent"},
			"the name is taken in another group": {poolRef("G2", "P"), with(func(s *cluster.PoolSpec) { s.Location = "eastus2" }), Conditions{}, "ClusterPoolAlreadyTaken"},
			"it stays where it is":               {ref, elsewhere, Conditions{}, "InvalidResourceLocation"},
			"If-Match on nothing":                {poolRef("G1", "q"), poolSpec(), Conditions{IfMatch: "*"}, "PreconditionFailed"},
			"If-None-Match on one that is there": {ref, poolSpec(), Conditions{IfNoneMatch: "*"}, "PreconditionFailed"},
			"another ETag":                       {ref, poolSpec(), Conditions{IfMatch: "x"}, "PreconditionFailed"},
			"its own ETag is fine":               {ref, poolSpec(), Conditions{IfMatch: pool.ETag}, ""},
		} {
			if _, _, err := h.PutPool(t.Context(), h.caller(), tt.ref, tt.spec, tt.cond); code(err) != tt.want {
				t.Errorf("%s: got %v, want %q", why, err, tt.want)
			}
		}
		if _, _, err := h.PutPool(t.Context(), h.caller(), poolRef("G2", "p"), elsewhere, Conditions{IfNoneMatch: "*"}); err != nil {
			t.Errorf("its name at another location is free: %v", err)
		}
		keep := func(p cluster.Pool) (cluster.PoolSpec, error) { return p.Spec(), nil }
		if _, _, err := h.PatchPool(t.Context(), h.caller(), poolRef("G1", "none"), keep, Conditions{IfMatch: "x"}); code(err) != "ResourceNotFound" {
			t.Errorf("PATCH of nothing: %v", err)
		}
		if _, err := h.DeletePool(t.Context(), h.caller(), ref, Conditions{IfMatch: "x"}); code(err) != "PreconditionFailed" {
			t.Errorf("DELETE of another ETag: %v", err)
		}
		if _, err := h.DeletePool(t.Context(), h.caller(), poolRef("G3", "p"), Conditions{}); code(err) != "ResourceGroupNotFound" {
			t.Errorf("DELETE in a group that is not there: %v", err)
		}
	})
}

func TestARepeatedRequestForAPoolIsTheSameOperation(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		c := h.caller()
		c.ClientRequestID = "mine"
		_, first, err := h.PutPool(t.Context(), c, poolRef("G1", "p"), poolSpec(), Conditions{IfNoneMatch: "*"})
		if err != nil {
			t.Fatal(err)
		}
		c.RequestID = h.caller().RequestID
		_, second, err := h.PutPool(t.Context(), c, poolRef("G1", "p"), poolSpec(), Conditions{IfNoneMatch: "*"})
		if err != nil || second.ID != first.ID {
			t.Errorf("got %s, %v; want %s", second.ID, err, first.ID)
		}
	})
}

func TestPoolsAreListedInPages(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		for _, ref := range []cluster.PoolRef{poolRef("G1", "b"), poolRef("G2", "a"), poolRef("G1", "A1")} {
			h.put(ref, poolSpec())
		}
		for group, want := range map[string][]string{"": {"A1", "b", "a"}, "g1": {"A1", "b"}} {
			var got []string
			for p, next := (Page{Limit: 1}), "x"; next != ""; p.After = next {
				views, after, err := h.PoolViews(t.Context(), sub, group, p)
				if err != nil || len(views) != 1 {
					t.Fatal(views, err)
				}
				got, next = append(got, views[0].Ref.Pool), after
			}
			if !slices.Equal(got, want) {
				t.Errorf("of group %q: got %v, want %v", group, got, want)
			}
		}
		if _, _, err := h.PoolViews(t.Context(), sub, "G3", Page{}); code(err) != "ResourceGroupNotFound" {
			t.Errorf("of a group that is not there: %v", err)
		}
	})
}

func TestADryRunIsCheckedAndKeepsNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		at, dry := poolRef("G1", "p"), h.caller()
		dry.DryRun = true
		_, op, err := h.PutPool(t.Context(), dry, at, poolSpec(), Conditions{})
		if err != nil || op.Kind != kindPoolCreate || !op.Running() || len(op.Steps) == 0 {
			t.Errorf("a create: %+v, %v", op, err)
		}
		if _, err := h.PoolView(t.Context(), at); code(err) != "ResourceNotFound" {
			t.Errorf("the pool is there: %v", err)
		}
		_, op = h.put(at, poolSpec())
		h.ends(op)
		spec := poolSpec()
		spec.Tags = map[string]string{"a": "c"}
		if _, _, err = h.PutPool(t.Context(), dry, at, spec, Conditions{}); err != nil {
			t.Errorf("a change: %v", err)
		}
		if removed, err := h.DeletePool(t.Context(), dry, at, Conditions{}); err != nil || removed.Kind != kindPoolDelete {
			t.Errorf("a delete: %+v, %v", removed, err)
		}
		if _, err := h.DeletePool(t.Context(), dry, at, Conditions{IfMatch: "another"}); code(err) != "PreconditionFailed" {
			t.Errorf("a delete of what was changed meanwhile: %v", err)
		}
		view, err := h.PoolView(t.Context(), at)
		if err != nil || view.Tags["a"] != "b" || view.ProvisioningState != cluster.ProvisioningSucceeded {
			t.Errorf("the pool is another: %+v, %v", view, err)
		}
		ops, err := h.PoolOperations(t.Context(), at, "", "", 100)
		if err != nil || len(ops) != 1 || ops[0].ID != op.ID {
			t.Errorf("the operations are %+v, %v", ops, err)
		}
	})
}
