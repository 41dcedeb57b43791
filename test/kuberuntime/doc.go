// Package kuberuntime holds the Kubernetes runtime to the conformance suite and to its faults, on a real Kubernetes, under the
// rights of deploy/kubernetes/rbac.yaml and in namespaces that enforce the restricted pod security level.
package kuberuntime
