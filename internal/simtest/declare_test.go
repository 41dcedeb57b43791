package simtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// declaring is one way to change a cluster that exists.
type declaring func(*server, func(*cluster.Spec)) (lifecycle.ClusterView, lifecycle.Operation, error)

func byPut(by cluster.Declaring) declaring {
	return func(s *server, change func(*cluster.Spec)) (lifecycle.ClusterView, lifecycle.Operation, error) {
		spec := s.see().Spec
		change(&spec)
		return s.PutCluster(s.Context(), s.caller(), ref, by, spec, lifecycle.Conditions{})
	}
}

func byPatch(s *server, change func(*cluster.Spec)) (lifecycle.ClusterView, lifecycle.Operation, error) {
	spec := s.see().Spec
	change(&spec)
	return s.PatchCluster(s.Context(), s.caller(), ref, func(lifecycle.ClusterView) (cluster.Spec, error) { return spec, nil }, lifecycle.Conditions{})
}

func resize(workers int) declaring {
	return func(s *server, _ func(*cluster.Spec)) (lifecycle.ClusterView, lifecycle.Operation, error) {
		return s.ResizeCluster(s.Context(), s.caller(), ref, lifecycle.Resize{Workers: workers}, lifecycle.Conditions{})
	}
}

func upgrade(u cluster.Upgrade) declaring {
	return func(s *server, _ func(*cluster.Spec)) (lifecycle.ClusterView, lifecycle.Operation, error) {
		return s.UpgradeCluster(s.Context(), s.caller(), ref, u, lifecycle.Conditions{})
	}
}

// see is the cluster as it is. Its Flink block is the caller's own.
func (s *server) see() lifecycle.ClusterView {
	s.Helper()
	v, err := s.Cluster(s.Context(), ref)
	if err != nil {
		s.Fatal(err)
	}
	return v
}

// finish waits until an operation has ended, well or not.
func (s *server) finish(id string) lifecycle.Operation {
	s.Helper()
	for {
		op, err := s.Operation(s.Context(), id)
		if err != nil {
			s.Fatal(err)
		}
		if !op.Running() {
			return op
		}
		time.Sleep(delay)
	}
}

func (s *server) versions() []cluster.Version {
	s.Helper()
	all, err := s.Versions(s.Context(), ref)
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// act does an action of runJob and waits for it.
func (s *server) act(action cluster.Action) {
	s.Helper()
	op, err := s.RunJob(s.Context(), s.caller(), ref, cluster.RunJob{Action: action})
	if err != nil {
		s.Fatal(err)
	}
	s.await(op.ID)
}

// simulate runs a test in a bubble with a cluster whose job runs.
func simulate(t *testing.T, test func(*server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newRig(t, steady).serve(nil)
		defer s.stop()
		s.create()
		test(s)
	})
}

func confOf(spec *cluster.Spec, values map[string]string) {
	spec.Properties.Profile.ServiceConfigs = []cluster.ServiceConfig{{ServiceName: "flink-operator", Configs: []cluster.ComponentConfig{{
		Component: "flink-configs", Files: []cluster.ConfigFile{{FileName: "flink-conf.yaml", Values: values}}}}}}
}

