package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Volume makes a volume of a folder of [Cluster.Shared] for a claim that does not exist yet. The folder must exist and let the pods write.
func (c *Cluster) Volume(ctx context.Context, namespace, claim, folder string) (name string, err error) {
	must := corev1.HostPathDirectory
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + claim},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("100Gi")},
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany, corev1.ReadWriteOnce},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: folder, Type: &must}},
			ClaimRef:                      &corev1.ObjectReference{Namespace: namespace, Name: claim}},
	}
	if _, err := c.Client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("cannot make a volume of %s: %w", folder, err)
	}
	return volume.Name, nil
}

// Claim makes a claim in a namespace for a folder of [Cluster.Shared], and a volume for it, and returns when they are bound: a pod that is made
// before waits half a minute for the scheduler's second look. The folder must exist and let the pods write.
func (c *Cluster) Claim(ctx context.Context, namespace, name, folder string) (claim string, err error) {
	volume, err := c.Volume(ctx, namespace, name, folder)
	if err != nil {
		return "", err
	}
	class := "" // none: nothing provisions
	claims := c.Client.CoreV1().PersistentVolumeClaims(namespace)
	if _, err := claims.Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}, VolumeName: volume, StorageClassName: &class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("cannot claim the volume %s: %w", volume, err)
	}
	return name, c.await(ctx, "kube-controller-manager", nil, func(ctx context.Context) error {
		claim, err := claims.Get(ctx, name, metav1.GetOptions{})
		if err == nil && claim.Status.Phase != corev1.ClaimBound {
			err = fmt.Errorf("the claim %s is %s", name, claim.Status.Phase)
		}
		return err
	})
}
