package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"k8s.io/client-go/kubernetes"
)

// startControlPlane makes the cluster's network and starts etcd, the API server with its way in from the machine, the controllers and the scheduler.
func (f folders) startControlPlane(ctx context.Context, programs string) error {
	if err := f.writePKI(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.Shared(), 0o777); err != nil {
		return err
	}
	if err := os.Chmod(f.Shared(), 0o777|os.ModeSticky); err != nil {
		return err
	}
	if err := os.Symlink(programs, f.Program("")); err != nil {
		return err
	}
	if err := controlNet.add(); err != nil {
		return err
	}
	if err := controlNet.ip(
		"link add "+controlBridge+" type bridge forward_delay 0",
		"address add "+controlIP+"/24 dev "+controlBridge,
		"link set "+controlBridge+" up",
	); err != nil {
		return err
	}
	if err := f.startForwarder(); err != nil {
		return err
	}
	if _, err := f.start(program{name: "etcd", net: controlNet, args: f.etcd()}); err != nil {
		return err
	}
	if err := f.startAPI(ctx); err != nil {
		return err
	}
	// Not before the API server is ready: both end for good when the first roles are not there yet.
	if _, err := f.start(program{name: "kube-controller-manager", net: controlNet, args: f.controllerManager()}); err != nil {
		return err
	}
	if err := f.render("kube-scheduler.yaml", f.run("kube-scheduler.yaml"), map[string]any{"Kubeconfig": f.pki("scheduler.kubeconfig")}); err != nil {
		return err
	}
	_, err := f.start(program{name: "kube-scheduler", net: controlNet, args: f.scheduler()})
	return err
}

// startForwarder takes the one listener on the machine and hands it to a process inside the cluster's network, which connects each caller
// with the API server there.
func (f folders) startForwarder() error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", apiPort))
	if err != nil {
		return fmt.Errorf("cannot listen for the API server's callers: %w", err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = f.start(program{name: "forward", net: controlNet, files: []*os.File{file},
		args: []string{f.bin("inside"), "forward", fmt.Sprintf("127.0.0.1:%d", apiPort)}})
	return err
}

// StopAPI kills the API server. Everything else runs on, as it does when a real one is away.
func (c *Cluster) StopAPI() error { return c.stop("kube-apiserver") }

// StartAPI starts the API server again and returns when it is ready.
func (c *Cluster) StartAPI(ctx context.Context) error {
	if c.running("kube-apiserver") {
		return nil
	}
	return c.startAPI(ctx)
}

func (f folders) startAPI(ctx context.Context) error {
	ended, err := f.start(program{name: "kube-apiserver", net: controlNet, args: f.apiServer()})
	if err != nil {
		return err
	}
	cluster, err := f.attach()
	if err != nil {
		return err
	}
	return f.await(ctx, "kube-apiserver", ended, func(ctx context.Context) error { return ready(ctx, cluster.Client) })
}

func ready(ctx context.Context, client kubernetes.Interface) error {
	text, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	if err != nil && len(text) > 0 {
		return errors.New(string(text)) // it lists what is not ready
	}
	return err
}

func (f folders) etcd() []string {
	const client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return []string{f.Program("etcd"), "--name=drey", "--data-dir=" + f.run("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=drey=" + peer,
		"--log-level=warn"}
}

func (f folders) apiServer() []string {
	return []string{f.Program("kube-apiserver"),
		"--etcd-servers=http://127.0.0.1:2379",
		fmt.Sprintf("--secure-port=%d", apiPort), "--bind-address=0.0.0.0", "--advertise-address=" + controlIP,
		"--service-cluster-ip-range=" + serviceRange,
		"--tls-cert-file=" + f.pki("apiserver.crt"), "--tls-private-key-file=" + f.pki("apiserver.key"),
		"--client-ca-file=" + f.pki("ca.crt"), "--anonymous-auth=false",
		"--kubelet-client-certificate=" + f.pki("apiserver-kubelet-client.crt"), "--kubelet-client-key=" + f.pki("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + f.pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + f.pki("sa.key"), "--service-account-signing-key-file=" + f.pki("sa.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--profiling=false",
		// Real ones wait 300 s before they evict from a lost node: no test can.
		"--default-not-ready-toleration-seconds=10", "--default-unreachable-toleration-seconds=10"}
}

func (f folders) controllerManager() []string {
	kubeconfig := f.pki("controller-manager.kubeconfig")
	return []string{f.Program("kube-controller-manager"), "--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--leader-elect=false", "--use-service-account-credentials=true",
		"--service-account-private-key-file=" + f.pki("sa.key"), "--root-ca-file=" + f.pki("ca.crt"),
		"--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false",
		"--node-monitor-period=2s", "--node-monitor-grace-period=20s"} // real ones: 5 s and 50 s
}

func (f folders) scheduler() []string {
	kubeconfig := f.pki("scheduler.kubeconfig")
	return []string{f.Program("kube-scheduler"), "--config=" + f.run("kube-scheduler.yaml"), "--bind-address=127.0.0.1",
		"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig}
}
