package lifecycle

import (
	"fmt"
	"maps"
	"slices"

	"drey/internal/cluster"
	"drey/internal/flink"
)

// Hidden is shown in place of a secret value of Flink's configuration. Where a caller sends it back, it means the value that is stored.
const Hidden = flink.Hidden

// Sensitive reports whether the value of a configuration key must not be shown.
func Sensitive(key string) bool { return flink.Sensitive(key) }

// HideConfig is a configuration as callers see it.
func HideConfig(config map[string]string) map[string]string {
	shown := maps.Clone(config)
	for key := range shown {
		if Sensitive(key) {
			shown[key] = Hidden
		}
	}
	return shown
}

// HideProperties are a cluster's properties as callers see them.
func HideProperties(p cluster.Properties) cluster.Properties {
	hide := func(_ string, config map[string]string) map[string]string { return HideConfig(config) }
	return eachConfig(p, hide, hide)
}

// eachConfig is p with what job makes of the job's configuration, and service of each file of the service configuration. They are given
// the path of what they change. p stays as it is.
func eachConfig(p cluster.Properties, job, service func(at string, config map[string]string) map[string]string) cluster.Properties {
	if p.Profile.Flink != nil {
		f := *p.Profile.Flink
		f.Configuration = job("properties.clusterProfile.flinkProfile.flinkConfiguration", f.Configuration)
		p.Profile.Flink = &f
	}
	p.Profile.ServiceConfigs = slices.Clone(p.Profile.ServiceConfigs)
	for i := range p.Profile.ServiceConfigs {
		s := &p.Profile.ServiceConfigs[i]
		s.Configs = slices.Clone(s.Configs)
		for j := range s.Configs {
			c := &s.Configs[j]
			c.Files = slices.Clone(c.Files)
			for k := range c.Files {
				at := fmt.Sprintf("properties.clusterProfile.serviceConfigsProfiles[%d].configs[%d].files[%d].values", i, j, k)
				c.Files[k].Values = service(at, c.Files[k].Values)
			}
		}
	}
	return p
}

// keepHidden is what a caller declares, with the values of old where the caller sent back what stands for them.
func keepHidden(declared, old cluster.Spec) (cluster.Spec, error) {
	var faults []cluster.Fault
	from := func(stored map[string]string) func(string, map[string]string) map[string]string {
		return func(at string, config map[string]string) map[string]string {
			config, missing := keepConfig(at, config, stored)
			faults = append(faults, missing...)
			return config
		}
	}
	var jobs map[string]string
	if f := old.Properties.Profile.Flink; f != nil {
		jobs = f.Configuration
	}
	declared.Properties = eachConfig(declared.Properties, from(jobs), from(cluster.ClusterConfig(old.Properties.Profile.ServiceConfigs)))
	return declared, cluster.Faults(faults)
}

// keepConfig is config with the values of stored for those that are [Hidden]; a fault for each that is not stored. at is its path.
func keepConfig(at string, config, stored map[string]string) (map[string]string, []cluster.Fault) {
	config = maps.Clone(config)
	var faults []cluster.Fault
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if config[key] != Hidden || !Sensitive(key) {
			continue
		}
		value, ok := stored[key]
		if !ok {
			faults = append(faults, cluster.Fault{Code: "HiddenValueNotStored", Target: at + "." + key, Hint: "give the value itself",
				Message: fmt.Sprintf("%s stands for the value that is stored, and %s has none.", Hidden, key)})
			continue
		}
		config[key] = value
	}
	return config, faults
}
