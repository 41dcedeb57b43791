package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
)

// kubelet runs the pods of an apiServer as processes of this machine: each with a folder in the place of /drey, and an address of
// its own on the loopback network. Its keepers are real.
type kubelet struct {
	*testing.T
	api     *apiServer
	mu      sync.Mutex
	keepers map[string]*exec.Cmd // by the pod's path
	running sync.WaitGroup
}

var addresses atomic.Int64

func newKubelet(t *testing.T, api *apiServer) *kubelet {
	k := &kubelet{T: t, api: api, keepers: map[string]*exec.Cmd{}}
	stop := make(chan struct{})
	api.made = func(path string, pod thing) { k.running.Go(func() { k.run(path, pod, stop) }) }
	t.Cleanup(func() {
		close(stop)
		k.mu.Lock()
		for _, c := range k.keepers {
			_ = c.Process.Kill()
		}
		k.mu.Unlock()
		k.running.Wait()
	})
	return k
}

// run is the life of a pod.
func (k *kubelet) run(path string, pod thing, stop <-chan struct{}) {
	text, _ := json.Marshal(pod)
	var p core.Pod
	if err := json.Unmarshal(text, &p); err != nil {
		k.Error(err)
		return
	}
	k.bind(path)
	dir, n := k.TempDir(), addresses.Add(1)
	ip := fmt.Sprintf("127.77.%d.%d", n/250, n%250+1)
	for !k.lay(dir, ip, p) { // its Secret is not there
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if o := k.api.get(path); o == nil || o["metadata"].(thing)["deletionTimestamp"] != nil {
			return
		}
	}
	command := p.Spec.Containers[0].Command
	cmd := exec.Command(builtKeeper, command[1], dir+"/keep", command[3])
	cmd.Env, cmd.Stderr = []string{"POD_IP=" + ip, "PATH=" + os.Getenv("PATH")}, os.Stderr
	k.mu.Lock()
	err := cmd.Start()
	k.keepers[path] = cmd
	k.mu.Unlock()
	if err != nil {
		k.Error(err)
		return
	}
	k.api.change(path, func(s thing) {
		s["phase"], s["podIP"] = "Running", ip
		s["initContainerStatuses"] = []any{thing{"name": "keeper", "state": thing{"terminated": thing{"exitCode": 0, "containerID": "x"}}}}
		s["containerStatuses"] = []any{thing{"name": flinkContainer, "state": thing{"running": thing{}}}}
	})
	ended := make(chan struct{})
	go k.obey(path, cmd, ended)
	_ = cmd.Wait()
	close(ended)
	k.tell(path, dir, cmd)
}

// bind gives the pod a node.
func (k *kubelet) bind(path string) {
	k.api.mu.Lock()
	defer k.api.mu.Unlock()
	if o := clone(k.api.all[path]); k.api.all[path] != nil {
		o["spec"].(thing)["nodeName"] = "node1"
		o["status"] = thing{"phase": "Pending"}
		k.api.put("MODIFIED", path, o)
	}
}

// obey kills the container when the pod is to be deleted.
func (k *kubelet) obey(path string, cmd *exec.Cmd, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if o := k.api.get(path); o == nil || o["metadata"].(thing)["deletionTimestamp"] != nil {
			_ = cmd.Process.Kill()
			return
		}
	}
}

func (k *kubelet) tell(path, dir string, cmd *exec.Cmd) {
	message, _ := os.ReadFile(dir + "/termination-log")
	code := cmd.ProcessState.ExitCode()
	if code < 0 {
		code = 137
	}
	k.api.change(path, func(s thing) {
		s["phase"] = "Failed"
		s["containerStatuses"] = []any{thing{"name": flinkContainer, "state": thing{"terminated": thing{
			"exitCode": code, "reason": "Error", "message": string(message), "containerID": "y", "finishedAt": time.Now().UTC().Format(time.RFC3339)}}}}
	})
}

// lay puts the Secret's files where the pod wants them, with this pod's folder for /drey; false if there is no Secret.
func (k *kubelet) lay(dir, ip string, p core.Pod) bool {
	for _, v := range p.Spec.Volumes {
		if err := os.MkdirAll(filepath.Join(dir, v.Name), 0o700); err != nil {
			k.Error(err)
		}
		if v.Secret == nil {
			continue
		}
		secret := k.api.get("/api/v1/namespaces/flink/secrets/" + v.Secret.SecretName)
		if secret == nil {
			return false
		}
		for _, item := range v.Secret.Items {
			text, err := base64.StdEncoding.DecodeString(secret["data"].(thing)[item.Key].(string))
			if err != nil {
				k.Error(err)
			}
			local := strings.NewReplacer("/drey/", dir+"/", "/dev/termination-log", dir+"/termination-log", "0.0.0.0", ip).Replace(string(text))
			path := filepath.Join(dir, v.Name, item.Path)
			if err := os.WriteFile(path, []byte(local), 0o600); err != nil && !errors.Is(err, os.ErrExist) {
				k.Error(err)
			}
		}
	}
	return true
}

// kill ends a pod's container from outside.
func (k *kubelet) kill(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.keepers["/api/v1/namespaces/flink/pods/"+name].Process.Kill()
}
