package kubernetes

import (
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a pod's status says in each case was measured on Kubernetes 1.34.

func podLike(change func(*core.Pod)) *core.Pod {
	p := &core.Pod{
		ObjectMeta: meta.ObjectMeta{UID: "uid"},
		Spec:       core.PodSpec{NodeName: "node1", Containers: []core.Container{{Name: flinkContainer}}},
		Status:     core.PodStatus{Phase: core.PodRunning, InitContainerStatuses: []core.ContainerStatus{done("init", 0, "Completed", "cri://i")}},
	}
	change(p)
	return p
}

func done(name string, code int32, reason, id string) core.ContainerStatus {
	return core.ContainerStatus{Name: name, State: core.ContainerState{
		Terminated: &core.ContainerStateTerminated{ExitCode: code, Reason: reason, ContainerID: id}}}
}

func runs(p *core.Pod) {
	p.Status.ContainerStatuses = []core.ContainerStatus{{Name: flinkContainer, State: core.ContainerState{Running: &core.ContainerStateRunning{}}}}
}

func waits(p *core.Pod) {
	p.Status.ContainerStatuses = []core.ContainerStatus{{Name: flinkContainer,
		State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "PodInitializing"}}}}
}

func ends(reason string) func(*core.Pod) {
	return func(p *core.Pod) {
		p.Status.ContainerStatuses = []core.ContainerStatus{done(flinkContainer, 137, reason, "cri://c")}
	}
}

func all(changes ...func(*core.Pod)) func(*core.Pod) {
	return func(p *core.Pod) {
		for _, change := range changes {
			change(p)
		}
	}
}

func deleted(p *core.Pod) { now := meta.Now(); p.DeletionTimestamp = &now }

func failed(reason string) func(*core.Pod) {
	return func(p *core.Pod) { p.Status.Phase, p.Status.Reason = core.PodFailed, reason }
}

func initEnds(code int32, reason, id string) func(*core.Pod) {
	return func(p *core.Pod) {
		p.Status.InitContainerStatuses = []core.ContainerStatus{done("init", code, reason, id)}
	}
}

func empty(p *core.Pod)   { p.Status.ContainerStatuses, p.Status.InitContainerStatuses = nil, nil }
func unbound(p *core.Pod) { p.Spec.NodeName, p.Status.Phase = "", core.PodPending }

func TestOnlyTheKubeletsWordProvesADeath(t *testing.T) {
	t.Parallel()
	here := &place{UID: "uid", Node: "node1", SystemUUID: "machine", BootID: "first"}
	const lost = "ContainerStatusUnknown"
	for name, tt := range map[string]struct {
		pod  func(*core.Pod)
		at   *place
		now  machine
		want bool
	}{
		"it runs":                                          {runs, here, machine{}, false},
		"it runs and is to be deleted":                     {all(runs, deleted), here, machine{}, false},
		"the pod collector calls it failed":                {all(runs, deleted, failed("")), here, machine{}, false},
		"a lost node's pod gets a reason while it runs":    {all(runs, deleted, failed("NodeLost")), here, machine{}, false},
		"its container was killed":                         {ends("Error"), here, machine{}, true},
		"its container was killed for its memory":          {ends("OOMKilled"), here, machine{}, true},
		"the pod is a namesake":                            {ends("Error"), &place{UID: "other"}, machine{}, false},
		"it never had a node":                              {all(unbound, empty), nil, machine{}, false},
		"it never had a node and is to be deleted":         {all(unbound, empty, deleted), nil, machine{}, true},
		"the kubelet refused it":                           {all(empty, failed("OutOfmemory")), nil, machine{}, true},
		"the collector failed it before it had any status": {all(empty, failed("")), nil, machine{}, false},
		"it waits for its image":                           {waits, nil, machine{}, false},
		"it was deleted in its init phase":                 {all(waits, deleted, failed(""), initEnds(137, "Error", "cri://i")), nil, machine{}, true},
		"its init container is not known any more":         {all(waits, deleted, failed(""), initEnds(137, lost, "")), nil, machine{}, false},
		"its node lost the container":                      {ends(lost), here, machine{"n", "machine", "first"}, false},
		"its node was started anew":                        {ends(lost), here, machine{"n", "machine", "second"}, true},
		"another machine took its node's name":             {ends(lost), here, machine{"n", "other", "second"}, false},
		"nobody may ask the node":                          {ends(lost), here, machine{}, false},
		"nobody knew the node when it started":             {ends(lost), &place{UID: "uid"}, machine{"n", "machine", "second"}, false},
		"nothing is said of its container yet":             {func(*core.Pod) {}, here, machine{}, false},
	} {
		if got := proves(podLike(tt.pod), tt.at, tt.now); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
