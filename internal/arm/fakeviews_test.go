package arm

import (
	"context"

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
