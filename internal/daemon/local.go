package daemon

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/lifecycle"
	"drey/internal/runtime/local"
)

// localTarget is the target on this machine.
const localTarget = "local"

// place is where jobs run if nobody says where.
func (c Config) place() string {
	if c.Local {
		return localTarget
	}
	return kubernetesTarget
}

// localAt is the target on this machine, with its runtime and what makes archives for it.
func (p *parts) localAt(ctx context.Context, c Config, keeper, jar Carried, log *slog.Logger) (t lifecycle.Target, err error) {
	java, err := flink.FindJava(ctx, c.Java.Home)
	if err != nil {
		return t, err
	}
	dists := flink.Distributions{Dir: DistributionsDir(c.Data)}
	if err := checkDistributions(dists, java); err != nil {
		return t, err
	}
	p.runtime, err = local.New(local.Config{Dir: c.Data, KeeperPath: keeper.Path, Java: java.Path, Log: log, Distributions: func(version string) (string, error) {
		d, err := dists.Show(version)
		return d.Path, err
	}})
	if err != nil {
		return t, err
	}
	if c.Archives {
		p.archives = &archives{dir: filepath.Join(c.Data, archivesFolder), java: java, dists: dists, jar: jar, runtime: p.runtime, store: p.store, log: log}
	}
	return lifecycle.Target{
		Runtime: p.runtime, Kind: lifecycle.KindLocal, Ports: [2]int{c.Limits.PortLow, c.Limits.PortHigh}, MemoryMB: c.Limits.MemoryMB,
		Facts: func() cluster.FlinkFacts { return flink.Facts(dists, java, c.Limits.MinimumMemoryMB) }, Plugins: dists.Plugins,
	}, nil
}

// checkDistributions refuses a Java that runs none of the installed releases.
func checkDistributions(dists flink.Distributions, java flink.Java) error {
	all, err := dists.List()
	if err != nil || len(all) == 0 {
		return err
	}
	var first error
	for _, d := range all {
		err := java.Runs(d.Version)
		if err == nil {
			return nil
		}
		first = errors.Join(first, err)
	}
	return first
}
