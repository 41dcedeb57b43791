package store

import (
	"cmp"
	"slices"
)

// Table is a table whose rows can be locked.
type Table string

// The lockable tables, in the order in which their rows are locked.
const (
	SubscriptionTable Table = "subscription"
	TargetTable       Table = "target"
	PoolTable         Table = "pool"
	ClusterTable      Table = "cluster"
	JobTable          Table = "job"
	OperationTable    Table = "operation"
	metaTable         Table = "meta" // takes the change id where there is no locked row for it
)

// lockable holds place in the order and primary key of each table.
var lockable = map[Table]struct {
	place int
	key   string
}{
	SubscriptionTable: {0, "id"},
	TargetTable:       {1, "name"},
	PoolTable:         {2, "uid"},
	ClusterTable:      {3, "uid"},
	JobTable:          {4, "uid"},
	OperationTable:    {5, "id"},
}

// Lock names one existing row.
type Lock struct {
	Table Table
	Key   string
}

// Scope names the existing rows that a Change locks before its function runs.
type Scope []Lock

// SubscriptionRow locks a subscription: for its groups and the names of its pools.
func SubscriptionRow(id string) Lock { return Lock{SubscriptionTable, fold(id)} }

// Target locks a target: for its owner, ports and capacity.
func Target(name string) Lock { return Lock{TargetTable, name} }

// Pool locks a pool: for the clusters in it.
func Pool(uid string) Lock { return Lock{PoolTable, uid} }

// ClusterRow locks a cluster.
func ClusterRow(uid string) Lock { return Lock{ClusterTable, uid} }

// JobRow locks a job: for its versions, incarnations, savepoints and operations.
func JobRow(uid string) Lock { return Lock{JobTable, uid} }

// OperationRow locks an operation.
func OperationRow(id string) Lock { return Lock{OperationTable, fold(id)} }

// ordered gives the locks in the one order in which everybody takes them, each once.
func (s Scope) ordered() Scope {
	sorted := slices.Clone(s)
	slices.SortFunc(sorted, func(a, b Lock) int {
		return cmp.Or(cmp.Compare(lockable[a.Table].place, lockable[b.Table].place), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(sorted)
}
