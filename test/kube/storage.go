package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Claim makes a claim in a namespace for a folder of [Cluster.Shared], and a volume for it, and returns when they are bound: a pod that is made
// before waits half a minute for the scheduler's second look. The folder must exist and let the pods write.
func (c *Cluster) Claim(ctx context.Context, namespace, name, folder string) (claim string, err error) {
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	class := "" // none: nothing provisions
	must := corev1.HostPathDirectory
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name},
		Spec: corev1.PersistentVolumeSpec{Capacity: size, AccessModes: modes, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: folder, Type: &must}},
			ClaimRef:               &corev1.ObjectReference{Namespace: namespace, Name: name}},
	}
	if _, err := c.Client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("cannot make a volume of %s: %w", folder, err)
	}
	claims := c.Client.CoreV1().PersistentVolumeClaims(namespace)
	if _, err := claims.Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: modes, VolumeName: volume.Name, StorageClassName: &class,
			Resources: corev1.VolumeResourceRequirements{Requests: size}},
	}, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("cannot claim the volume %s: %w", volume.Name, err)
	}
	return name, c.await(ctx, "kube-controller-manager", nil, func(ctx context.Context) error {
		claim, err := claims.Get(ctx, name, metav1.GetOptions{})
		if err == nil && claim.Status.Phase != corev1.ClaimBound {
			err = fmt.Errorf("the claim %s is %s", name, claim.Status.Phase)
		}
		return err
	})
}
