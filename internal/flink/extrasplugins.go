package flink

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Plugin is a jar of a release's plugins folder.
type Plugin struct {
	Name   string // path below the plugins folder: "s3-fs-hadoop/flink-s3-fs-hadoop-2.3.0.jar"
	Path   string // where it lies
	SHA256 string
}

// Plugins are the jars that each incarnation of a release gets into its own plugins folder: all that are there and whose digest was
// recorded, but those that serve abfs, which Drey's own file system does.
func (d Distributions) Plugins(version string) ([]Plugin, error) {
	dist, err := d.Show(version)
	if err != nil {
		return nil, err
	}
	sums, err := dist.recorded()
	if err != nil {
		return nil, fmt.Errorf("cannot tell the plugins of Flink %s: %w", version, err)
	}
	var all []Plugin
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		name, plugin := strings.CutPrefix(file, "plugins/")
		if plugin && strings.HasSuffix(name, ".jar") && !strings.Contains(name, "/flink-azure-fs-hadoop-") {
			all = append(all, Plugin{Name: name, Path: filepath.Join(dist.Path, filepath.FromSlash(file)), SHA256: sums[file]})
		}
	}
	return all, nil
}
