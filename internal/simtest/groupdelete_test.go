package simtest

import (
	"slices"
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
)

func TestADeletedGroupTakesItsClustersAndPoolsAlong(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		for _, name := range []string{"before", "zuletzt"} { // one on each side of the pool with the cluster
			_, op, err := s.PutPool(s.Context(), s.caller(), cluster.PoolRef{Subscription: pool.Subscription, Group: pool.Group, Pool: name},
				cluster.PoolSpec{Location: target, VMSize: "Standard_D4s_v5", Version: "1.2"}, lifecycle.Conditions{})
			if err != nil {
				s.Fatal(err)
			}
			s.await(op.ID)
		}
		caller := s.caller()
		caller.ClientRequestID = "mine"
		op, err := s.DeleteGroup(s.Context(), caller, pool.Subscription, pool.Group)
		if err != nil || op == nil {
			s.Fatalf("got %v, %v", op, err)
		}
		again := s.caller()
		again.ClientRequestID, again.Method, again.URL = caller.ClientRequestID, caller.Method, caller.URL
		if same, err := s.DeleteGroup(s.Context(), again, pool.Subscription, pool.Group); err != nil || same.ID != op.ID {
			s.Errorf("the same request again: %v, %v", same, err)
		}
		s.await(op.ID)
		for what, err := range map[string]error{
			"the group":   second(s.Group(s.Context(), pool.Subscription, pool.Group)),
			"the cluster": second(s.Cluster(s.Context(), ref)),
		} {
			if e := cluster.AsError(err); e == nil || e.Code != "ResourceGroupNotFound" {
				s.Errorf("%s: %v", what, err)
			}
		}
		seen, err := s.seam.List(s.Context())
		if err != nil || slices.ContainsFunc(seen, func(st runtime.Status) bool { return !st.Dead }) {
			s.Errorf("on the target there is %v, %v", seen, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
