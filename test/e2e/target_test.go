package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"drey/test/kube"
)

// These tests run their clusters on this machine; or, where the environment says DREY_TEST_TARGET=kubernetes, as pods of a real
// Kubernetes. This file knows both, so that the tests need not.

// kubernetes is where the clusters run; nil: on this machine.
var kubernetes *kube.Cluster

const (
	keeperImage = "drey.test/keeper:e2e"
	podUser     = 9999 // who the processes in pods are
	poolName    = "tested"
)

func TestMain(m *testing.M) {
	switch target := os.Getenv("DREY_TEST_TARGET"); target {
	case "":
		os.Exit(m.Run())
	case "kubernetes":
		os.Exit(kube.Main(m, 2, func(c *kube.Cluster) {
			image := kube.DreyImage("../../internal/daemon/embedded/drey-keep")
			image.Name = keeperImage
			if err := c.LoadImage(context.Background(), image); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			kubernetes = c
		}))
	default:
		fmt.Fprintf(os.Stderr, "DREY_TEST_TARGET is %q; there is kubernetes\n", target)
		os.Exit(1)
	}
}

// place gives a server a folder, and where its clusters are pods, a namespace; it answers what the configuration must say of that. Pods
// see the server's storage under its own path, and nothing else of this machine.
func (s *server) place() string {
	s.t.Helper()
	if kubernetes == nil {
		s.dir = filepath.Join(s.t.TempDir(), "data")
		return ""
	}
	var kubeconfig string
	s.namespace, kubeconfig = kubernetes.Namespace(s.t)
	folder := filepath.Join(kubernetes.Shared(), s.namespace)
	s.t.Cleanup(func() { _ = os.RemoveAll(folder) }) // what ends only now may still write there: the cluster's end takes it
	s.dir = filepath.Join(folder, "data")
	s.makeFolder(filepath.Join(s.dir, "storage"))
	claim, err := kubernetes.Claim(s.t.Context(), s.namespace, "storage", filepath.Join(s.dir, "storage"))
	if err != nil {
		s.t.Fatal(err)
	}
	version := env(s.t, "DREY_TEST_FLINK")
	return fmt.Sprintf("kubernetes:\n  namespace: %s\n  kubeconfig: %s\n  drey: %s\n  images: [%s=%s]\n  pull: Never\n  claim: %s\n  cpuRequestPercent: 10\n", // several clusters share few cores
		s.namespace, kubeconfig, keeperImage, version, kube.FlinkImage(version), claim)
}

// makeFolder makes a folder for the server and the processes of jobs.
func (s *server) makeFolder(path string) {
	s.t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		s.t.Fatal(err)
	}
	for ; s.namespace != "" && strings.HasPrefix(path, s.dir); path = filepath.Dir(path) {
		if err := os.Chown(path, podUser, podUser); err != nil {
			s.t.Fatal(err)
		}
	}
}

// shared is the path of a file that the tests share with the processes of jobs.
func (s *server) shared(name string) string {
	s.t.Helper()
	folder := filepath.Join(s.dir, "storage", "test")
	s.makeFolder(folder)
	return filepath.Join(folder, name)
}

// program is a run of drey. Beside pods it is in their network, and makes files as their user, as a server does that is a pod itself; but for
// the clone that it lies in, which others may not read.
func (s *server) program(ctx context.Context, args ...string) *exec.Cmd {
	if s.namespace == "" {
		return exec.CommandContext(ctx, s.bin, args...)
	}
	as := []string{fmt.Sprintf("--reuid=%d", podUser), fmt.Sprintf("--regid=%d", podUser), "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override", s.bin}
	cmd := kubernetes.Command(ctx, "setpriv", append(as, args...)...)
	cmd.Env = append(os.Environ(), "DREY_POOL="+poolName)
	return cmd
}

// pool makes the pool that the clusters go to, once a server answers.
func (s *server) pool() {
	s.t.Helper()
	if s.namespace == "" || s.pooled {
		return
	}
	s.pooled = true
	s.must("pool", "create", poolName, "--location", "kubernetes")
}

// owns tells whether a process is one of this server's clusters, by its environment; in a pod, by the storage that it sees.
func (s *server) owns(pid int, environment string) bool {
	s.t.Helper()
	if s.namespace != "" {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
		return err == nil && strings.Contains(string(mounts), s.dir)
	}
	id, err := os.ReadFile(filepath.Join(s.dir, "id"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Contains(environment, "DREY_DATA="+strings.TrimSpace(string(id)))
}
