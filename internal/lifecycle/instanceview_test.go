package lifecycle

import (
	"testing"

	"drey/internal/cluster"
)

func TestAJobManagerThatIsSilentIsUnknownNotGone(t *testing.T) {
	t.Parallel()
	s := &Service{world: &world{Config{Targets: map[string]Target{"away": {Runtime: away{}}}}}}
	ready, reason, _ := s.readiness(t.Context(), cluster.Cluster{Phase: cluster.Running}, cluster.Incarnation{ID: "i", Target: "away", TaskManagers: 1})
	if ready != ReadyUnknown || reason != "JobManagerUnreachable" {
		t.Errorf("got %s %s", ready, reason)
	}
}
