package lifecycle

import (
	"testing"
	"time"

	"drey/internal/cluster"
)

func TestAGroupsPoolGoesAfterAllThatIsInItAndFailsWithWhatStays(t *testing.T) {
	t.Parallel()
	withClusters := facts{Pool: "p", WithClusters: true}
	withGroup := withClusters
	withGroup.WithGroup = &groupKey{"s", "g"}
	for why, tt := range map[string]struct {
		facts facts
		seen  answers
		want  string
	}{
		"a pool by itself":              {facts{Pool: "p"}, answers{}, "Done"},
		"a pool by itself that is full": {facts{Pool: "p"}, answers{Nested: []string{"/c"}}, "Fail(CannotDeleteResource)"},
		"its clusters go":               {withClusters, answers{Nested: []string{"/c"}}, "Again"},
		"its clusters are gone":         {withClusters, answers{}, "Done"},
		"a cluster stays":               {withClusters, answers{Stuck: &cluster.Error{Code: "TargetUnreachable"}}, "Fail(TargetUnreachable)"},
		"other pools go":                {withGroup, answers{Nested: []string{"/p2"}}, "Again"},
		"it is the last":                {withGroup, answers{}, "Done"},
	} {
		_, v := decideRemove(tt.facts, tt.seen, time.Time{})
		if got := v.String(); got != tt.want {
			t.Errorf("%s: %s, want %s", why, got, tt.want)
		}
	}
}
