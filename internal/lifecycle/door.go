// Package lifecycle is the one door for callers, and the home of every kind of operation. Whoever asks for something —
// the ARM front, the watcher, a test — asks here; whatever happens to a cluster happens in a step of an operation of this package.
package lifecycle

import (
	"context"
	"crypto/sha256"
	"io"
	"time"

	"drey/internal/cluster"
)

// Caller is who asks, and with which of the request's names.
type Caller struct {
	Principal       string // object id of the principal, or its application id
	PrincipalType   string // User, Application, ManagedIdentity
	RequestID       string // ours, x-ms-request-id: a GUID; becomes the id of the operation
	ClientRequestID string // x-ms-client-request-id, or ""
	ClientToken     string // x-drey-client-token, or ""
	Method, URL     string // for the request's hash (R38); URL is path and query
	BodySHA256      string
	Ignored         *string // what of the body is read over, in words; it is read when the request is accepted. nil or "": nothing
	// DryRun wants to know what would be done: all is checked as else, and nothing is kept. The operation that is answered does not exist.
	DryRun bool
}

// Conditions are a request's If-Match and If-None-Match, "" if absent.
type Conditions struct{ IfMatch, IfNoneMatch string }

// ClusterView is a cluster as callers see it.
type ClusterView struct {
	cluster.Cluster
	Job               cluster.Job
	ProvisioningState string // computed (R12): Accepted, Deleting, Succeeded, Failed, Canceled
	Components        []Component
	FQDN              string // "" until the create ended (R40)
	Created           bool   // answered by the PUT that made it
	TaskManagers      int    // wanted
}

// StoredCluster is a cluster as it was read. To make a view of it costs more than to read it, so whoever kept what he made of an earlier one of
// the same digest does not ask for it.
type StoredCluster struct {
	ETag string
	// Digest is of all that its view is made of but for the Job, which changes with each look at it.
	Digest [sha256.Size]byte
	View   func() (ClusterView, error)
}

// Component is a part a cluster really runs, with its version.
type Component struct{ Name, Version string }

// JobView is the job's entry as `jobs` lists it.
type JobView struct {
	cluster.Job
	Launch cluster.Launch // of the version it shall run
}

// Operation is an operation as callers see it.
type Operation struct {
	ID         string
	ResourceID string
	Location   string
	Kind       string // "job.stop"
	Verb       string // PUT, PATCH, DELETE; POST for runJob; resize, upgrade
	Action     cluster.Action
	Lane       string
	Status     string // Accepted, Deleting, Succeeded, Failed, Canceled
	Error      *OperationError
	Step       string
	Steps      []Step
	Lines      []Line
	StartedAt  time.Time
	EndedAt    time.Time // zero while it runs
	Deadline   time.Time
	Percent    int // 0..100
	Principal  string
}

// Running reports whether the operation has not ended.
func (o Operation) Running() bool { return o.EndedAt.IsZero() }

// OperationError says why an operation ended Failed or Canceled.
type OperationError struct {
	Code, Message, Target, Hint string
	Details                     []cluster.Fault
}

// Step is one step of an operation's kind and how far it is: done, running, pending.
type Step struct{ Name, State string }

// Line is one line of an operation's log.
type Line struct {
	At         time.Time
	Step, Text string
}

// LogSource is one process whose output can be read.
type LogSource struct {
	Incarnation string
	Process     string // "jobmanager-0"
	Alive       bool
	Exit        string // "exit code 1", "signal 9", "out of memory"; "" while it runs or if unknown
	StartedAt   time.Time
}

// Uploaded is what was put into a mounted storage account.
type Uploaded struct {
	URI    string
	SHA256 string
	Bytes  int64
}

// About says what this server is and can do.
type About struct {
	Version       string
	Distributions []string // installed Flink versions
	Targets       []TargetInfo
	MinMemoryMB   int64
	TrustDomain   string // "single" unless uids separate clusters
	StartedAt     time.Time
	Now           time.Time
}

// TargetInfo is one target.
type TargetInfo struct {
	Name, Kind, Identity string
	Distributions        []string // Flink versions that run there
}

// Page asks for a part of a list.
type Page struct {
	After string // opaque, from the page before; "" = first
	Limit int    // 1..1000; 0 = 100
}

