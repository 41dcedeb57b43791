package lifecycle

import (
	"strings"
	"testing"
	"time"

	"drey/internal/runtime"
)

func TestAnUpdateWhoseSecondSetFindsNoPlaceGoesCold(t *testing.T) {
	t.Parallel()
	beside := lived(bySavepoint)
	handed, byLastState := beside, beside
	handed.Handed, byLastState.Way = true, byLast
	without := jm(runtime.Absent, runtime.GateInfo{})
	without.Processes[1].State, without.Processes[1].NoPlace = runtime.Absent, "0/1 nodes are available: 1 Insufficient cpu"
	late := jm(runtime.Absent, runtime.GateInfo{})
	for why, tt := range map[string]struct {
		facts facts
		seen  *runtime.Status
		after time.Duration
		want  string
	}{
		"a place may come": {beside, without, placeLimit, "Act"},
		"none came":        {beside, without, placeLimit + 1, "Back(stop)"},
		"none came, and nothing is stopped for it": {byLastState, without, placeLimit + 1, "Back(checkpoint)"},
		"what runs gave way before":                {handed, without, placeLimit + 1, "Act"},
		"nobody knows why it does not come":        {beside, late, placeLimit + 1, "Act"},
		"and it did not for long":                  {beside, late, prepareLimit + 1, "Back(stop)"},
	} {
		tt.facts.PreparedAt = now
		f, v := decidePrepare(tt.facts, answers{Row: row("Prepared"), Incarnation: tt.seen}, now.Add(tt.after))
		if v.String() != tt.want {
			t.Errorf("%s: %s, want %s", why, v, tt.want)
		}
		if cold := strings.HasPrefix(tt.want, "Back"); cold && (f.Beside || f.Incarnation != "" || f.Handed) {
			t.Errorf("%s: it goes cold with %+v", why, f)
		}
	}
}
