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
	metaTable         Table = "meta" // of which changeRow can be locked
)

// lockable holds place in the order, primary key, and the column for change ids of each table.
var lockable = map[Table]struct {
	place       int
	key, change string
}{
	SubscriptionTable: {0, "id", "change"},
	TargetTable:       {1, "name", "change"},
	PoolTable:         {2, "uid", "change"},
	ClusterTable:      {3, "uid", "change"},
	JobTable:          {4, "uid", "change"},
	OperationTable:    {5, "id", "change"},
	metaTable:         {6, "key", "value"},
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

// changeRow is the row for a change without a scope, and for the id of one that deleted the row to write it to.
var changeRow = Lock{metaTable, "change"}

// ordered gives the locks in the one order in which everybody takes them, each once.
func (s Scope) ordered() Scope {
	if len(s) == 0 {
		return Scope{changeRow}
	}
	sorted := slices.Clone(s)
	slices.SortFunc(sorted, func(a, b Lock) int {
		return cmp.Or(cmp.Compare(lockable[a.Table].place, lockable[b.Table].place), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(sorted)
}
