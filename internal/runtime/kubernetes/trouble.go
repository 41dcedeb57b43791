package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// What can be in the way. Wrapped ones match by [errors.Is].
var (
	// ErrAway says that the Kubernetes API does not answer.
	ErrAway = errors.New("the Kubernetes API cannot be reached")
	// ErrRefused says that the Kubernetes API does not let us.
	ErrRefused = errors.New("the Kubernetes API refuses it: our ServiceAccount needs the rights of deploy/kubernetes/rbac.yaml")
	// ErrQuota says that the namespace's quota is used up.
	ErrQuota = errors.New("the quota of the namespace does not allow it")
	// ErrNoNamespace says that the namespace is not there, or is being deleted.
	ErrNoNamespace = errors.New("the namespace is gone")
	// ErrForeign says that an object with our name is somebody else's.
	ErrForeign = errors.New("an object of that name is somebody else's")
	// ErrImage says that an image cannot be had.
	ErrImage = errors.New("an image cannot be had")
	// ErrNoNode says that no node takes a pod.
	ErrNoNode = errors.New("no node takes the pod")
	// ErrPod says that a pod cannot start for another reason.
	ErrPod = errors.New("the pod cannot start")
)

// explain names what the API answered.
func explain(err error) error {
	var status apierrors.APIStatus
	switch netErr := net.Error(nil); {
	case err == nil:
		return nil
	case apierrors.HasStatusCause(err, core.NamespaceTerminatingCause):
		return fmt.Errorf("%w: %w", ErrNoNamespace, err)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"),
		apierrors.IsForbidden(err) && strings.Contains(err.Error(), "failed quota"):
		return fmt.Errorf("%w: %w", ErrQuota, err)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case apierrors.IsNotFound(err) && strings.HasPrefix(err.Error(), "namespaces "):
		return fmt.Errorf("%w: %w", ErrNoNamespace, err)
	case errors.As(err, &status):
		return err
	case errors.As(err, &netErr), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// stillThere makes sure that the absence of an object means something: that this is the namespace we mean.
func (r *Runtime) stillThere(ctx context.Context) error {
	_, err := r.Identity(ctx)
	return err
}

// stuck says why a pod that has not started will not by itself, or nil.
func stuck(p *core.Pod) error {
	if p.Status.Phase == core.PodFailed && p.Status.Reason != "" {
		return fmt.Errorf("%w: %s: %s", ErrPod, p.Status.Reason, p.Status.Message)
	}
	for _, c := range p.Status.Conditions {
		if c.Type == core.PodScheduled && c.Status == core.ConditionFalse && c.Reason == core.PodReasonUnschedulable {
			return fmt.Errorf("%w: %s", ErrNoNode, c.Message)
		}
	}
	for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		w := c.State.Waiting
		if w == nil {
			continue
		}
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable":
			return fmt.Errorf("%w: %s: %s: %s", ErrImage, c.Image, w.Reason, w.Message)
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return fmt.Errorf("%w: %s: %s", ErrPod, w.Reason, w.Message)
		}
	}
	return nil
}
