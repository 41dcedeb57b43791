package kube

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// built is where that is which a cluster starts from.
type built struct{ programs, images string }

// build makes what is not there yet: our own programs by the Go tool's judgement, Kubernetes by a digest of its sources, then the images.
func (f folders) build(ctx context.Context) (built, error) {
	if err := checkMachine(); err != nil {
		return built{}, err
	}
	module, err := moduleFolder(ctx)
	if err != nil {
		return built{}, err
	}
	ours := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", f.bin("")+"/", "./test/kube/cmd/inside")
	ours.Dir, ours.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if _, err := output(ours); err != nil {
		return built{}, fmt.Errorf("cannot build what runs inside: %w", err)
	}
	programs, err := f.buildKubernetes(ctx, filepath.Join(module, "test/kube/programs"))
	if err != nil {
		return built{}, err
	}
	images, err := f.writeImages(filepath.Join(module, "test/kube"))
	return built{programs, images}, err
}

// moduleFolder is the clone that we run in.
func moduleFolder(ctx context.Context) (string, error) {
	module, err := output(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "drey"))
	if err != nil {
		return "", fmt.Errorf("cannot find Drey's sources, run it inside of a clone: %w", err)
	}
	return module, nil
}

// checkMachine names what only a Debian package can bring.
func checkMachine() error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster is made of namespaces, mounts and cgroups: run as root")
	}
	for _, program := range []string{"containerd", "ctr", "runc", "iptables", "ip", "nsenter", busyboxPath, "/usr/lib/cni/bridge"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing: scripts/prerequisites.sh kube says what to install", program)
		}
	}
	return nil
}

var programNames = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"}

// buildKubernetes builds the module of all programs, minutes of two cores, unless that was done on this machine, and returns the folder with
// a link for each.
func (f folders) buildKubernetes(ctx context.Context, module string) (folder string, err error) {
	version, sources, err := readSources(module)
	if err != nil {
		return "", err
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(sources))[:16]
	folder = filepath.Join(string(f), "programs", digest)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	fmt.Fprintf(os.Stderr, "building Kubernetes %s, once on this machine: 5 to 20 minutes\n", version)
	part := folder + ".part"
	if err := os.RemoveAll(part); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"+versionFlags(version), "-o", filepath.Join(part, "kubernetes"), ".")
	cmd.Dir, cmd.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if _, err := output(cmd); err != nil {
		return "", fmt.Errorf("cannot build Kubernetes %s: %w", version, err)
	}
	for _, name := range programNames {
		if err := os.Symlink("kubernetes", filepath.Join(part, name)); err != nil {
			return "", err
		}
	}
	return folder, os.Rename(part, folder)
}

var kubernetesVersion = regexp.MustCompile(`\bk8s\.io/kubernetes (v\d+\.\d+\.\d+)`)

// readSources reads the version of Kubernetes and all that the programs depend on.
func readSources(module string) (version string, sources []byte, err error) {
	goVersion, err := output(exec.Command("go", "env", "GOVERSION"))
	if err != nil {
		return "", nil, err
	}
	sources = append(sources, goVersion...)
	for _, file := range []string{"go.mod", "go.sum", "main.go"} {
		text, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			return "", nil, err
		}
		if found := kubernetesVersion.FindSubmatch(text); found != nil {
			version = string(found[1])
		}
		sources = append(sources, text...)
	}
	return version, sources, nil
}

// versionFlags make the programs say which version they are: without, they refuse each other as v0.0.0.
func versionFlags(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	var flags strings.Builder
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		fmt.Fprintf(&flags, " -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s", pkg, version, parts[0], parts[1])
	}
	return flags.String()
}

// output runs a command; its error ends with what it said.
func output(cmd *exec.Cmd) (string, error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd.Args[0], err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(out.String()), nil
}
