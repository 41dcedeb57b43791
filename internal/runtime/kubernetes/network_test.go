package kubernetes

import (
	"strings"
	"testing"

	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

// TestAnIncarnationIsIsolatedFromItsFirstPodOn also holds that of what is forgotten the record alone stays.
func TestAnIncarnationIsIsolatedFromItsFirstPodOn(t *testing.T) {
	t.Parallel()
	for _, isolate := range []bool{true, false} {
		api := newAPI(t)
		newKubelet(t, api)
		config := configOf(t, api)
		config.Isolate = isolate
		r, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		inc := runtime.Incarnation{
			Shape:     runtime.Shape{ID: testID, Distribution: "2.3.0"},
			Processes: []runtime.Process{program(runtime.ProcessID{Role: runtime.JobManager}, runtimetest.Script{runtimetest.Wait})},
		}
		if err := r.Prepare(t.Context(), inc); err != nil {
			t.Fatal(err)
		}
		const namespaced = "/namespaces/flink/"
		order := map[string]int{}
		for i, change := range api.changes() {
			if _, seen := order[change.path]; !seen {
				order[change.path] = i
			}
		}
		policyAt, made := order["/apis/networking.k8s.io/v1"+namespaced+"networkpolicies/"+nameOf(testID)]
		podAt := order["/api/v1"+namespaced+"pods/"+podName(testID, process{ProcessID: inc.Processes[0].ProcessID, Life: 1})]
		if made != isolate || made && policyAt > podAt {
			t.Errorf("isolate %t: a policy was made: %t, as change %d; the pod is change %d", isolate, made, policyAt, podAt)
		}
		if err := r.Kill(t.Context(), testID); err != nil {
			t.Fatal(err)
		}
		if err := r.Forget(t.Context(), testID); err != nil {
			t.Fatal(err)
		}
		for path := range order {
			if strings.Contains(path, namespaced) && !strings.Contains(path, "/configmaps/") && api.get(path) != nil {
				t.Errorf("isolate %t: %s stays", isolate, path)
			}
		}
	}
}