func TestWhatIsDeclaredIsBroughtToTheRunningJob(t *testing.T) {
	t.Parallel()
	put, ours := byPut(cluster.ByPut), byPut(cluster.ByOurPut)
	for why, tt := range map[string]struct {
		ask     declaring
		change  func(*cluster.Spec)
		verb    string
		kind    string
		line    string // of the log
		version int    // that runs afterwards
		launch  func(cluster.Launch) bool
	}{
		"memory by PUT": {put, func(s *cluster.Spec) { s.Properties.Profile.Flink.TaskManager.MemoryMB = 3000 }, "PUT", "job.update",
			"properties.clusterProfile.flinkProfile.taskManager changed (restart): the job goes over to version 2 by UPDATE", 2,
			func(l cluster.Launch) bool { return l.TaskManager.MemoryMB == 3000 }},
		"workers by PUT": {put, func(s *cluster.Spec) { *s = s.WithWorkers(3) }, "PUT", "job.update",
			"properties.computeProfile.nodes.count changed (rescale)", 2, func(l cluster.Launch) bool { return l.TaskManagers == 3 }},
		"workers by resize": {resize(2), nil, "resize", "job.update",
			"properties.computeProfile.nodes.count changed (rescale)", 2, func(l cluster.Launch) bool { return l.TaskManagers == 2 }},
		"slots by PATCH": {byPatch, func(s *cluster.Spec) { confOf(s, map[string]string{"taskmanager.numberOfTaskSlots": "2"}) }, "PATCH", "job.update",
			"serviceConfigsProfiles changed (restart)", 2, func(l cluster.Launch) bool { return l.Slots() == 2 }},
		"secrets by PATCH, which no launch knows": {byPatch, func(s *cluster.Spec) {
			s.Properties.Profile.Secrets = &cluster.Secrets{KeyVaultResourceID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"}
		}, "PATCH", "job.update", "secretsProfile changed (restart): the job goes over to version 1", 1, func(cluster.Launch) bool { return true }},
		"the job by our own PUT": {ours, func(s *cluster.Spec) { args := "two"; s.Properties.Profile.Flink.Job.Args = &args }, "PUT", "job.update",
			"jobSpec.args changed (job)", 2, func(l cluster.Launch) bool { return l.ArgsText() == "two" }},
		"the Flink version, by upgradeMode": {put, func(s *cluster.Spec) {
			s.Properties.Profile.OSSVersion, s.Properties.Profile.Flink.Job.UpgradeMode = "2.4.0", "LAST_STATE_UPDATE"
		}, "PUT", "job.last-state-update", "by LAST_STATE_UPDATE", 2, func(l cluster.Launch) bool { return l.OSSVersion == "2.4.0" }},
		"the Flink version, by an upgrade": {upgrade(cluster.Upgrade{Type: cluster.UpgradePatch, OSS: "2.4.0"}), nil, "upgrade", "job.update",
			"properties.clusterProfile.ossVersion changed (upgrade): the job goes over to version 2 by UPDATE", 2, func(l cluster.Launch) bool { return l.OSSVersion == "2.4.0" }},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(s *server) {
				before, jar := s.see(), s.versions()[0].JarSHA256
				view, op, err := tt.ask(s, tt.change)
				if err != nil {
					s.Fatal(err)
				}
				if op.Verb != tt.verb || op.Kind != tt.kind || op.Action != "" || view.ProvisioningState != "Accepted" || view.Phase != cluster.Running || view.ETag == before.ETag {
					s.Errorf("accepted as %s %s %q, %s, %s", op.Verb, op.Kind, op.Action, view.ProvisioningState, view.Phase)
				}
				done := s.finish(op.ID)
				if done.Error != nil || !strings.Contains(lines(done), tt.line) {
					s.Errorf("it ended with %+v, and says no %q:\n%s", done.Error, tt.line, lines(done))
				}
				after := s.see()
				if after.ProvisioningState != "Succeeded" || after.Phase != cluster.Running || after.Job.RunningVersion != tt.version || after.Job.ActionResult != "SUCCESS" {
					s.Errorf("afterwards: %s, %s, version %d, %s", after.ProvisioningState, after.Phase, after.Job.RunningVersion, after.Job.ActionResult)
				}
				v := s.versions()[0]
				if v.Number != tt.version || v.State != cluster.Frozen || v.JarSHA256 != jar || !tt.launch(v.Launch) {
					s.Errorf("version %d is %s with jar %s, and launches %+v", v.Number, v.State, v.JarSHA256, v.Launch)
				}
				checkRuns(s.rig, !strings.Contains(tt.line, "LAST_STATE"))
			})
		})
	}
}

func TestOnlyTheParallelismIsTakenOverInPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRig(t, steady).serve(nil)
		defer s.stop()
		s.create()
		conf := map[string]string{"jobmanager.scheduler": "adaptive", "parallelism.default": "2", "taskmanager.numberOfTaskSlots": "4"}
		_, op, err := byPatch(s, func(spec *cluster.Spec) { confOf(spec, conf) })
		if err != nil {
			s.Fatal(err)
		}
		s.await(op.ID)
		_, op, err = byPatch(s, func(spec *cluster.Spec) {
			more := map[string]string{"jobmanager.scheduler": "adaptive", "parallelism.default": "3", "taskmanager.numberOfTaskSlots": "4"}
			confOf(spec, more)
		})
		if err != nil {
			s.Fatal(err)
		}
		if done := s.finish(op.ID); done.Error != nil || !strings.Contains(lines(done), "only the parallelism changes, to 3") {
			s.Errorf("it ended with %+v:\n%s", done.Error, lines(done))
		}
		if got := s.see().Job.RunningVersion; got != 3 {
			s.Errorf("version %d runs, want 3", got)
		}
	})
}

func TestWhatNeedsNoRestartIsStoredAtOnce(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		before func(*server)
		ask    declaring
		change func(*cluster.Spec)
		line   string
		same   bool // ETag and systemData stay
	}{
		"nothing":           {nil, byPut(cluster.ByPut), func(*cluster.Spec) {}, "nothing changed", true},
		"nothing by PATCH":  {nil, byPatch, func(*cluster.Spec) {}, "nothing changed", true},
		"nothing by resize": {nil, resize(1), nil, "nothing changed", true},
		"nodes, of which there are none, by an upgrade": {nil, upgrade(cluster.Upgrade{Type: cluster.UpgradeNodes}), nil, "nothing to upgrade on this target", true},
		"a newer Flink for a stopped job": {func(s *server) { s.act(cluster.ActionStop) }, upgrade(cluster.Upgrade{Type: cluster.UpgradePatch, OSS: "2.4.0"}), nil,
			"stored: properties.clusterProfile.ossVersion; the job is Stopped, its next start uses it", false},
		"tags":                        {nil, byPatch, func(s *cluster.Spec) { s.Tags = map[string]string{"a": "b"} }, "stored: tags; the job goes on as it is", false},
		"Prometheus":                  {nil, byPut(cluster.ByPut), func(s *cluster.Spec) { s.Properties.Profile.Prometheus = &cluster.Prometheus{Enabled: true} }, "the job goes on", false},
		"workers of a stopped job":    {func(s *server) { s.act(cluster.ActionStop) }, resize(4), nil, "the job is Stopped, its next start uses it", false},
		"no workers of a stopped job": {func(s *server) { s.act(cluster.ActionStop) }, resize(0), nil, "the job is Stopped", false},
		"workers where numReplicas decides": {func(s *server) {
			_, op, err := byPut(cluster.ByPut)(s, func(spec *cluster.Spec) { n := 1; spec.Properties.Profile.Flink.NumReplicas = &n })
			if err != nil {
				s.Fatal(err)
			}
			s.await(op.ID)
		}, resize(9), nil, "numReplicas decides the number of TaskManagers, 1, which stays", false},
		"a job that is what was declared, though runJob moved it on": {func(s *server) { s.await(s.update(cluster.ActionUpdate)) }, byPut(cluster.ByOurPut),
			func(*cluster.Spec) {}, "nothing changed", true},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(s *server) {
				if tt.before != nil {
					tt.before(s)
				}
				before, versions := s.see(), len(s.versions())
				view, op, err := tt.ask(s, tt.change)
				if err != nil {
					s.Fatal(err)
				}
				seen, err := s.Operation(s.Context(), op.ID)
				if err != nil || op.Running() || op.Status != "Succeeded" || !strings.Contains(lines(seen), tt.line) {
					s.Errorf("%v: %+v\n%s", err, op, lines(seen))
				}
				if (view.ETag == before.ETag) != tt.same || (view.System == before.System) != tt.same || view.Phase != before.Phase || view.ProvisioningState != "Succeeded" {
					s.Errorf("afterwards: ETag %s, was %s; %s, was %s; %s", view.ETag, before.ETag, view.Phase, before.Phase, view.ProvisioningState)
				}
				if n := len(s.versions()); n != versions {
					s.Errorf("%d versions, want %d", n, versions)
				}
			})
		})
	}
}
