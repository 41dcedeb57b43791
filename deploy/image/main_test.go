package main

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestTheImageIsWhatTheDockerfileSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	img := of("folder", "drey:1")
	files := img.Layers[0].Files
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		ok := true
		switch arg := strings.Join(words[1:], " "); words[0] {
		case "FROM":
			ok = arg == "scratch" && len(img.Layers) == 1
		case "COPY":
			for _, name := range words[1 : len(words)-1] {
				to := path.Join(words[len(words)-1], name)
				ok = ok && files[to].Source == "folder/"+name
				delete(files, to)
			}
		case "USER":
			ok = arg == img.User
		case "WORKDIR":
			ok = arg == img.WorkingDir
		case "ENV":
			ok = slices.Equal(words[1:], img.Env)
		case "ENTRYPOINT":
			ok = arg == fmt.Sprintf("[%q]", img.Entrypoint[0])
		default:
			ok = false
		}
		if !ok {
			t.Errorf("the image differs from %q", strings.TrimSpace(line))
		}
	}
	if len(files) > 0 {
		t.Errorf("the Dockerfile lacks %v", files)
	}
}

func TestNamesAreWhatAContainerRuntimeLooksFor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"drey:1": "docker.io/library/drey:1", "team/drey:1": "docker.io/team/drey:1",
		"registry.example.com/drey:1": "registry.example.com/drey:1", "localhost:5000/drey:1": "localhost:5000/drey:1",
	} {
		if got := full(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
