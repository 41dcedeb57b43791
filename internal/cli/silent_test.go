package cli

import (
	"testing"
	"time"

	"drey/internal/arm/v20261101"
)

func TestAJobThatIsSilentHasAStatusThatNobodyKnows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for want, c := range map[string]struct {
		phase, at string
	}{
		"RUNNING":                   {"Running", ""}, // never seen
		"RUNNING (observed 2s ago)": {"Running", "2026-11-26T11:59:58Z"},
		"Unknown since 2026-11-26T11:58:00Z (was RUNNING)": {"Running", "2026-11-26T11:58:00Z"},
		"RUNNING (observed 5m ago)":                        {"Stopped", "2026-11-26T11:55:00Z"}, // nobody looks at what does not run
	} {
		var p v20261101.Properties
		p.Status, p.Observed = c.phase, &v20261101.Observed{At: c.at}
		if got := statusAt(now, p, "RUNNING"); got != want {
			t.Errorf("%+v: got %q, want %q", c, got, want)
		}
	}
}
