package daemon

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/lifecycle"
	"drey/internal/runtime/kubernetes"
)

// Kubernetes says where jobs of the location "kubernetes" run. Without a namespace there is no such location.
type Kubernetes struct {
	Namespace  string   `yaml:"namespace"`
	Kubeconfig string   `yaml:"kubeconfig"` // "" = where kubectl looks; not used in a cluster
	Context    string   `yaml:"context"`    // "" = its current one
	InCluster  bool     `yaml:"inCluster"`  // we are a pod ourselves
	Drey       string   `yaml:"drey"`       // the image with drey-keep
	Images     []string `yaml:"images"`     // "2.3.0=flink:2.3.0-java17": the image of each Flink version
	Pull       string   `yaml:"pull"`       // image pull policy
	Claim      string   `yaml:"claim"`      // PersistentVolumeClaim mounted where our storage folder is
	MemoryMB   int64    `yaml:"memoryMB"`   // all roles together may reserve
	Pod        Pod      `yaml:"pod"`        // what every pod gets
	CPUPercent int      `yaml:"cpuRequestPercent"`
	Isolate    bool     `yaml:"networkPolicy"` // each job's pods are reached by each other, beside what the namespace's own policies allow
	TLS        bool     `yaml:"tls"`           // between the processes of a job, and between them and us
}

// Pod is a [kubernetes.Template] as it is written in the file.
type Pod map[string]any

// text is the template's own form.
func (p Pod) text() (string, error) { return kubernetes.TemplateText(p) }

// String shows it as JSON.
func (p Pod) String() string {
	text, err := p.text()
	if err != nil {
		return err.Error()
	}
	return text
}

// template reads it.
func (p Pod) template() (kubernetes.Template, error) {
	text, err := p.text()
	if err != nil {
		return kubernetes.Template{}, err
	}
	return kubernetes.ParseTemplate(text)
}

const (
	kubernetesTarget = "kubernetes"
	kubernetesFolder = "kubernetes" // in the data directory: pulled output
	kubernetesKey    = "kubernetes-key"
)

func (k Kubernetes) check(p *problems) {
	if k.Namespace == "" {
		return
	}
	p.check(k.Drey != "", "kubernetes.drey must name the image with drey-keep")
	p.check(len(k.Images) > 0, "kubernetes.images must name an image for each Flink version, as 2.3.0=flink:2.3.0-java17")
	for _, line := range k.Images {
		version, image, _ := strings.Cut(line, "=")
		p.check(version != "" && image != "", "kubernetes.images: %q is not VERSION=IMAGE", line)
	}
	p.check(slices.Contains([]string{"", "Always", "IfNotPresent", "Never"}, k.Pull), "kubernetes.pull must be Always, IfNotPresent or Never, not %q", k.Pull)
	p.check(k.MemoryMB > 0, "kubernetes.memoryMB must be positive")
	p.check(k.CPUPercent >= 1 && k.CPUPercent <= 100, "kubernetes.cpuRequestPercent is %d; 1 to 100", k.CPUPercent)
	_, err := k.Pod.template()
	p.check(err == nil, "kubernetes.pod: %v", err)
}

// image finds the image of a Flink version.
func (k Kubernetes) image(version string) (kubernetes.Image, error) {
	for _, line := range k.Images {
		if of, name, _ := strings.Cut(line, "="); of == version {
			return kubernetes.Image{Name: name}, nil
		}
	}
	return kubernetes.Image{}, fmt.Errorf("kubernetes.images names no image for Flink %s", version)
}

func (k Kubernetes) versions() (all []string) {
	for _, line := range k.Images {
		version, _, _ := strings.Cut(line, "=")
		all = append(all, version)
	}
	return all
}

// kubernetesAt is the target of a namespace.
func kubernetesAt(c Config, storageRoot string, log *slog.Logger) (lifecycle.Target, *kubernetes.Runtime, error) {
	k := c.Kubernetes
	key, err := keyIn(filepath.Join(c.Data, kubernetesKey))
	if err != nil {
		return lifecycle.Target{}, nil, err
	}
	if !k.TLS {
		log.Warn("kubernetes.tls is false: whoever reaches the pods of a job can read and command it, unless something else keeps him away")
	}
	dir := filepath.Join(c.Data, kubernetesFolder)
	if err := makeDir(dir); err != nil {
		return lifecycle.Target{}, nil, err
	}
	template, err := k.Pod.template()
	if err != nil {
		return lifecycle.Target{}, nil, fmt.Errorf("kubernetes.pod: %w", err)
	}
	r, err := kubernetes.New(kubernetes.Config{
		Kubeconfig: k.Kubeconfig, Context: k.Context, InCluster: k.InCluster, Namespace: k.Namespace,
		Dir: dir, Key: key, Drey: k.Drey, Image: k.image, Pull: k.Pull, Claim: k.Claim, Mount: storageRoot, Log: log,
		Template: template, CPURequestPercent: k.CPUPercent, TLS: k.TLS, Isolate: k.Isolate,
	})
	if err != nil {
		return lifecycle.Target{}, nil, err
	}
	facts := flink.FactsOf(k.versions(), c.Limits.MinimumMemoryMB)
	facts.CheckPodTemplate = r.CheckTemplate
	return lifecycle.Target{
		Runtime: r, Kind: lifecycle.KindKubernetes, MemoryMB: k.MemoryMB, Facts: func() cluster.FlinkFacts { return facts },
	}, r, nil
}

// keyIn reads the key that all keys of incarnations are made of, and makes it the first time. With another one nobody could
// speak to what runs.
func keyIn(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		rand.Read(key) // never fails
		text = []byte(base64.RawURLEncoding.EncodeToString(key))
		err = writeFile(file, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("cannot load the key of the Kubernetes target: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