// Door is the list of what callers can ask for. It exists for the reader: the ARM front uses *Service itself.
//
// Every method answers a *cluster.Error for what the caller can act on; any other error is ours.
type Door interface {
	// PoolViews lists by address; group "" = all.
	PoolViews(ctx context.Context, subscription, group string, p Page) (views []PoolView, next string, err error)
	PoolView(ctx context.Context, ref cluster.PoolRef) (PoolView, error)
	PutPool(ctx context.Context, c Caller, ref cluster.PoolRef, spec cluster.PoolSpec, cond Conditions) (PoolView, Operation, error)
	PatchPool(ctx context.Context, c Caller, ref cluster.PoolRef, patch func(cluster.Pool) (cluster.PoolSpec, error), cond Conditions) (PoolView, Operation, error)
	// DeletePool answers nil if there is no such pool.
	DeletePool(ctx context.Context, c Caller, ref cluster.PoolRef, cond Conditions) (*Operation, error)

	Subscriptions(ctx context.Context) ([]Subscription, error)
	// Groups lists by name. PutGroup keeps a group's place and the casing of its name. DeleteGroup takes all
	// along that is in it; it answers nil if nothing was.
	Groups(ctx context.Context, subscription string) ([]Group, error)
	Group(ctx context.Context, subscription, name string) (Group, error)
	PutGroup(ctx context.Context, c Caller, g Group) (stored Group, created bool, err error)
	DeleteGroup(ctx context.Context, c Caller, subscription, name string) (*Operation, error)
	Locations() []Location
	// CheckLocation refuses a location that leads nowhere.
	CheckLocation(location string) error
	AvailableVersions(location string) ([]cluster.AvailableVersion, error)
	NameAvailable(ctx context.Context, subscription, location, resourceType, name string) (Availability, error)
	// Scope checks that subscription and group exist (R01), group "" = only the subscription.
	Scope(ctx context.Context, subscription, group string) error

	Cluster(ctx context.Context, ref cluster.Ref) (ClusterView, error)
	// StoredCluster is the same for whoever reads often; StoredClusters lists by name.
	StoredCluster(ctx context.Context, ref cluster.Ref) (StoredCluster, error)
	StoredClusters(ctx context.Context, pool cluster.PoolRef, p Page) (all []StoredCluster, next string, err error)
	// PutCluster, PatchCluster and ResizeCluster declare what a cluster shall be. What asks for it is brought to a running job.
	PutCluster(ctx context.Context, c Caller, ref cluster.Ref, by cluster.Declaring, spec cluster.Spec, cond Conditions) (ClusterView, Operation, error)
	PatchCluster(ctx context.Context, c Caller, ref cluster.Ref, merge func(ClusterView) (cluster.Spec, error), cond Conditions) (ClusterView, Operation, error)
	ResizeCluster(ctx context.Context, c Caller, ref cluster.Ref, r Resize, cond Conditions) (ClusterView, Operation, error)
	// UpgradeCluster declares a newer version of Flink. AvailableUpgrades are listed oldest first, those that were tried newest first.
	UpgradeCluster(ctx context.Context, c Caller, ref cluster.Ref, u cluster.Upgrade, cond Conditions) (ClusterView, Operation, error)
	AvailableUpgrades(ctx context.Context, ref cluster.Ref) ([]cluster.AvailableUpgrade, error)
	UpgradesDone(ctx context.Context, ref cluster.Ref) ([]cluster.UpgradeDone, error)
	// DeleteCluster answers nil if there is no such cluster.
	DeleteCluster(ctx context.Context, c Caller, ref cluster.Ref, purge []string, cond Conditions) (*Operation, error)
	RunJob(ctx context.Context, c Caller, ref cluster.Ref, job cluster.RunJob) (Operation, error)
	Jobs(ctx context.Context, ref cluster.Ref) ([]JobView, error)
	Savepoints(ctx context.Context, ref cluster.Ref) ([]cluster.Savepoint, error)
	InstanceView(ctx context.Context, ref cluster.Ref) (InstanceView, error)
	ServiceConfig(ctx context.Context, ref cluster.Ref) (ConfigView, error)
	// Versions and Incarnations list newest first.
	Versions(ctx context.Context, ref cluster.Ref) ([]cluster.Version, error)
	Incarnations(ctx context.Context, ref cluster.Ref) ([]cluster.Incarnation, error)
	// Rollback starts a frozen version of before; savepoint "" = from a fresh savepoint of what runs.
	Rollback(ctx context.Context, c Caller, ref cluster.Ref, version int, savepoint string) (Operation, error)
	// DeclareDead takes a person's word for what cannot be seen of a cluster's processes; it answers the incarnations that it means.
	DeclareDead(ctx context.Context, c Caller, ref cluster.Ref) ([]cluster.Incarnation, error)
	// PlanJob predicts what a runJob would do now.
	PlanJob(ctx context.Context, ref cluster.Ref, job cluster.RunJob) (JobPlan, error)

	Operation(ctx context.Context, id string) (Operation, error)
	// PoolOperations lists newest first: a pool's own and all of its clusters'; name "" = all, state "" = all, else Active or Ended.
	PoolOperations(ctx context.Context, pool cluster.PoolRef, name, state string, limit int) ([]Operation, error)

	LogSources(ctx context.Context, ref cluster.Ref) ([]LogSource, error)
	// Logs reads a process's output from cursor on, to what is there now; the answer says where it really begins.
	Logs(ctx context.Context, ref cluster.Ref, incarnation, process string, cursor int64) (io.ReadCloser, int64, error)

	Upload(ctx context.Context, c Caller, pool cluster.PoolRef, uri string, body io.Reader) (Uploaded, error)
	// Files lists a folder of a mounted storage account, File looks at one place, RemoveFile removes what no job needs.
	Files(ctx context.Context, pool cluster.PoolRef, uri string) ([]StoredFile, error)
	File(ctx context.Context, pool cluster.PoolRef, uri string) (StoredFile, error)
	RemoveFile(ctx context.Context, c Caller, pool cluster.PoolRef, uri string) error
	About(ctx context.Context) (About, error)
}
