package kube

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"drey/test/kube/image"
)

const distributionFile = "drey-distribution.json" // what `drey distribution install` writes

// flinkImage is an unpacked distribution with this machine's Java.
func flinkImage(home string) (image.Image, error) {
	var distribution struct{ Version string }
	text, err := os.ReadFile(filepath.Join(home, distributionFile))
	if err != nil {
		return image.Image{}, err
	}
	if err := json.Unmarshal(text, &distribution); err != nil {
		return image.Image{}, fmt.Errorf("cannot read %s: %w", distributionFile, err)
	}
	base, err := busyboxLayer()
	if err != nil {
		return image.Image{}, err
	}
	java, err := javaLayer()
	if err != nil {
		return image.Image{}, err
	}
	flink := image.Layer{Owner: flinkUser, Files: map[string]image.File{}}
	if err := flink.AddTree("/opt/flink", home); err != nil {
		return image.Image{}, err
	}
	return image.Image{Name: FlinkImage(distribution.Version), Layers: []image.Layer{base, java, flink}, User: fmt.Sprintf("%d:%[1]d", flinkUser),
		Env:        []string{"PATH=" + javaPlace + "/bin:/opt/flink/bin:/usr/bin:/bin", "JAVA_HOME=" + javaPlace, "FLINK_HOME=/opt/flink"},
		WorkingDir: "/opt/flink"}, nil
}

// oldNames are parts of glibc that it has no use for any more. Native libraries that are built for older ones, as RocksDB's, ask for them.
var oldNames = []string{"libpthread.so.0", "librt.so.1", "libdl.so.2"}

// javaLayer is this machine's Java without what only a developer needs, and the libraries that it asks for, where the loader looks for them.
func javaLayer() (image.Layer, error) {
	layer := image.Layer{Files: map[string]image.File{}}
	home, err := javaHome()
	if err != nil {
		return layer, err
	}
	if err := layer.AddTree(javaPlace, home, "jmods", "include", "man", "docs", "legal", "lib/src.zip", "lib/ct.sym"); err != nil {
		return layer, err
	}
	files := []string{filepath.Join(home, "bin/java")}
	for _, pattern := range []string{"lib/*.so", "lib/*/*.so"} {
		found, err := filepath.Glob(filepath.Join(home, pattern))
		if err != nil {
			return layer, err
		}
		files = append(files, found...)
	}
	said, err := exec.Command("ldd", files...).Output()
	if err != nil {
		return layer, fmt.Errorf("cannot list the libraries of Java: %w", err)
	}
	for _, word := range strings.Fields(string(said)) { // "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x0…)", or the loader's path alone
		if !strings.HasPrefix(word, "/") || strings.HasPrefix(word, home) {
			continue
		}
		layer.Files[word] = image.File{Source: word}
		for _, name := range oldNames {
			if folder, file := filepath.Split(word); file == "libc.so.6" {
				layer.Files[folder+name] = image.File{Source: folder + name}
			}
		}
	}
	return layer, nil
}

// javaHome is $JAVA_HOME, else where java on the path belongs to.
func javaHome() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return home, nil
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", err
	}
	java, err = filepath.EvalSymlinks(java)
	return filepath.Dir(filepath.Dir(java)), err
}
