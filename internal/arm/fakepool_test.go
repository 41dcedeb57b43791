package arm

import (
	"context"
	"encoding/json"
	"fmt"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// The part of the fake door that is about pools, groups and subscriptions.

func (d *fakeDoor) PoolView(ctx context.Context, p cluster.PoolRef) (lifecycle.PoolView, error) {
	if err := d.Scope(ctx, p.Subscription, p.Group); err != nil {
		return lifecycle.PoolView{}, err
	}
	if d.gone {
		return lifecycle.PoolView{}, cluster.Errorf(cluster.NotFound, "ResourceNotFound", "", "There is no pool of this name.")
	}
	return d.poolView(), d.asked("PoolView %s", p.ID())
}

func (d *fakeDoor) poolView() lifecycle.PoolView {
	return lifecycle.PoolView{Pool: pool(), ProvisioningState: "Succeeded"}
}

func (d *fakeDoor) PoolViews(_ context.Context, subscription, group string, page lifecycle.Page) ([]lifecycle.PoolView, string, error) {
	if d.gone {
		return nil, "", d.asked("PoolViews %s %q %+v", subscription, group, page)
	}
	return []lifecycle.PoolView{d.poolView()}, d.next, d.asked("PoolViews %s %q %+v", subscription, group, page)
}

func (d *fakeDoor) PutPool(_ context.Context, c lifecycle.Caller, ref cluster.PoolRef, spec cluster.PoolSpec, cond lifecycle.Conditions) (lifecycle.PoolView, lifecycle.Operation, error) {
	v := d.poolView()
	v.Declare(spec)
	v.Created = d.gone
	return v, d.op, d.asked("PutPool %s %s %+v", ref.ID(), declaredPool(spec), cond)
}

func (d *fakeDoor) PatchPool(_ context.Context, c lifecycle.Caller, ref cluster.PoolRef, patch func(cluster.Pool) (cluster.PoolSpec, error), cond lifecycle.Conditions) (lifecycle.PoolView, lifecycle.Operation, error) {
	spec, err := patch(pool())
	if err == nil {
		err = cluster.Conflicts(cluster.ChangePool(pool(), spec, cluster.ByPatch).Refused)
	}
	if err == nil {
		err = d.asked("PatchPool %s %s %+v", ref.ID(), declaredPool(spec), cond)
	}
	return d.poolView(), d.op, err
}

// declaredPool is a declaration on a line.
func declaredPool(spec cluster.PoolSpec) string {
	text, err := json.Marshal(spec)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (d *fakeDoor) DeletePool(_ context.Context, c lifecycle.Caller, ref cluster.PoolRef, cond lifecycle.Conditions) (*lifecycle.Operation, error) {
	err := d.asked("DeletePool %s %+v", ref.ID(), cond)
	if d.gone {
		return nil, err
	}
	return &d.op, err
}

func (d *fakeDoor) Subscriptions(context.Context) ([]lifecycle.Subscription, error) {
	return []lifecycle.Subscription{{ID: subID, Name: "drey", Tenant: tenantID}, {ID: tenantID, Name: "other", Tenant: tenantID}}, d.err
}

func (d *fakeDoor) group(name string) lifecycle.Group {
	return lifecycle.Group{Subscription: subID, Name: name, Location: "East US 2", Tags: map[string]string{"a": "b"}}
}

func (d *fakeDoor) Groups(_ context.Context, subscription string) ([]lifecycle.Group, error) {
	return []lifecycle.Group{d.group("Group1"), d.group("group2"), d.group("Group3")}, d.asked("Groups %s", subscription)
}

func (d *fakeDoor) Group(_ context.Context, subscription, name string) (lifecycle.Group, error) {
	if d.gone {
		return lifecycle.Group{}, cluster.Errorf(cluster.NotFound, "ResourceGroupNotFound", "", "Resource group %q could not be found.", name)
	}
	return d.group("Group1"), d.asked("Group %s %s", subscription, name)
}

func (d *fakeDoor) PutGroup(_ context.Context, c lifecycle.Caller, g lifecycle.Group) (lifecycle.Group, bool, error) {
	return g, d.gone, d.asked("PutGroup %s", fmt.Sprint(g))
}

func (d *fakeDoor) DeleteGroup(_ context.Context, c lifecycle.Caller, subscription, name string) (*lifecycle.Operation, error) {
	if d.gone {
		return nil, d.asked("DeleteGroup %s %s", subscription, name)
	}
	return &d.op, d.asked("DeleteGroup %s %s", subscription, name)
}

func (d *fakeDoor) Locations() []lifecycle.Location {
	return []lifecycle.Location{{Name: "local", DisplayName: "local"}, {Name: "eastus2", DisplayName: "East US 2"}}
}

func (d *fakeDoor) CheckLocation(location string) error { return d.asked("CheckLocation %s", location) }

func (d *fakeDoor) AvailableVersions(location string) ([]cluster.AvailableVersion, error) {
	return []cluster.AvailableVersion{{Cluster: "1.2.1", OSS: "1.17.0", Flink: "1.20.5"}, {Cluster: "1.2.2", OSS: "1.20.5", Flink: "1.20.5"}}, d.asked("AvailableVersions %s", location)
}

func (d *fakeDoor) NameAvailable(_ context.Context, subscription, location, resourceType, name string) (lifecycle.Availability, error) {
	err := d.asked("NameAvailable %s %s %s %s", subscription, location, resourceType, name)
	if name == "free" {
		return lifecycle.Availability{Available: true}, err
	}
	return lifecycle.Availability{Reason: "AlreadyExists", Message: "There is one."}, err
}
