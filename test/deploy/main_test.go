// Package deploy runs what docs/kubernetes.md tells people to do, on a real Kubernetes, with the image, the manifests and the chart of deploy.
package deploy

import (
	"os"
	"testing"

	"drey/test/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) {
	os.Exit(kube.Main(m, 2, func(c *kube.Cluster) { cluster = c }))
}
