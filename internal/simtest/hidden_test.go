package simtest

import (
	"maps"
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// hidden sends back what a caller is shown, changed as well.
func hidden(ask declaring, change func(*cluster.Spec)) func(*server) error {
	return func(s *server) error {
		_, op, err := ask(s, func(spec *cluster.Spec) {
			spec.Properties = lifecycle.HideProperties(spec.Properties)
			change(spec)
		})
		if err == nil {
			s.await(op.ID)
		}
		return err
	}
}

func TestASecretThatIsSentBackAsItIsShownStaysAsItIs(t *testing.T) {
	t.Parallel()
	nothing := func(*cluster.Spec) {}
	ours, patch := byPut(cluster.ByOurPut), declaring(byPatch)
	update := func(config map[string]string) func(*server) error {
		return func(s *server) error {
			op, err := s.RunJob(s.Context(), s.caller(), ref, cluster.RunJob{Action: cluster.ActionUpdate, Configuration: config})
			if err == nil {
				s.await(op.ID)
			}
			return err
		}
	}
	set := func(key, value string) func(*cluster.Spec) {
		return func(s *cluster.Spec) { s.Properties.Profile.Flink.Configuration[key] = value }
	}
	for why, tt := range map[string]struct {
		ask      func(*server) error
		job      string // the job's secret afterwards
		service  string // the cluster's
		versions int
		refused  string // code and target
	}{
		"a PUT of what GET shows":           {hidden(ours, nothing), "j", "s", 2, ""},
		"a PATCH of what GET shows":         {hidden(patch, nothing), "j", "s", 2, ""},
		"a PUT that changes something else": {hidden(ours, set("a.b", "c")), "j", "s", 3, ""},
		"a PUT of another secret":           {hidden(ours, set("job.password", "new")), "new", "s", 3, ""},
		"a PATCH of another secret of the cluster": {hidden(patch, func(spec *cluster.Spec) {
			confOf(spec, map[string]string{"service.token": "new"})
		}), "j", "new", 3, ""},
		"an UPDATE with what the job shows": {update(map[string]string{"job.password": lifecycle.Hidden, "a.b": "c"}), "j", "s", 3, ""},
		"a key that has no value, by PUT": {hidden(ours, set("other.password", lifecycle.Hidden)), "j", "s", 2,
			"HiddenValueNotStored properties.clusterProfile.flinkProfile.flinkConfiguration.other.password"},
		"a key that has no value, by UPDATE": {update(map[string]string{"other.password": lifecycle.Hidden}), "j", "s", 2,
			"HiddenValueNotStored properties.flinkConfiguration.other.password"},
		"stars that are no secret": {update(map[string]string{"job.password": lifecycle.Hidden, "a.b": lifecycle.Hidden}), "j", "s", 3, ""},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(s *server) {
				_, op, err := ours(s, func(spec *cluster.Spec) {
					spec.Properties.Profile.Flink.Configuration = maps.Clone(spec.Properties.Profile.Flink.Configuration)
					set("job.password", "j")(spec)
					confOf(spec, map[string]string{"service.token": "s"})
				})
				if err != nil {
					s.Fatal(err)
				}
				s.await(op.ID)
				got := ""
				if e := cluster.AsError(tt.ask(s)); e != nil {
					got = e.Code + " " + e.Target
				}
				if got != tt.refused {
					s.Errorf("refused: %q, want %q", got, tt.refused)
				}
				all := s.versions()
				if len(all) != tt.versions {
					s.Errorf("there are %d versions, want %d", len(all), tt.versions)
				}
				if l := all[0].Launch; l.Configuration["job.password"] != tt.job || l.ClusterConfig["service.token"] != tt.service {
					s.Errorf("version %d launches with %v and %v", all[0].Number, l.Configuration, l.ClusterConfig)
				}
			})
		})
	}
}

func TestAClusterCannotBeMadeOfWhatAnotherShows(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		spec := counter()
		spec.Properties.Profile.Flink.Configuration["a.password"] = lifecycle.Hidden
		_, _, err := s.PutCluster(s.Context(), s.caller(), cluster.Ref{PoolRef: pool, Name: "copy"}, cluster.ByOurPut, spec, lifecycle.Conditions{})
		if e := cluster.AsError(err); e == nil || e.Code != "HiddenValueNotStored" {
			s.Errorf("got %v", err)
		}
	})
}
