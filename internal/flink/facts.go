package flink

import (
	"errors"
	"fmt"
	"slices"

	"drey/internal/cluster"
)

// Facts says what validation must know of Flink now, where releases run on this Java.
func Facts(d Distributions, java Java, minMemoryMB int64) cluster.FlinkFacts {
	all, err := d.List()
	if err != nil {
		all = nil // nothing is installed as far as anybody can tell: every version is refused with the way out
	}
	var versions []string
	unfit, extras := map[string]string{}, map[string][]string{}
	for _, dist := range all {
		if err := java.Runs(dist.Version); err != nil {
			unfit[dist.Version] = err.Error()
			continue
		}
		versions = append(versions, dist.Version)
		extras[dist.Version] = dist.Extras
	}
	f := FactsOf(versions, minMemoryMB)
	f.Unfit = unfit
	f.NoScript = func(version string) string {
		if why := noScript(version); why != "" || slices.Contains(extras[version], sqlGateway) {
			return why
		}
		return fmt.Sprintf("Flink %s is installed without its SQL gateway, which runs scripts; drey distribution install %s --with %s", version, version, sqlGateway)
	}
	f.NoPython = func(version string) string {
		if slices.Contains(extras[version], python) {
			return ""
		}
		return fmt.Sprintf("Flink %s is installed without Python; drey distribution install %s --with %s", version, version, python)
	}
	return f
}

// FactsOf are the facts where these versions are installed, from old to new.
func FactsOf(versions []string, minMemoryMB int64) cluster.FlinkFacts {
	f := cluster.FlinkFacts{MinMemoryMB: minMemoryMB, Aliases: map[string]string{}, Hive: hasHive, NoScript: noScript, ClassifyKey: classifyKey, CheckMemory: checkMemory}
	for _, version := range versions {
		f.Installed = append(f.Installed, version)
		for _, legacy := range lineOf(version).Legacy {
			f.Aliases[legacy] = version // R03: the newest, as it comes last
		}
	}
	return f
}

func hasHive(version string) bool { return lineOf(version).Hive }

// noScript says why no release of a line runs SQL scripts.
func noScript(version string) string {
	if lineOf(version).SQLDriver {
		return ""
	}
	return fmt.Sprintf("Flink %s runs no SQL scripts; choose 2.0 or newer", version)
}

func classifyKey(key, value string) (cluster.KeyClass, string) {
	if key == KeySimulated {
		return cluster.KeyTakenOver, "Only clusters of the location \"simulated\" behave as they are told."
	}
	c := Classify(map[string]string{key: value})
	switch {
	case len(c.Refused) > 0:
		return cluster.KeyRefused, c.Refused[0].Message
	case len(c.TakenOver) > 0:
		return cluster.KeyTakenOver, c.TakenOver[0].Message
	}
	return cluster.KeyHonoured, ""
}

// checkMemory says why a launch's memory cannot be laid out, and the key at fault.
func checkMemory(l cluster.Launch) (key, reason string) {
	config := Classify(Merge(l.ClusterConfig, l.Configuration)).Config
	_, err := NewMemory(config, size(l.JobManager), size(l.TaskManager), programOf(l).class())
	if bad := (*ConfigError)(nil); errors.As(err, &bad) {
		return bad.Key, bad.Message
	}
	if err != nil {
		return "", err.Error()
	}
	return "", ""
}

// programOf is the program of a launch, as far as its memory depends on it.
func programOf(l cluster.Launch) Program {
	switch {
	case l.Script():
		return Program{Script: l.JarName}
	case l.Python():
		return Program{Python: l.JarName}
	}
	return Program{Class: l.EntryClass}
}

func size(r cluster.Resources) Size { return Size{CPU: r.CPU, MemoryMB: int(r.MemoryMB)} }
