package lifecycle

import (
	"context"
	"fmt"

	"drey/internal/cluster"
	"drey/internal/runtime"
)

// jarFile is the name of a frozen jar.
func jarFile(sha string) string { return sha + ".jar" }

// programFile is the name of a frozen program.
func programFile(l cluster.Launch, sha string) string {
	switch {
	case l.Script():
		return sha + scriptSuffix
	case l.Python():
		return sha + pythonSuffix
	}
	return jarFile(sha)
}

// The suffixes of programs that are texts.
const (
	scriptSuffix = ".sql"
	pythonSuffix = ".py"
)

// artifacts are the frozen jars and ours, twice: the gate on the class path, the file system as a plugin.
func (w *world) artifacts(ctx context.Context, r launchRows) ([]runtime.Artifact, error) {
	prefix, err := r.version.Launch.Prefix(r.cluster.DeploymentID, w.Limits.StorageSuffixes...)
	if err != nil {
		return nil, err
	}
	all := []runtime.Artifact{
		{Name: gateJar, SHA256: w.GateJarSHA, Source: w.GateJar},
		{Name: "drey-fs/" + gateJar, Plugin: true, SHA256: w.GateJarSHA, Source: w.GateJar},
	}
	plugins, err := w.plugins(r.target, r.version.Flink)
	if err != nil {
		return nil, err
	}
	all = append(all, plugins...)
	for i, jar := range append([]cluster.Jar{{SHA256: r.version.JarSHA256}}, r.version.Lib...) {
		name := jarFile(jar.SHA256)
		if i == 0 {
			name = programFile(r.version.Launch, jar.SHA256)
		}
		path, err := w.Storage.Local(ctx, prefix.Join(jarsFolder, name))
		if err != nil {
			return nil, fmt.Errorf("cannot find the frozen %s: %w", name, err)
		}
		all = append(all, runtime.Artifact{Name: name, SHA256: jar.SHA256, Source: path})
	}
	return all, nil
}

// plugins are those of the distribution.
func (w *world) plugins(target, version string) (all []runtime.Artifact, err error) {
	of := w.Targets[target].Plugins
	if of == nil {
		return nil, nil
	}
	found, err := of(version)
	for _, p := range found {
		all = append(all, runtime.Artifact{Name: p.Name, Plugin: true, SHA256: p.SHA256, Source: p.Path})
	}
	return all, err
}
