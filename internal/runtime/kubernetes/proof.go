package kubernetes

import core "k8s.io/api/core/v1"

// machine is who a node is now: what the proof compares with a place. Zero: it could not be asked.
type machine struct{ nodeUID, systemUUID, bootID string }

// proves is the rule by which a pod with our finalizer is proof that nothing of it lives: the kubelet's word on each of its
// containers. Never its phase, which the pod collector writes over running containers, nor Ready, a deletionTimestamp, or an
// absent object. at is nil where the process is not known to have run.
func proves(p *core.Pod, at *place, now machine) bool {
	switch {
	case at != nil && at.UID != string(p.UID): // a namesake
		return false
	case p.Spec.NodeName == "": // never bound; while it is deleted no binding is accepted any more
		return p.DeletionTimestamp != nil
	case refusedByKubelet(p), brokenBefore(p):
		return true
	case len(p.Status.ContainerStatuses) < len(p.Spec.Containers):
		return false
	}
	for _, c := range p.Status.ContainerStatuses {
		t := c.State.Terminated
		if t == nil || unknown(t) && !restarted(at, now) {
			return false
		}
	}
	return true
}

// refusedByKubelet: no container was ever made there. The pod collector gives no reason.
func refusedByKubelet(p *core.Pod) bool {
	s := p.Status
	return s.Phase == core.PodFailed && s.Reason != "" && len(s.ContainerStatuses) == 0 && len(s.InitContainerStatuses) == 0
}

// brokenBefore: with restartPolicy Never the main container cannot start behind a failed init container.
func brokenBefore(p *core.Pod) bool {
	for _, c := range p.Status.InitContainerStatuses {
		if t := c.State.Terminated; t != nil && t.ExitCode != 0 && t.ContainerID != "" {
			return true
		}
	}
	return false
}

// unknown: the kubelet found no such container. After a restart of its machine that is a proof, else it may have lost it.
func unknown(t *core.ContainerStateTerminated) bool { return t.Reason == "ContainerStatusUnknown" }

// restarted: the same machine, started anew. Another machine of the same name proves nothing about the first one.
func restarted(at *place, now machine) bool {
	return at != nil && at.SystemUUID != "" && at.BootID != "" && at.SystemUUID == now.systemUUID && at.BootID != now.bootID
}
