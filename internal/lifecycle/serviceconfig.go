package lifecycle

import (
	"context"
	"fmt"
	"maps"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// ConfigView is Flink's configuration file as it holds for a cluster (R32). Values of secret keys are not in it.
type ConfigView struct {
	Custom   map[string]string // as the cluster declares them
	Defaults map[string]ConfigDefault
}

// ConfigDefault is a key that the cluster's declaration does not decide.
type ConfigDefault struct{ Value, Description string }

// ServiceConfig reads the configuration of the version that the cluster's job shall run, with what the cluster declares now.
func (s *Service) ServiceConfig(ctx context.Context, ref cluster.Ref) (v ConfigView, err error) {
	var f facts
	var declared cluster.Spec
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		cl, err := s.clusterRow(tx, ref)
		if err != nil {
			return err
		}
		job, err := tx.JobOf(cl.UID)
		declared, f = cl.Spec, facts{Cluster: cl.UID, Job: job.UID, Version: job.Goal}
		return err
	})
	if err != nil {
		return v, err
	}
	r, err := s.launchRows(ctx, f)
	if err != nil {
		return v, err
	}
	launch := r.version.Launch.WithSpec(declared)
	r.version.Launch, r.incarnation.TaskManagers = launch, launch.TaskManagers
	plan, err := s.plan(r, runtime.Layout{})
	if err != nil {
		return v, err
	}
	effective, err := plan.Effective()
	if err != nil {
		return v, fmt.Errorf("cannot tell the configuration of %s: %w", ref.Name, err)
	}
	v = ConfigView{Custom: map[string]string{}, Defaults: map[string]ConfigDefault{}}
	maps.Copy(v.Custom, HideConfig(launch.ClusterConfig))
	shown := HideConfig(effective)
	custom, own := cluster.ResolveAliases(launch.ClusterConfig), cluster.ResolveAliases(launch.Configuration)
	for key, value := range effective {
		if set, ok := custom[key]; ok && set == value {
			continue
		}
		d := ConfigDefault{Value: shown[key], Description: "Chosen by Drey."}
		if set, ok := own[key]; ok && set == value {
			d.Description = "From the job's own configuration."
		} else if _, ok := custom[key]; ok {
			d.Description = "Chosen by Drey, whatever the cluster declares."
		}
		v.Defaults[key] = d
	}
	return v, nil
}
