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

// keeperImage is the image that brings the keeper into pods.
var keeperImage string

const poolName = "tested"

func TestMain(m *testing.M) {
	switch target := os.Getenv("DREY_TEST_TARGET"); target {
	case "":
		os.Exit(m.Run())
	case "kubernetes":
		os.Exit(kube.Main(m, 2, func(c *kube.Cluster) {
			var err error
			if keeperImage, err = c.LoadKeeper(context.Background(), "../../internal/daemon/embedded/drey-keep"); err != nil {
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

// place gives a server a folder, and where its clusters are pods, a namespace; it answers what the configuration must say of that.
func (s *server) place() string {
	s.t.Helper()
	if kubernetes == nil {
		s.dir = filepath.Join(s.t.TempDir(), "data")
		return ""
	}
	target, err := kubernetes.NewTarget(s.t.Context(), keeperImage, env(s.t, "DREY_TEST_FLINK"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := target.Remove(context.Background()); err != nil {
			s.t.Log(err)
		}
	})
	s.target, s.namespace, s.dir = target, target.Namespace, target.Data
	return target.Config
}

// makeFolder makes a folder for the server and the processes of jobs.
func (s *server) makeFolder(path string) {
	s.t.Helper()
	err := os.MkdirAll(path, 0o700)
	if s.target != nil {
		err = s.target.MakeFolder(path)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// shared is the path of a file that the tests share with the processes of jobs.
func (s *server) shared(name string) string {
	s.t.Helper()
	folder := filepath.Join(s.dir, "storage", "test")
	s.makeFolder(folder)
	return filepath.Join(folder, name)
}

// program is a run of drey.
func (s *server) program(ctx context.Context, args ...string) *exec.Cmd {
	if s.target == nil {
		return exec.CommandContext(ctx, s.bin, args...)
	}
	cmd := s.target.Command(ctx, s.bin, args...)
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
