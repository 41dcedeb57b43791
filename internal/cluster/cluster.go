// Package cluster holds the rules of a Flink cluster: what may be asked, which phase follows which,
// what stays true. It does no I/O, reads no clock and starts no goroutine; callers pass the time in.
package cluster

import "time"

// Phase says where a cluster is.
type Phase string

// The phases of a cluster.
const (
	Starting Phase = "Starting"
	Running  Phase = "Running"
	Stopping Phase = "Stopping"
	Stopped  Phase = "Stopped"
	Failed   Phase = "Failed"
	Deleting Phase = "Deleting"
)

// next lists every legal move. A phase that is no key here has no way out.
var next = map[Phase][]Phase{
	Starting: {Running, Failed, Stopped, Deleting},            // Stopped: cancelled
	Running:  {Stopping, Starting, Stopped, Failed, Deleting}, // Starting: the old incarnation gave way
	Stopping: {Stopped, Running, Failed, Deleting},            // Running: the savepoint was refused
	Stopped:  {Starting, Deleting},
	Failed:   {Starting, Stopped, Deleting},
}

// CanBecome reports whether a cluster in phase p may move to q. Staying is always allowed.
func (p Phase) CanBecome(q Phase) bool {
	if p == q {
		return true
	}
	for _, n := range next[p] {
		if n == q {
			return true
		}
	}
	return false
}

// PoolRef is the address of a pool. Compared without regard to case; the casing of creation is kept.
type PoolRef struct {
	Subscription string // GUID
	Group        string
	Pool         string
}

// Ref is the address of a cluster.
type Ref struct {
	PoolRef
	Name string
}

// ID is the ARM id of the pool, as given.
func (r PoolRef) ID() string {
	return "/subscriptions/" + r.Subscription + "/resourceGroups/" + r.Group +
		"/providers/Microsoft.HDInsight/clusterpools/" + r.Pool
}

// ID is the ARM id of the cluster, as given.
func (r Ref) ID() string { return r.PoolRef.ID() + "/clusters/" + r.Name }

// SystemData is ARM's record of who made and last changed a resource.
type SystemData struct {
	CreatedBy, CreatedByType           string // type: User, Application, ManagedIdentity, Key
	LastModifiedBy, LastModifiedByType string
	CreatedAt, LastModifiedAt          time.Time // UTC
}

// Cluster is a cluster as it is stored: what was declared, and where it is.
type Cluster struct {
	UID          string // 32 lower-case hex digits; never used again
	PoolUID      string
	Ref          Ref
	DeploymentID string // ARM's: 32 lower-case hex digits, one for life, root of its storage prefix (R18)
	Spec         Spec
	Phase        Phase
	System       SystemData
	ETag         string
	HeadAdded    bool // the Head group was sent by nobody: published versions show it (R05)
}

// Spec is what a PUT declares.
type Spec struct {
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties Properties        `json:"properties"`
}
