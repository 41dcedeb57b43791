// Command helm renders a chart with Helm's own engine, as `helm template` does but for lookups and hooks:
//
//	go run -C tools/helm . CHART NAMESPACE [VALUES.yaml]
//
// It is a module of its own: nothing of Helm belongs into Drey's.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

func main() {
	if err := render(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: helm CHART NAMESPACE [VALUES.yaml]")
	}
	chart, err := loader.LoadDir(args[0])
	if err != nil {
		return err
	}
	values := chartutil.Values{}
	if len(args) > 2 {
		if values, err = chartutil.ReadValuesFile(args[2]); err != nil {
			return err
		}
	}
	release := chartutil.ReleaseOptions{Name: chart.Name(), Namespace: args[1], IsInstall: true, Revision: 1}
	all, err := chartutil.ToRenderValues(chart, values, release, chartutil.DefaultCapabilities)
	if err != nil {
		return err
	}
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".yaml") && strings.TrimSpace(files[name]) != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", name, files[name])
		}
	}
	return nil
}
