// Package kube is a real Kubernetes on one machine, for tests: etcd, the control plane and nodes with containerd, from Debian packages
// and Go modules only. It needs root. Everything listens inside network namespaces made here; on the machine itself there is
// one listener, on loopback, to the API server. README.md says how it is built and what is not real in it.
package kube

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// ErrNotRunning means that no cluster runs on this machine.
var ErrNotRunning = errors.New("no cluster runs: kt up brings one up")

// Cluster is the one cluster that runs on this machine.
type Cluster struct {
	folders
	// Config reaches the API server as an administrator, from the machine and from inside the cluster's network.
	Config *rest.Config
	// Client is made of Config.
	Client kubernetes.Interface
}

// Main runs the tests of a package on a cluster with at least so many nodes, which it gives to use first; see [Take]. The result is for
// os.Exit.
func Main(m *testing.M, nodes int, use func(*Cluster)) int {
	cluster, leave, err := Take(context.Background(), nodes)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	use(cluster)
	code := m.Run()
	if err := leave(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Take takes a cluster with at least so many nodes: the one that runs already, or one that is brought up for whoever takes it, which the last of
// them ends by leave.
func Take(ctx context.Context, nodes int) (c *Cluster, leave func() error, err error) {
	f, err := findFolders()
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, nil, err
	}
	u, err := enter(f.users())
	if err != nil {
		return nil, nil, err
	}
	leave = func() error { return u.leave(f.endTaken) }
	if c, err = f.bringUp(ctx, nodes, true); err != nil {
		return nil, nil, errors.Join(err, leave())
	}
	return c, leave, nil
}

// endTaken ends a cluster that Take brought up.
func (f folders) endTaken() error {
	if _, err := os.Stat(f.taken()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return Down()
}

// Attach finds the cluster that runs, or ErrNotRunning.
func Attach() (*Cluster, error) {
	f, err := findFolders()
	if err != nil {
		return nil, err
	}
	if !f.exists() {
		return nil, ErrNotRunning
	}
	return f.attach()
}

// exists tells whether there is a cluster. Its API server may be stopped.
func (f folders) exists() bool { return f.running("etcd") && f.running("forward") }

func (f folders) attach() (*Cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", f.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("cannot read the cluster's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{folders: f, Config: config, Client: client}, nil
}

// Up brings up a cluster with nodes 1 to n, all of them Ready, and builds first what is not there: minutes once, seconds then. A cluster
// that runs is kept, and gets the nodes that it lacks. What a crashed one left is ended first. On an error nothing runs. Only [Down] ends it.
func Up(ctx context.Context, nodes int) (*Cluster, error) {
	f, err := findFolders()
	if err != nil {
		return nil, err
	}
	return f.bringUp(ctx, nodes, false)
}

// bringUp is Up; one that was not there before is marked as taken, one that was brought up to stay is not.
func (f folders) bringUp(ctx context.Context, nodes int, taken bool) (*Cluster, error) {
	if nodes < 1 || nodes > maxNodes {
		return nil, fmt.Errorf("%d nodes: a cluster has 1 to %d", nodes, maxNodes)
	}
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	from, err := f.build(ctx)
	if err != nil {
		return nil, err
	}
	fresh := !f.exists()
	if fresh {
		if err := f.down(); err != nil {
			return nil, err
		}
	}
	cluster, err := f.up(ctx, from, nodes)
	if err == nil && fresh && taken {
		err = os.WriteFile(f.taken(), nil, 0o600)
	} else if err == nil && !taken {
		err = os.RemoveAll(f.taken())
	}
	if err != nil {
		return nil, errors.Join(err, f.down())
	}
	return cluster, nil
}

func (f folders) up(ctx context.Context, from built, nodes int) (*Cluster, error) {
	if !f.exists() {
		if err := os.RemoveAll(f.log()); err != nil {
			return nil, err
		}
		if err := f.startControlPlane(ctx, from.programs); err != nil {
			return nil, err
		}
	}
	if !f.running("kube-apiserver") { // a test stopped it and crashed
		if err := f.startAPI(ctx); err != nil {
			return nil, err
		}
	}
	if err := f.unpack(ctx, from.images); err != nil {
		return nil, err
	}
	cluster, err := f.attach()
	if err != nil {
		return nil, err
	}
	var added []int
	for i := 1; i <= nodes; i++ {
		if f.running(nodeName(i)) {
			continue
		}
		if err := f.startNode(i); err != nil {
			return nil, err
		}
		added = append(added, i)
	}
	for _, i := range added {
		if err := cluster.awaitNode(ctx, i); err != nil {
			return nil, err
		}
	}
	return cluster, nil
}

// Down ends everything that a cluster on this machine consists of, also one whose tests crashed, and removes its state. The programs, the
// images and the logs stay. Nothing running is no error.
func Down() error {
	f, err := findFolders()
	if err != nil {
		return err
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return f.down()
}

func (f folders) down() error {
	for i := 1; i <= maxNodes; i++ {
		if err := f.killNode(i); err != nil {
			return err
		}
	}
	if err := controlNet.remove(); err != nil {
		return err
	}
	if err := removeCgroup(""); err != nil {
		return err
	}
	return os.RemoveAll(f.run())
}

// lock keeps two commands from bringing clusters up or down at the same time.
func (f folders) lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(string(f), "lock"))
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", file.Name(), err)
	}
	return func() { file.Close() }, nil
}

// DialContext connects to an address of the cluster's own network: a pod's, a Service's or a node's. The host must be an IP address, as
// there is no DNS.
func (c *Cluster) DialContext(ctx context.Context, network, address string) (connection net.Conn, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) == nil {
		return nil, fmt.Errorf("cannot dial %s in the cluster: it has no DNS, only IP addresses", address)
	}
	err = controlNet.do(func() error {
		connection, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return connection, err
}

// Listen opens a port of the control plane's own address, where pods reach the test's own process, and [Cluster.Command]s too.
func (c *Cluster) Listen() (listener net.Listener, err error) {
	err = controlNet.do(func() error {
		listener, err = net.Listen("tcp", controlIP+":0")
		return err
	})
	return listener, err
}

// Transport makes HTTP requests to pods, Services and nodes from outside of the cluster's network.
func (c *Cluster) Transport() *http.Transport {
	return &http.Transport{DialContext: c.DialContext}
}

// Command is a program on the machine whose network is the cluster's: pods, Services, nodes and the API server (at the same loopback
// address as on the machine) answer it, nothing else does.
func (c *Cluster) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + controlNet.path(), name}, args...)...)
}

// NodeCommand is a program inside the namespaces of a node, as for one who logged in there.
func (c *Cluster) NodeCommand(ctx context.Context, node int, name string, args ...string) (*exec.Cmd, error) {
	pid, err := c.pid(nodeName(node))
	if err != nil {
		return nil, fmt.Errorf("%s does not run: %w", nodeName(node), err)
	}
	into := []string{"--target", strconv.Itoa(pid), "--mount", "--pid", "--net", "--uts", name}
	return exec.CommandContext(ctx, "nsenter", append(into, args...)...), nil
}
