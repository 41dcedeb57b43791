package daemon

import (
	"errors"
	"strings"
	"testing"
)

func TestWhatIsWrongWithAKubernetesTargetIsNamed(t *testing.T) {
	t.Parallel()
	good := Kubernetes{Namespace: "flink", Drey: "drey:1", Images: []string{"2.3.0=flink:2.3.0"}, MemoryMB: 1, CPUPercent: 100}
	for why, tt := range map[string]struct {
		change func(*Kubernetes)
		want   string
	}{
		"nothing":               {func(*Kubernetes) {}, ""},
		"no namespace":          {func(k *Kubernetes) { *k = Kubernetes{} }, ""},
		"no image of ours":      {func(k *Kubernetes) { k.Drey = "" }, "kubernetes.drey"},
		"no Flink images":       {func(k *Kubernetes) { k.Images = nil }, "kubernetes.images"},
		"an image of nothing":   {func(k *Kubernetes) { k.Images = []string{"flink:2.3.0"} }, "VERSION=IMAGE"},
		"a policy nobody knows": {func(k *Kubernetes) { k.Pull = "Sometimes" }, "kubernetes.pull"},
		"no CPU":                {func(k *Kubernetes) { k.CPUPercent = 0 }, "kubernetes.cpuRequestPercent"},
		"a pod of ours":         {func(k *Kubernetes) { k.Pod = Pod{"hostNetwork": true} }, "kubernetes.pod"},
		"a pod of theirs":       {func(k *Kubernetes) { k.Pod = Pod{"nodeSelector": map[string]any{"disk": "ssd"}} }, ""},
		"no memory":             {func(k *Kubernetes) { k.MemoryMB = 0 }, "kubernetes.memoryMB"},
	} {
		k := good
		tt.change(&k)
		var p problems
		k.check(&p)
		got := ""
		if err := errors.Join(p...); err != nil {
			got = err.Error()
		}
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want it to name %q", why, got, tt.want)
		}
	}
	if image, err := good.image("2.3.0"); err != nil || image.Name != "flink:2.3.0" {
		t.Errorf("got %+v, %v", image, err)
	}
	if _, err := good.image("2.2.0"); err == nil {
		t.Error("a version without an image has one")
	}
}

func TestTheKeyOfAKubernetesTargetIsMadeOnce(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/key"
	first, err := keyIn(file)
	if err != nil || len(first) < 32 {
		t.Fatalf("got %q, %v", first, err)
	}
	if again, err := keyIn(file); err != nil || again != first {
		t.Errorf("got another one the second time: %v", err)
	}
}
