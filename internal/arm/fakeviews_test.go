package arm

import (
	"context"
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func (d *fakeDoor) InstanceView(_ context.Context, r cluster.Ref) (lifecycle.InstanceView, error) {
	const missing = "2 of 3 task managers registered (observed 0 s ago)"
	return lifecycle.InstanceView{Ready: lifecycle.NotReady, Reason: "TaskManagersMissing", Message: missing,
		Services: []lifecycle.ServiceStatus{{Kind: "FlinkCluster", Ready: lifecycle.NotReady, Message: missing}}}, d.asked("InstanceView %s", r.ID())
}

func (d *fakeDoor) ServiceConfig(_ context.Context, r cluster.Ref) (lifecycle.ConfigView, error) {
	return lifecycle.ConfigView{Custom: map[string]string{"a.b": "1"},
		Defaults: map[string]lifecycle.ConfigDefault{"heartbeat.interval": {Value: "2000", Description: "Chosen by Drey."}}}, d.asked("ServiceConfig %s", r.ID())
}

func (d *fakeDoor) UpgradeCluster(_ context.Context, _ lifecycle.Caller, r cluster.Ref, u cluster.Upgrade, cond lifecycle.Conditions) (lifecycle.ClusterView, lifecycle.Operation, error) {
	return d.view, d.op, d.asked("UpgradeCluster %s %+v %+v", r.ID(), u, cond)
}

func (d *fakeDoor) AvailableUpgrades(_ context.Context, r cluster.Ref) ([]cluster.AvailableUpgrade, error) {
	from := cluster.AvailableVersion{Cluster: "1.2.1", OSS: "1.17.0", Flink: "1.20.5"}
	return []cluster.AvailableUpgrade{
		{From: from, To: cluster.AvailableVersion{Cluster: "1.2.2", OSS: "1.20.6", Flink: "1.20.6"}},
		{From: from, To: cluster.AvailableVersion{Cluster: "1.2.2", OSS: "2.3.0", Flink: "2.3.0"}, NewLine: true},
	}, d.asked("AvailableUpgrades %s", r.ID())
}

func (d *fakeDoor) UpgradesDone(_ context.Context, r cluster.Ref) ([]cluster.UpgradeDone, error) {
	version := func(oss, flink string) cluster.Version {
		return cluster.Version{Flink: flink, Launch: cluster.Launch{OSSVersion: oss}}
	}
	return []cluster.UpgradeDone{
		{At: now, From: version("2.3.0", "2.3.0"), To: version("1.17.0", "1.20.5")},
		{At: now.Add(-time.Hour), From: version("1.17.0", "1.20.5"), To: version("2.3.0", "2.3.0"), Failed: true},
	}, d.asked("UpgradesDone %s", r.ID())
}
