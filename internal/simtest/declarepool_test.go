package simtest

import (
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func TestLogAnalyticsIsThePoolsToAllow(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		logs := func(spec *cluster.Spec) { spec.Properties.Profile.LogAnalytics = &cluster.LogAnalytics{Enabled: true} }
		_, _, err := byPatch(s, logs)
		if e := cluster.AsError(err); e == nil || e.Code != "LogAnalyticsNotEnabledOnPool" {
			s.Errorf("it is off in the pool: %v", err)
		}
		_, op, err := s.PutPool(s.Context(), s.caller(), pool, cluster.PoolSpec{Location: target, VMSize: "Standard_D4s_v5", Version: "1.2",
			PoolSettings: cluster.PoolSettings{LogAnalytics: &cluster.PoolLogAnalytics{Enabled: true}}}, lifecycle.Conditions{})
		if err != nil {
			s.Fatal(err)
		}
		s.await(op.ID)
		if _, _, err := byPatch(s, logs); err != nil {
			s.Errorf("it is on in the pool: %v", err)
		}
	})
}
