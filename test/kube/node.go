package kube

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/template"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/test/kube/plan"
)

//go:embed config
var configs embed.FS

const containerdState = "/run/containerd" // a mount of its own in each node

// render writes a file of config/ with its values filled in.
func (f folders) render(name, path string, values map[string]any) error {
	parsed, err := template.ParseFS(configs, "config/"+name)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return parsed.Option("missingkey=error").Execute(file, values)
}

// KillNode ends node i at once with all its containers, as a loss of power would. Its disk stays for StartNode.
func (c *Cluster) KillNode(i int) error { return c.killNode(i) }

// StartNode starts node i, new or with the disk that it had when it was killed, and returns when it is Ready. After a kill it
// has a new boot id, as a machine that was switched on again.
func (c *Cluster) StartNode(ctx context.Context, i int) error {
	if i < 1 || i > maxNodes {
		return fmt.Errorf("node %d: a cluster has nodes 1 to %d", i, maxNodes)
	}
	if c.running(nodeName(i)) {
		return nil
	}
	if err := c.startNode(i); err != nil {
		return err
	}
	return c.awaitNode(ctx, i)
}

// Nodes lists the nodes that run.
func (c *Cluster) Nodes() []int {
	var running []int
	for i := 1; i <= maxNodes; i++ {
		if c.running(nodeName(i)) {
			running = append(running, i)
		}
	}
	return running
}

func (f folders) killNode(i int) error {
	if err := f.stop(nodeName(i)); err != nil { // PID 1: its namespace ends with it
		return err
	}
	if nodeNet(i).exists() && controlNet.exists() {
		if err := controlNet.ip("route flush via " + nodeIP(i)); err != nil {
			return err
		}
	}
	if err := nodeNet(i).remove(); err != nil {
		return err
	}
	for _, group := range []string{podsCgroup(i), daemonsCgroup(i)} {
		if err := removeCgroup(filepath.Base(group)); err != nil {
			return err
		}
	}
	return nil
}

// startNode starts PID 1 of a node.
func (f folders) startNode(i int) error {
	if err := f.killNode(i); err != nil { // what a node that crashed left
		return err
	}
	if err := f.writeDisk(i); err != nil {
		return err
	}
	if err := addCgroups(podsCgroup(i), daemonsCgroup(i)); err != nil {
		return err
	}
	if err := connectNode(i); err != nil {
		return err
	}
	path, err := f.writePlan(i)
	if err != nil {
		return err
	}
	_, err = f.start(program{name: nodeName(i), net: nodeNet(i), args: []string{f.bin("inside"), "machine", path},
		clone: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS})
	return err
}

// writeDisk makes a node's folders and configuration. Its images are hard links to the unpacked ones: layers are never written to, databases are.
func (f folders) writeDisk(i int) error {
	for _, dir := range []string{"kubelet", "logs/pods", "logs/containers", "cni"} {
		if err := os.MkdirAll(f.node(i, dir), 0o755); err != nil {
			return err
		}
	}
	if _, err := os.Stat(f.node(i, "containerd")); os.IsNotExist(err) {
		script := `cp -al "$1" "$2" && cd "$1" && find . -name '*.db' -exec cp --parents --remove-destination {} "$2" \;`
		if out, err := exec.Command("sh", "-c", script, "sh", f.seed("root"), f.node(i, "containerd")).CombinedOutput(); err != nil {
			return fmt.Errorf("cannot give %s its images: %w: %s", nodeName(i), err, out)
		}
	}
	values := map[string]any{"Name": nodeName(i), "IP": nodeIP(i), "Pods": nodePods(i), "AllPods": podRange, "Cgroup": podsCgroup(i), "PKI": f.run("pki"),
		"Root": f.node(i, "containerd"), "State": containerdState, "CNI": f.node(i, "cni"), "Pause": Pause}
	for name, path := range map[string]string{"containerd.toml": "containerd.toml", "kubelet.yaml": "kubelet.yaml", "kube-proxy.yaml": "kube-proxy.yaml",
		"cni.conflist": "cni/pods.conflist"} {
		if err := f.render(name, f.node(i, path), values); err != nil {
			return fmt.Errorf("cannot configure %s: %w", nodeName(i), err)
		}
	}
	return nil
}

