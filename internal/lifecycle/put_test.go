package lifecycle

import (
	"testing"

	"drey/internal/cluster"
)

func TestAClusterIsMadeOnlyInAPoolThatIsReady(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		at := cluster.Ref{PoolRef: poolRef("G1", "p"), Name: "c"}
		create := func() string {
			_, _, err := h.PutCluster(t.Context(), h.caller(), at, cluster.ByPut, cluster.Spec{}, Conditions{})
			return code(err)
		}
		h.place.silent = true
		_, op := h.put(at.PoolRef, poolSpec())
		if got := create(); got != "PoolNotReady" {
			t.Errorf("while the pool is made: %s", got)
		}
		h.ends(op)
		if got := create(); got != "PoolNotReady" {
			t.Errorf("in a pool that failed: %s", got)
		}
		h.place.silent = false
		_, op = h.put(at.PoolRef, poolSpec())
		h.ends(op)
		if got := create(); got != "InvalidRequestContent" {
			t.Errorf("in a pool that is ready, an empty body: %s", got)
		}
	})
}
