package kube

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"drey/test/kube/image"
)

// Images that every node has from its start. There is no registry: every pod says imagePullPolicy Never.
const (
	Pause   = "drey.test/pause:1"
	Busybox = "drey.test/busybox:1"
)

// FlinkImage is the name of the image of a Flink version, which nodes have when DREY_TEST_FLINK_HOME named its distribution at the cluster's start.
// It is laid out as the official one: /opt/flink, Java in /opt/java/openjdk, user 9999.
func FlinkImage(version string) string { return "drey.test/flink:" + version }

const (
	busyboxPath = "/bin/busybox"
	javaPlace   = "/opt/java/openjdk"
	flinkUser   = 9999
	tmpMode     = fs.ModeDir | fs.ModeSticky | 0o777
)

// writeImages writes the images that are not there yet and returns the folder of all, which has another name when they differ.
func (f folders) writeImages(sources string) (folder string, err error) {
	flink := os.Getenv("DREY_TEST_FLINK_HOME")
	key, err := f.imagesKey(sources, flink)
	if err != nil {
		return "", err
	}
	folder = f.images(key)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.RemoveAll(f.images()); err != nil {
		return "", err
	}
	part := folder + ".part"
	if err := os.MkdirAll(part, 0o755); err != nil {
		return "", err
	}
	if err := f.pauseImage().Write(filepath.Join(part, "pause.tar")); err != nil {
		return "", err
	}
	busybox, err := busyboxImage()
	if err != nil {
		return "", err
	}
	if err := busybox.Write(filepath.Join(part, "busybox.tar")); err != nil {
		return "", err
	}
	if flink != "" {
		img, err := flinkImage(flink)
		if err != nil {
			return "", fmt.Errorf("cannot make an image of %s: %w", flink, err)
		}
		if err := img.Write(filepath.Join(part, "flink.tar")); err != nil {
			return "", err
		}
	}
	return folder, os.Rename(part, folder)
}

// imagesKey is a digest of what makes the images and of what they are made from.
func (f folders) imagesKey(sources, flink string) (string, error) {
	files := []string{f.bin("inside"), busyboxPath}
	for _, pattern := range []string{"*image*.go", "image/*.go"} {
		found, err := filepath.Glob(filepath.Join(sources, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	if flink != "" {
		home, err := javaHome()
		if err != nil {
			return "", err
		}
		files = append(files, filepath.Join(flink, distributionFile), filepath.Join(home, "release"))
	}
	hash := sha256.New()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%d\n%s", len(text), text)
	}
	return fmt.Sprintf("%x", hash.Sum(nil))[:16], nil
}

func (f folders) pauseImage() image.Image {
	return image.Image{Name: Pause, Entrypoint: []string{"/inside", "pause"}, Layers: []image.Layer{{Files: map[string]image.File{"/inside": {Source: f.bin("inside")}}}}}
}

func busyboxImage() (image.Image, error) {
	layer, err := busyboxLayer()
	return image.Image{Name: Busybox, Env: []string{"PATH=/bin"}, Entrypoint: []string{"/bin/sh"}, Layers: []image.Layer{layer}}, err
}

// busyboxLayer is a root file system with a shell.
func busyboxLayer() (image.Layer, error) {
	applets, err := exec.Command(busyboxPath, "--list").Output()
	if err != nil {
		return image.Layer{}, fmt.Errorf("cannot list busybox's commands: %w", err)
	}
	layer := image.Layer{Files: map[string]image.File{
		"/bin/busybox": {Source: busyboxPath},
		"/usr/bin/env": {Link: busyboxPath}, // what scripts begin with
		"/tmp":         {Mode: tmpMode},
		"/etc/passwd":  {Text: "root:x:0:0:root:/root:/bin/sh\nflink:x:9999:9999:flink:/opt/flink:/bin/sh\n"},
		"/etc/group":   {Text: "root:x:0:\nflink:x:9999:\n"},
	}}
	for _, applet := range strings.Fields(string(applets)) {
		if applet != "busybox" {
			layer.Files["/bin/"+applet] = image.File{Link: "busybox"}
		}
	}
	return layer, nil
}

// Drey is the name of the image of [DreyImage].
const Drey = "drey.test/drey:test"

// DreyImage is an image of nothing but static programs, each at /NAME; the first is what it starts with.
func DreyImage(programs ...string) image.Image {
	layer := image.Layer{Files: map[string]image.File{}}
	for _, program := range programs {
		layer.Files["/"+filepath.Base(program)] = image.File{Source: program, Mode: 0o755}
	}
	return image.Image{Name: Drey, Layers: []image.Layer{layer}, Entrypoint: []string{"/" + filepath.Base(programs[0])}}
}
