package store

import "time"

// TargetRow is a place to run and who owns it.
type TargetRow struct {
	Name, Kind, Identity string
	Epoch                int64 // rises with each new holder
	Holder               string
	ExpiresAt            time.Time
}

// Subscription is an ARM subscription (R01).
type Subscription struct{ ID, Name, Tenant string }

// Group is a resource group.
type Group struct{ Subscription, Name, Location string }
