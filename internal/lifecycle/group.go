package lifecycle

import (
	"context"
	"errors"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
)

// Subscription is an ARM subscription (R01).
type Subscription = store.Subscription

// Group is a resource group.
type Group = store.Group

// Subscriptions lists all subscriptions.
func (s *Service) Subscriptions(ctx context.Context) (all []Subscription, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		all, err = tx.Subscriptions()
		return err
	})
	return all, err
}

// Groups lists the resource groups of a subscription by name.
func (s *Service) Groups(ctx context.Context, subscription string) (all []Group, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		all, err = tx.Groups(subscription)
		return err
	})
	return all, err
}

// Group reads one resource group.
func (s *Service) Group(ctx context.Context, subscription, name string) (g Group, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		g, err = groupRow(tx, subscription, name)
		return err
	})
	return g, err
}

func groupRow(tx *store.Tx, subscription, name string) (Group, error) {
	g, err := tx.Group(subscription, name)
	if errors.Is(err, store.ErrNotFound) {
		return g, cluster.Errorf(cluster.NotFound, "ResourceGroupNotFound", "", "Resource group %q could not be found.", name)
	}
	return g, err
}

// PutGroup makes a resource group, or replaces its tags. It answers what is stored: a group keeps its place and the casing of its name.
func (s *Service) PutGroup(ctx context.Context, c Caller, g Group) (stored Group, created bool, err error) {
	var faults []cluster.Fault
	if f := cluster.ValidateGroupName(g.Name); f != nil {
		faults = append(faults, *f)
	}
	if err := cluster.Faults(append(faults, cluster.ValidateTags(g.Tags)...)); err != nil {
		return g, false, err
	}
	if _, err := s.place(g.Location); err != nil {
		return g, false, err
	}
	err = s.changeGroup(ctx, c, g, func(tx *store.Tx) error {
		old, err := tx.Group(g.Subscription, g.Name)
		created = errors.Is(err, store.ErrNotFound)
		if err != nil && !created {
			return err
		}
		if !created {
			if cluster.NormalizeLocation(old.Location) != cluster.NormalizeLocation(g.Location) {
				return cluster.Errorf(cluster.Conflict, "InvalidResourceLocation", "location", "Resource group %q is at %q and stays there.", old.Name, old.Location)
			}
			g.Location = old.Location
		}
		if err := tx.PutGroup(g); err != nil {
			return err
		}
		stored, err = tx.Group(g.Subscription, g.Name)
		return err
	})
	return stored, created, err
}

// changeGroup changes a group of a subscription that exists, with its audit row.
func (s *Service) changeGroup(ctx context.Context, c Caller, g Group, fn func(*store.Tx) error) error {
	if err := s.Scope(ctx, g.Subscription, ""); err != nil {
		return err
	}
	row := groupAudit(s.Now(), c, groupKey{g.Subscription, g.Name})
	return s.accept(ctx, c, store.Scope{store.SubscriptionRow(g.Subscription)}, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return tx.AddAudit(row)
	})
}

func groupAudit(now time.Time, c Caller, g groupKey) store.AuditRow {
	return store.AuditRow{At: now, Principal: c.Principal, Action: c.Method, Resource: "/subscriptions/" + g.Subscription + "/resourceGroups/" + g.Name,
		Decision: "allowed", RequestID: c.RequestID}
}
