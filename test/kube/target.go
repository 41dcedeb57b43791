package kube

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Target is what a server of Drey that runs beside the cluster is given to run Flink there: a namespace with its rights, and a data
// directory of which pods see the storage, under its own path, and nothing else.
type Target struct {
	Namespace string
	Data      string // the data directory
	Storage   string // the folder in it that pods see
	Claim     string // of that folder
	Config    string // what the server's configuration must say of all this

	cluster *Cluster
}

// NewTarget makes one for the Flink of a version, of which the nodes must have the image; keeper is what [Cluster.LoadKeeper] answered.
func (c *Cluster) NewTarget(ctx context.Context, keeper, flink string) (*Target, error) {
	t := &Target{Namespace: newName(), cluster: c}
	t.Data = filepath.Join(t.folder(), "data")
	t.Storage = filepath.Join(t.Data, "storage")
	if err := t.make(ctx, keeper, flink); err != nil {
		_ = t.Remove(context.WithoutCancel(ctx))
		return nil, err
	}
	return t, nil
}

func (t *Target) make(ctx context.Context, keeper, flink string) (err error) {
	if err := t.MakeFolder(t.Storage); err != nil {
		return err
	}
	kubeconfig := filepath.Join(t.folder(), "kubeconfig")
	if err := t.cluster.makeNamespace(ctx, t.Namespace, kubeconfig); err != nil {
		return err
	}
	if t.Claim, err = t.cluster.Claim(ctx, t.Namespace, "storage", t.Storage); err != nil {
		return err
	}
	t.Config = fmt.Sprintf("kubernetes:\n  namespace: %s\n  kubeconfig: %s\n  drey: %s\n  images: [%s=%s]\n  pull: Never\n  claim: %s\n  cpuRequestPercent: 10\n  networkPolicy: true\n", // several clusters share few cores
		t.Namespace, kubeconfig, keeper, flink, FlinkImage(flink), t.Claim)
	return nil
}

// folder is all that the target has on this machine.
func (t *Target) folder() string { return filepath.Join(t.cluster.Shared(), t.Namespace) }

// MakeFolder makes a folder in the data directory that server and pods may write to.
func (t *Target) MakeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for ; strings.HasPrefix(path, t.Data); path = filepath.Dir(path) {
		if err := os.Chown(path, flinkUser, flinkUser); err != nil {
			return err
		}
	}
	return nil
}

// Command is a run of a program as a server that is a pod itself would run it: in the pods' network, and as their user, so that they can read
// the files that it makes. But it may read all of this machine, for it lies in a clone that others may not read.
func (t *Target) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	as := []string{fmt.Sprintf("--reuid=%d", flinkUser), fmt.Sprintf("--regid=%d", flinkUser), "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override", program}
	return t.cluster.Command(ctx, "setpriv", append(as, args...)...)
}

// Remove takes all of it away. What ends only then may still write: the cluster's end takes that.
func (t *Target) Remove(ctx context.Context) error {
	_ = os.RemoveAll(t.folder())
	if err := t.cluster.RemoveNamespace(ctx, t.Namespace); err != nil {
		return fmt.Errorf("cannot remove namespace %s: %w", t.Namespace, err)
	}
	return nil
}

// LoadKeeper gives every node an image with a keeper, the path of whose program is given. Its name tells what is in it, so that clones that
// share the cluster do not change each other's.
func (c *Cluster) LoadKeeper(ctx context.Context, keeper string) (name string, err error) {
	content, err := os.ReadFile(keeper)
	if err != nil {
		return "", err
	}
	img := DreyImage(keeper)
	img.Name = fmt.Sprintf("drey.test/keeper:%x", sha256.Sum256(content))[:len("drey.test/keeper:")+16]
	return img.Name, c.LoadImage(ctx, img)
}
