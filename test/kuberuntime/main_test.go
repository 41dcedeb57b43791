package kuberuntime

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
	"drey/internal/runtime/kubernetes"
	"drey/internal/runtime/runtimetest"
	"drey/test/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) {
	os.Exit(kube.Main(m, 2, func(c *kube.Cluster) {
		cluster = c
		if err := loadImage(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}))
}

// loadImage gives the nodes an image with the keeper and the program that acts out scripts; it serves as Drey's and as Flink's.
func loadImage() error {
	dir, err := os.MkdirTemp("", "kuberuntime")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/", "drey/cmd/drey-keep", "drey/test/kuberuntime/program")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build what goes into the image: %w\n%s", err, out)
	}
	return cluster.LoadImage(context.Background(), kube.DreyImage(dir+"/drey-keep", dir+"/program"))
}

// configOf is a target in a namespace of its own.
func configOf(t *testing.T) kubernetes.Config {
	t.Helper()
	namespace, kubeconfig := cluster.Namespace(t)
	return kubernetes.Config{
		Kubeconfig: kubeconfig, Namespace: namespace, Dir: t.TempDir(), Key: strings.Repeat("k", 32),
		Drey: kube.Drey, Pull: "Never", Dial: cluster.DialContext, Isolate: true,
		Image: func(string) (kubernetes.Image, error) { return kubernetes.Image{Name: kube.Drey}, nil },
	}
}

func open(t *testing.T, config kubernetes.Config) *kubernetes.Runtime {
	t.Helper()
	r, err := kubernetes.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func program(p runtime.ProcessID, script runtimetest.Script) runtime.Process {
	return runtime.Process{ProcessID: p, Args: append([]string{"/program"}, script...), Env: maps.Clone(runtimetest.ProgramEnv())}
}

func fixture(t *testing.T) runtimetest.Fixture {
	config := configOf(t)
	return runtimetest.Fixture{
		Runtime: open(t, config), Distribution: "2.3.0", Program: program,
		Restart: func(t *testing.T) runtime.Runtime { return open(t, config) },
		KillKeeper: func(t *testing.T, id runtime.IncarnationID, p runtime.ProcessID) {
			killContainer(t, podOf(t, config.Namespace, id, p))
		},
	}
}

func TestConformance(t *testing.T) { runtimetest.Run(t, fixture) }

func TestConformanceOfProcesses(t *testing.T) { runtimetest.RunProcesses(t, fixture) }

// podOf finds the newest pod of a process.
func podOf(t *testing.T, namespace string, id runtime.IncarnationID, p runtime.ProcessID) *core.Pod {
	t.Helper()
	pods, err := cluster.Client.CoreV1().Pods(namespace).List(t.Context(), meta.ListOptions{
		LabelSelector: "drey.dev/incarnation=" + string(id) + ",drey.dev/process=" + p.String()})
	if err != nil || len(pods.Items) == 0 {
		t.Fatalf("no pod of %s: %v", p, err)
	}
	newest := &pods.Items[0]
	for i := range pods.Items {
		if pods.Items[i].Name > newest.Name {
			newest = &pods.Items[i]
		}
	}
	return newest
}

// killContainer ends a pod's container from outside, as a machine does that has no memory left.
func killContainer(t *testing.T, pod *core.Pod) {
	t.Helper()
	keepers, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range keepers {
		line, _ := os.ReadFile(path)
		groups, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cgroup"))
		if !bytes.HasPrefix(line, []byte("/drey/bin/drey-keep\x00container")) || !bytes.Contains(groups, []byte("pod"+pod.UID)) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/", &pid); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no keeper of pod %s runs", pod.Name)
}

// until waits for what must happen.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
