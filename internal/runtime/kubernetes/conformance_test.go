package kubernetes

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

// builtKeeper is cmd/drey-keep, as it is in our image.
var builtKeeper string

func TestMain(m *testing.M) {
	runtimetest.Main()
	os.Exit(withKeeper(m))
}

func withKeeper(m *testing.M) int {
	dir, err := os.MkdirTemp("", "drey-keep")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	builtKeeper = filepath.Join(dir, "drey-keep")
	if out, err := exec.Command("go", "build", "-o", builtKeeper, "drey/cmd/drey-keep").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build the keeper: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// program is the test binary, acting out a script.
func program(p runtime.ProcessID, script runtimetest.Script) runtime.Process {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return runtime.Process{ProcessID: p, Args: append([]string{self}, script...), Env: maps.Clone(runtimetest.ProgramEnv())}
}

// TestConformance is the suite over real keepers and a stand-in for the API; test/kuberuntime has it on a real Kubernetes.
func TestConformance(t *testing.T) {
	runtimetest.Run(t, func(t *testing.T) runtimetest.Fixture {
		api := newAPI(t)
		k := newKubelet(t, api)
		config := configOf(t, api)
		open := func(t *testing.T) runtime.Runtime {
			r, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			return r
		}
		return runtimetest.Fixture{Runtime: open(t), Distribution: "2.3.0", Program: program, Restart: open,
			KillKeeper: func(t *testing.T, id runtime.IncarnationID, p runtime.ProcessID) {
				r := open(t).(*Runtime)
				rec, _, _, err := r.read(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				k.kill(podName(id, *rec.find(p)))
			}}
	})
}

// configOf is a target in the stand-in.
func configOf(t *testing.T, api *apiServer) Config {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(kubeconfigOf(api.http.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{
		Kubeconfig: kubeconfig, Namespace: "flink", Dir: t.TempDir(), Key: strings.Repeat("k", 32), Drey: "drey", Isolate: true,
		Image: func(string) (Image, error) { return Image{Name: "flink"}, nil },
	}
}

func kubeconfigOf(server string) string {
	return fmt.Sprintf(`{"clusters":[{"name":"c","cluster":{"server":%q}}],"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`, server)
}
