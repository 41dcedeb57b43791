package simtest

import (
	"testing"

	"drey/internal/cluster"
)

func TestAnUpgradeIsOfferedDoneAndRemembered(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		offered := func() (names []string) {
			all, err := s.AvailableUpgrades(s.Context(), ref)
			if err != nil {
				s.Fatal(err)
			}
			for _, u := range all {
				names = append(names, u.To.Name())
			}
			return names
		}
		if got := offered(); len(got) != 1 || got[0] != "flink_2.4.0-1.2.2" {
			s.Errorf("offered before: %v", got)
		}
		_, op, err := upgrade(cluster.Upgrade{Type: cluster.UpgradePatch, OSS: "2.4.0"})(s, nil)
		if err != nil {
			s.Fatal(err)
		}
		s.await(op.ID)
		if got := offered(); len(got) != 0 {
			s.Errorf("offered afterwards: %v", got)
		}
		done, err := s.UpgradesDone(s.Context(), ref)
		if err != nil || len(done) != 1 || done[0].Failed || done[0].From.Flink != "2.3.0" || done[0].To.Flink != "2.4.0" {
			s.Errorf("%v: %+v", err, done)
		}
	})
}
