package simtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func TestAChangeThatCannotBeIsRefusedByName(t *testing.T) {
	t.Parallel()
	memory := func(s *cluster.Spec) { s.Properties.Profile.Flink.TaskManager.MemoryMB = 3000 }
	updating := func(s *server) {
		if _, err := s.RunJob(s.Context(), s.caller(), ref, cluster.RunJob{Action: cluster.ActionUpdate}); err != nil {
			s.Fatal(err)
		}
	}
	for why, tt := range map[string]struct {
		before func(*server)
		ask    declaring
		change func(*cluster.Spec)
		want   string // code target
	}{
		"the job, by a published PUT":    {nil, byPut(cluster.ByPut), func(s *cluster.Spec) { s.Properties.Profile.Flink.Job.JarName = "x.jar" }, "PropertyChangeNotAllowed properties.clusterProfile.flinkProfile.jobSpec.jarName"},
		"memory, by PATCH":               {nil, byPatch, memory, "PropertyChangeNotAllowed properties.clusterProfile.flinkProfile.taskManager"},
		"no workers, while the job runs": {nil, resize(0), nil, "NoTaskManagers "},
		"fewer workers than none":        {nil, resize(-1), nil, "InvalidClusterSpec properties.computeProfile.nodes[0].count"},
		"more memory than there is": {nil, byPut(cluster.ByPut), func(s *cluster.Spec) { s.Properties.Profile.Flink.TaskManager.MemoryMB = 1 << 20 },
			"InsufficientCapacity "},
		"memory, during an update": {updating, byPut(cluster.ByPut), memory, "AnotherOperationInProgress "},
		"a switch, during an update": {updating, byPatch, func(s *cluster.Spec) { s.Properties.Profile.Prometheus = &cluster.Prometheus{Enabled: true} },
			"AnotherOperationInProgress "},
		"an older line of Flink, which could not read the state": {nil, byPut(cluster.ByPut), func(s *cluster.Spec) { s.Properties.Profile.OSSVersion = "2.2.1" },
			"FlinkLineGoesBack "},
		"an older line, by an upgrade": {nil, upgrade(cluster.Upgrade{Type: cluster.UpgradePatch, OSS: "2.2.1"}), nil, "UpgradeGoesBack properties.targetOssVersion"},
		"an upgrade to what is not installed": {nil, upgrade(cluster.Upgrade{Type: cluster.UpgradePatch, OSS: "2.9.0"}), nil,
			"OssVersionNotAvailable properties.clusterProfile.ossVersion"},
		"an upgrade during an update": {updating, upgrade(cluster.Upgrade{Type: cluster.UpgradePatch, OSS: "2.4.0"}), nil, "AnotherOperationInProgress "},
		"another line, from a checkpoint that is not portable": {nil, byPut(cluster.ByPut), func(s *cluster.Spec) {
			s.Properties.Profile.OSSVersion, s.Properties.Profile.Flink.Job.UpgradeMode = "2.4.0", "LAST_STATE_UPDATE"
			confOf(s, map[string]string{"execution.checkpointing.unaligned": "true"})
		}, "CheckpointNotPortable "},
		"tags of the wrong form": {nil, byPatch, func(s *cluster.Spec) { s.Tags = map[string]string{"<": "b"} }, "InvalidTags tags.<"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(s *server) {
				if tt.before != nil {
					tt.before(s)
				}
				before := s.see()
				_, _, err := tt.ask(s, tt.change)
				e := cluster.AsError(err)
				if e == nil {
					s.Fatalf("it was accepted: %v", err)
				}
				if got := e.Code + " " + e.Target; got != tt.want {
					s.Errorf("got %s (%s), want %s", got, e.Message, tt.want)
				}
				if d := cmp.Diff(before.Spec, s.see().Spec); d != "" {
					s.Errorf("the declaration changed:\n%s", d)
				}
			})
		})
	}
}

func TestConditionsGuardEveryWrite(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		etag := s.see().ETag
		absent := cluster.Ref{PoolRef: pool, Name: "absent"}
		put := func(at cluster.Ref, cond lifecycle.Conditions) error {
			_, _, err := s.PutCluster(s.Context(), s.caller(), at, cluster.ByPut, s.see().Spec, cond)
			return err
		}
		patch := func(at cluster.Ref, cond lifecycle.Conditions) error {
			_, _, err := s.PatchCluster(s.Context(), s.caller(), at, func(v lifecycle.ClusterView) (cluster.Spec, error) { return v.Spec, nil }, cond)
			return err
		}
		size := func(at cluster.Ref, cond lifecycle.Conditions) error {
			_, _, err := s.ResizeCluster(s.Context(), s.caller(), at, lifecycle.Resize{Workers: 1}, cond)
			return err
		}
		var got []string
		for _, x := range []struct {
			why  string
			do   func(cluster.Ref, lifecycle.Conditions) error
			at   cluster.Ref
			cond lifecycle.Conditions
			code string
		}{
			{"PUT, its own", put, ref, lifecycle.Conditions{IfMatch: etag}, ""},
			{"PUT, any", put, ref, lifecycle.Conditions{IfMatch: "*"}, ""},
			{"PUT, one of a list", put, ref, lifecycle.Conditions{IfMatch: `x", "` + etag}, ""},
			{"PUT, another", put, ref, lifecycle.Conditions{IfMatch: "x"}, "PreconditionFailed"},
			{"PUT, none may be there", put, ref, lifecycle.Conditions{IfNoneMatch: "*"}, "PreconditionFailed"},
			{"PUT, not this one", put, ref, lifecycle.Conditions{IfNoneMatch: etag}, "PreconditionFailed"},
			{"PUT, another is fine", put, ref, lifecycle.Conditions{IfNoneMatch: "x"}, ""},
			{"PUT of what is absent", put, absent, lifecycle.Conditions{IfMatch: "*"}, "PreconditionFailed"},
			{"PATCH, its own", patch, ref, lifecycle.Conditions{IfMatch: etag}, ""},
			{"PATCH, another", patch, ref, lifecycle.Conditions{IfMatch: "x"}, "PreconditionFailed"},
			{"PATCH of what is absent", patch, absent, lifecycle.Conditions{IfMatch: "*"}, "ResourceNotFound"},
			{"resize, another", size, ref, lifecycle.Conditions{IfMatch: "x"}, "PreconditionFailed"},
			{"resize of what is absent", size, absent, lifecycle.Conditions{}, "ResourceNotFound"},
		} {
			code := ""
			if e := cluster.AsError(x.do(x.at, x.cond)); e != nil {
				code = e.Code
			}
			if code != x.code {
				got = append(got, x.why+": "+code)
			}
		}
		if len(got) > 0 {
			s.Errorf("got %s", strings.Join(got, "; "))
		}
		if s.see().ETag != etag {
			s.Error("what changed nothing changed the ETag")
		}
	})
}
