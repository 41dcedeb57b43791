package kuberuntime

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"

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

// newNamespace makes a namespace with all that rbac.yaml has, and answers a kubeconfig of its ServiceAccount.
func newNamespace(t *testing.T) (name, kubeconfig string) {
	t.Helper()
	name = fmt.Sprintf("run-%d", time.Now().UnixNano())
	applyRights(t, name)
	t.Cleanup(func() { removeNamespace(t, name) })
	until(t, "the namespace has its default service account", func() bool {
		_, err := cluster.Client.CoreV1().ServiceAccounts(name).Get(t.Context(), "default", meta.GetOptions{})
		return err == nil
	})
	config, err := clientcmd.LoadFromFile(cluster.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range config.AuthInfos {
		user.Impersonate = "system:serviceaccount:" + name + ":drey"
	}
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, kubeconfig); err != nil {
		t.Fatal(err)
	}
	return name, kubeconfig
}

func applyRights(t *testing.T, namespace string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/kubernetes/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("drey-flink"), []byte(namespace))
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, options := t.Context(), meta.CreateOptions{}
		switch o := object.(type) {
		case *core.Namespace:
			_, err = cluster.Client.CoreV1().Namespaces().Create(ctx, o, options)
		case *core.ServiceAccount:
			_, err = cluster.Client.CoreV1().ServiceAccounts(namespace).Create(ctx, o, options)
		case *rbac.Role:
			_, err = cluster.Client.RbacV1().Roles(namespace).Create(ctx, o, options)
		case *rbac.RoleBinding:
			_, err = cluster.Client.RbacV1().RoleBindings(namespace).Create(ctx, o, options)
		case *rbac.ClusterRole:
			_, err = cluster.Client.RbacV1().ClusterRoles().Create(ctx, o, options)
		case *rbac.ClusterRoleBinding:
			_, err = cluster.Client.RbacV1().ClusterRoleBindings().Create(ctx, o, options)
		default:
			err = fmt.Errorf("rbac.yaml has a %T, which the tests do not know", o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// removeNamespace takes away all that a test left, also what only a person's word could.
func removeNamespace(t *testing.T, name string) {
	ctx := context.Background()
	pods, err := cluster.Client.CoreV1().Pods(name).List(ctx, meta.ListOptions{})
	if err == nil {
		for _, p := range pods.Items {
			strip(t, &p)
		}
	}
	err = errors.Join(err,
		cluster.Client.CoreV1().Namespaces().Delete(ctx, name, meta.DeleteOptions{}),
		cluster.Client.RbacV1().ClusterRoles().Delete(ctx, "drey-identity-"+name, meta.DeleteOptions{}),
		cluster.Client.RbacV1().ClusterRoleBindings().Delete(ctx, "drey-identity-"+name, meta.DeleteOptions{}))
	if err != nil {
		t.Logf("cannot remove namespace %s: %v", name, err)
	}
}

// configOf is a target in a namespace of its own.
func configOf(t *testing.T) kubernetes.Config {
	t.Helper()
	namespace, kubeconfig := newNamespace(t)
	return kubernetes.Config{
		Kubeconfig: kubeconfig, Namespace: namespace, Dir: t.TempDir(), Key: strings.Repeat("k", 32),
		Drey: kube.Drey, Pull: "Never", Dial: cluster.DialContext,
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
