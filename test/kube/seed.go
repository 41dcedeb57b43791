package kube

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"drey/test/kube/image"
)

// unpack imports images once into a folder of containerd's, from which each node gets its own by hard links.
func (f folders) unpack(ctx context.Context, images string) error {
	done := f.seed(filepath.Base(images))
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.RemoveAll(f.seed()); err != nil {
		return err
	}
	if err := os.MkdirAll(f.seed(), 0o755); err != nil {
		return err
	}
	values := map[string]any{"Root": f.seed("root"), "State": f.seed("state"), "CNI": f.seed(), "Pause": Pause}
	if err := f.render("containerd.toml", f.seed("containerd.toml"), values); err != nil {
		return err
	}
	const name = "containerd"
	ended, err := f.start(program{name: name, net: controlNet, args: []string{"containerd", "--config", f.seed("containerd.toml")}})
	if err != nil {
		return err
	}
	defer f.stop(name)
	socket := f.seed("state", "containerd.sock")
	if err := f.await(ctx, name, ended, func(ctx context.Context) error {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err == nil {
			connection.Close()
		}
		return err
	}); err != nil {
		return err
	}
	tars, err := filepath.Glob(filepath.Join(images, "*.tar"))
	if err != nil {
		return err
	}
	for _, tar := range tars {
		if out, err := exec.CommandContext(ctx, "ctr", importArgs(socket, tar)...).CombinedOutput(); err != nil {
			return fmt.Errorf("cannot unpack %s: %w: %s", tar, err, out)
		}
	}
	if err := f.stop(name); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}

// Load imports image tars into every node that runs. Nodes that are added later do not have them.
func (c *Cluster) Load(ctx context.Context, tars ...string) error {
	for _, i := range c.Nodes() {
		for _, tar := range tars {
			tar, err := filepath.Abs(tar)
			if err != nil {
				return err
			}
			cmd, err := c.NodeCommand(ctx, i, "ctr", importArgs(containerdState+"/containerd.sock", tar)...)
			if err != nil {
				return err
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("cannot load %s into %s: %w: %s", tar, nodeName(i), err, out)
			}
		}
	}
	return nil
}

// LoadImage writes an image and loads it.
func (c *Cluster) LoadImage(ctx context.Context, img image.Image) error {
	file, err := os.CreateTemp("", "image-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := img.Write(file.Name()); err != nil {
		return err
	}
	return c.Load(ctx, file.Name())
}

func importArgs(socket, tar string) []string {
	return []string{"--address", socket, "--namespace", "k8s.io", "images", "import", tar}
}
