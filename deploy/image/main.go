// Command image writes the image of deploy/image/Dockerfile as a tar in the OCI layout, without a container engine:
//
//	go run ./deploy/image -name registry.example.com/drey:0.1.0 build/image build/drey-image.tar
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"drey/test/kube/image"
)

func main() {
	name := flag.String("name", "drey:0.1.0", "what the image is called")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: image [-name NAME] FOLDER TAR")
		os.Exit(2)
	}
	if err := of(flag.Arg(0), *name).Write(flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// of is the image of what lies in a folder. A test holds it to the Dockerfile.
func of(folder, name string) image.Image {
	files := map[string]image.File{ // nothing may be called /drey: pods of jobs have a folder there
		"/bin/drey":                          {Source: filepath.Join(folder, "drey"), Mode: 0o755},
		"/drey-keep":                         {Source: filepath.Join(folder, "drey-keep"), Mode: 0o755},
		"/etc/ssl/certs/ca-certificates.crt": {Source: filepath.Join(folder, "ca-certificates.crt"), Mode: 0o644},
	}
	return image.Image{
		Name: full(name), Layers: []image.Layer{{Files: files}},
		User: "9999:9999", WorkingDir: "/var/lib/drey", Env: []string{"PATH=/bin"}, Entrypoint: []string{"/bin/drey"},
	}
}

// full is an image's name with its registry, as container runtimes know it: "drey:1" is docker.io/library/drey:1.
func full(name string) string {
	first, rest, found := strings.Cut(name, "/")
	switch {
	case !found:
		return "docker.io/library/" + name
	case rest != "" && !strings.ContainsAny(first, ".:") && first != "localhost":
		return "docker.io/" + name
	}
	return name
}
