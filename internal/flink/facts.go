package flink

import (
	"errors"

	"drey/internal/cluster"
)

// Facts says what validation must know of Flink now.
func Facts(d Distributions, minMemoryMB int64) cluster.FlinkFacts {
	f := cluster.FlinkFacts{MinMemoryMB: minMemoryMB, Aliases: map[string]string{}, ClassifyKey: classifyKey, CheckMemory: checkMemory}
	all, err := d.List()
	if err != nil {
		return f // nothing is installed as far as anybody can tell: every version is refused with the way out
	}
	for _, dist := range all {
		f.Installed = append(f.Installed, dist.Version)
		if major, minor, ok := line(dist.Version); ok && major == 1 && minor == 20 {
			f.Aliases["1.16.0"], f.Aliases["1.17.0"] = dist.Version, dist.Version // R03; the list goes from old to new
		}
	}
	return f
}

func classifyKey(key, value string) (cluster.KeyClass, string) {
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
	_, err := NewMemory(config, size(l.JobManager), size(l.TaskManager), l.EntryClass)
	if bad := (*ConfigError)(nil); errors.As(err, &bad) {
		return bad.Key, bad.Message
	}
	if err != nil {
		return "", err.Error()
	}
	return "", ""
}

func size(r cluster.Resources) Size { return Size{CPU: r.CPU, MemoryMB: int(r.MemoryMB)} }
