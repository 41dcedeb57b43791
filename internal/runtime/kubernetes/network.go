package kubernetes

import (
	"context"
	"fmt"

	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

// policy lets the processes of an incarnation reach each other. That Drey reaches them, and nobody else, says the namespace's own policy
// (deploy/kubernetes/drey.yaml): policies only ever add.
func policy(id runtime.IncarnationID) *networking.NetworkPolicy {
	own := meta.LabelSelector{MatchLabels: map[string]string{incarnationLabel: string(id)}}
	return &networking.NetworkPolicy{ObjectMeta: object(id), Spec: networking.NetworkPolicySpec{
		PodSelector: own,
		PolicyTypes: []networking.PolicyType{networking.PolicyTypeIngress},
		Ingress:     []networking.NetworkPolicyIngressRule{{From: []networking.NetworkPolicyPeer{{PodSelector: &own}}}},
	}}
}

// isolate makes the policy of an incarnation, before any pod of it.
func (r *Runtime) isolate(ctx context.Context, rec record) error {
	if !rec.Isolated {
		return nil
	}
	_, err := r.api.NetworkingV1().NetworkPolicies(r.config.Namespace).Create(ctx, policy(rec.ID), meta.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot make its network policy: %w", explain(err))
	}
	return nil
}