// connectNode makes the node's network: a link to the bridge, and routes to and from the pods of the others. It has no default
// route, so nothing leaves; Service addresses must have one all the same, or they are dropped before kube-proxy's rules see them.
func connectNode(i int) error {
	if err := nodeNet(i).add("bridge/bridge-nf-call-iptables=1"); err != nil {
		return err
	}
	if err := controlNet.ip(
		fmt.Sprintf("link add %s type veth peer name eth0 netns %s", nodeName(i), nodeNet(i)),
		fmt.Sprintf("link set %s master %s up", nodeName(i), controlBridge),
		fmt.Sprintf("route replace %s via %s", nodePods(i), nodeIP(i)),
		// The Services of who runs in the cluster's network: by the first node that lives.
		fmt.Sprintf("route replace %s via %s metric %d", serviceRange, nodeIP(i), i),
	); err != nil {
		return err
	}
	if err := nodeNet(i).ip("address add "+nodeIP(i)+"/24 dev eth0", "link set eth0 up", "route add "+serviceRange+" dev eth0"); err != nil {
		return err
	}
	for other := 1; other <= maxNodes; other++ {
		if other == i || !nodeNet(other).exists() {
			continue
		}
		if err := nodeNet(i).ip(fmt.Sprintf("route replace %s via %s", nodePods(other), nodeIP(other))); err != nil {
			return err
		}
		if err := nodeNet(other).ip(fmt.Sprintf("route replace %s via %s", nodePods(i), nodeIP(i))); err != nil {
			return err
		}
	}
	return nil
}

// writePlan writes what PID 1 of the node is to do.
func (f folders) writePlan(i int) (path string, err error) {
	bootID, machineID := f.node(i, "boot_id"), f.node(i, "machine-id")
	if err := os.WriteFile(bootID, []byte(uuid.NewString()+"\n"), 0o644); err != nil {
		return "", err
	}
	if err := os.WriteFile(machineID, fmt.Appendf(nil, "%032d\n", i), 0o644); err != nil {
		return "", err
	}
	roots, err := hierarchies()
	if err != nil {
		return "", err
	}
	p := plan.Plan{
		Hostname: nodeName(i),
		Memory:   []string{containerdState, "/run/netns", "/run/cni", "/var/lib/cni"},
		Folders: map[string]string{
			"/var/lib/kubelet":    f.node(i, "kubelet"),
			"/var/log/pods":       f.node(i, "logs/pods"),
			"/var/log/containers": f.node(i, "logs/containers"),
		},
		Files: map[string]string{ // where there is one, it tells one machine from another
			"/proc/sys/kernel/random/boot_id": bootID,
			"/etc/machine-id":                 machineID,
			"/sys/class/dmi/id/product_uuid":  machineID,
		},
		Daemons: []plan.Daemon{
			{Args: []string{"containerd", "--config", f.node(i, "containerd.toml")}, Log: f.log(nodeName(i) + "-containerd.log"),
				Socket: containerdState + "/containerd.sock"},
			{Args: []string{f.Program("kubelet"), "--config=" + f.node(i, "kubelet.yaml"), "--kubeconfig=" + f.pki(nodeName(i)+".kubeconfig"),
				"--hostname-override=" + nodeName(i), "--node-ip=" + nodeIP(i)}, Log: f.log(nodeName(i) + "-kubelet.log")},
			{Args: []string{f.Program("kube-proxy"), "--config=" + f.node(i, "kube-proxy.yaml")}, Log: f.log(nodeName(i) + "-kube-proxy.log")},
		},
	}
	for _, root := range roots {
		p.Cgroups = append(p.Cgroups, root+daemonsCgroup(i))
	}
	text, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return "", err
	}
	return f.node(i, "plan.json"), os.WriteFile(f.node(i, "plan.json"), text, 0o644)
}

// awaitNode waits until the node that started just now is Ready: an earlier life of it said so too, under another boot id.
func (c *Cluster) awaitNode(ctx context.Context, i int) error {
	bootID, err := os.ReadFile(c.node(i, "boot_id"))
	if err != nil {
		return err
	}
	return c.await(ctx, nodeName(i), nil, func(ctx context.Context) error {
		node, err := c.Client.CoreV1().Nodes().Get(ctx, nodeName(i), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if node.Status.NodeInfo.BootID+"\n" != string(bootID) {
			return fmt.Errorf("the API server knows its last life only")
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("it is not Ready: %v", node.Status.Conditions)
	})
}
