package kubernetes

import (
	"strings"
	"testing"

	core "k8s.io/api/core/v1"

	"drey/internal/runtime"
)

func TestAPodThatNoNodeTakesIsAProcessWithoutAPlace(t *testing.T) {
	t.Parallel()
	condition := func(reason string) func(*core.Pod) {
		return func(p *core.Pod) {
			p.Status = core.PodStatus{Phase: core.PodPending, Conditions: []core.PodCondition{
				{Type: core.PodScheduled, Status: core.ConditionFalse, Reason: reason, Message: "0/1 nodes are available: 1 Insufficient cpu."}}}
		}
	}
	for reason, want := range map[string]string{core.PodReasonUnschedulable: "1 Insufficient cpu", core.PodReasonSchedulingGated: ""} {
		seen, err := new(Runtime).observeProcess(t.Context(), record{}, process{}, podLike(condition(reason)), nil)
		if err != nil || seen.State != runtime.Absent || (seen.NoPlace != "") != (want != "") || !strings.Contains(seen.NoPlace, want) {
			t.Errorf("%s: %+v, %v", reason, seen, err)
		}
	}
}
