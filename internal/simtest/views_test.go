package simtest

import (
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
	"drey/internal/store"
)

func TestTheInstanceViewSaysHowTheProcessesAre(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		before func(*server, cluster.Incarnation)
		want   string // ready, reason: message
	}{
		"all of them are there": {func(*server, cluster.Incarnation) {}, "true : "},
		"stopped":               {func(s *server, _ cluster.Incarnation) { s.act(cluster.ActionStop) }, "false Stopped: The cluster is Stopped: no process of it runs."},
		"a TaskManager is missing": {func(s *server, inc cluster.Incarnation) {
			inc.TaskManagers = 3
			if err := s.store.Change(s.Context(), nil, func(tx *store.Tx) error { return tx.SaveIncarnation(inc) }); err != nil {
				s.Fatal(err)
			}
		}, "false TaskManagersMissing: 1 of 3 task managers registered (observed 0 s ago)"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(s *server) {
				all, err := s.Incarnations(s.Context(), ref)
				if err != nil {
					s.Fatal(err)
				}
				tt.before(s, all[0])
				v, err := s.InstanceView(s.Context(), ref)
				if err != nil {
					s.Fatal(err)
				}
				if got := string(v.Ready) + " " + v.Reason + ": " + v.Message; got != tt.want {
					s.Errorf("got  %s\nwant %s", got, tt.want)
				}
				if len(v.Services) != 1 || v.Services[0] != (lifecycle.ServiceStatus{Kind: "FlinkCluster", Ready: v.Ready, Message: v.Message}) {
					s.Errorf("services: %+v", v.Services)
				}
			})
		})
	}
}

func TestTheServiceConfigurationTellsWhoChoseWhat(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		_, op, err := byPut(cluster.ByOurPut)(s, func(spec *cluster.Spec) {
			confOf(spec, map[string]string{"parallelism": "1", "heartbeat.timeout": "9000", "my.password": "x", "rest.port": "1", "high-availability.type": "zookeeper"})
			spec.Properties.Profile.Flink.HistoryServer = &cluster.Resources{CPU: 1, MemoryMB: 2000}
		})
		if err != nil {
			s.Fatal(err)
		}
		s.await(op.ID)
		v, err := s.ServiceConfig(s.Context(), ref)
		if err != nil {
			s.Fatal(err)
		}
		for key, want := range map[string]string{"parallelism": "1", "heartbeat.timeout": "9000", "my.password": "******", "high-availability.type": "zookeeper"} {
			if v.Custom[key] != want {
				s.Errorf("custom %s is %q, want %q", key, v.Custom[key], want)
			}
		}
		for key, want := range map[string]lifecycle.ConfigDefault{
			"high-availability.type":           {Value: "NONE", Description: "Chosen by Drey, whatever the cluster declares."},
			"execution.checkpointing.interval": {Value: "200 ms", Description: "From the job's own configuration."},
			"heartbeat.interval":               {Value: "2000", Description: "Chosen by Drey."},
			"jobmanager.memory.process.size":   {Value: "2000m", Description: "Chosen by Drey."},
		} {
			if v.Defaults[key] != want {
				s.Errorf("default %s is %+v, want %+v", key, v.Defaults[key], want)
			}
		}
		for _, key := range []string{"parallelism.default", "heartbeat.timeout", "my.password", "cluster.id", "rest.port"} {
			if d, there := v.Defaults[key]; there {
				s.Errorf("default %s is %+v", key, d)
			}
		}
		view, err := s.InstanceView(s.Context(), ref)
		if err != nil || len(view.Services) != 2 || view.Services[1].Kind != "HistoryServer" || view.Services[1].Ready != lifecycle.NotReady || view.Ready != lifecycle.Ready {
			s.Errorf("%v: %+v", err, view)
		}
	})
}
