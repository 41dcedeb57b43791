package lifecycle

import (
	"errors"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
)

// The rows that turns commit. Each is data that writes itself; none of them does anything but call the transaction.

// clusterIs moves a cluster to a phase.
type clusterIs struct {
	UID   string
	Phase cluster.Phase
}

func (r clusterIs) Write(tx *store.Tx) error {
	c, err := tx.ClusterByUID(r.UID)
	if err != nil {
		return err
	}
	if !c.Phase.CanBecome(r.Phase) {
		return fmt.Errorf("a cluster that is %s cannot become %s", c.Phase, r.Phase)
	}
	c.Phase = r.Phase
	return tx.SaveCluster(c)
}

// jobIs changes the parts of a job that are set; "" and 0 leave a part as it is.
type jobIs struct {
	UID           string
	Status        string
	Result        string
	Output        string
	LastSavepoint string
	FlinkJob      string
	Goal          int  // version it shall run
	Running       int  // version it runs
	NotRunning    bool // it runs none
	Canceled      bool
}

func (r jobIs) Write(tx *store.Tx) error {
	j, err := tx.Job(r.UID)
	if err != nil {
		return err
	}
	set(&j.Status, r.Status)
	set(&j.ActionResult, r.Result)
	set(&j.Output, r.Output)
	set(&j.LastSavepoint, r.LastSavepoint)
	set(&j.FlinkJobID, r.FlinkJob)
	if r.Goal > 0 {
		j.Goal = r.Goal
	}
	if r.Running > 0 {
		j.RunningVersion = r.Running
	}
	if r.NotRunning {
		j.RunningVersion = 0
	}
	j.Canceled = j.Canceled || r.Canceled
	return tx.SaveJob(j)
}

func set(part *string, value string) {
	if value != "" {
		*part = value
	}
}

// frozen turns a draft into a version that can be started.
type frozen struct {
	Job    string
	Number int
	Staged staged
}

func (r frozen) Write(tx *store.Tx) error {
	v, err := tx.Version(r.Job, r.Number)
	if err != nil {
		return err
	}
	v.State, v.JarSHA256, v.JarBytes, v.Lib = cluster.Frozen, r.Staged.Jar.SHA256, r.Staged.Jar.Bytes, r.Staged.Lib
	if v.Launch.EntryClass == "" {
		v.MainClass = r.Staged.MainClass
	}
	return tx.SaveVersion(v)
}

// versionFailed marks a draft that never became startable.
type versionFailed struct {
	Job    string
	Number int
	Why    string
}

func (r versionFailed) Write(tx *store.Tx) error {
	return changeVersion(tx, r.Job, r.Number, func(v *cluster.Version) { v.State, v.Failure = cluster.FailedVersion, r.Why })
}

// versionNote says why the last start of a version failed.
type versionNote struct {
	Job    string
	Number int
	Why    string
}

func (r versionNote) Write(tx *store.Tx) error {
	return changeVersion(tx, r.Job, r.Number, func(v *cluster.Version) { v.Failure = r.Why })
}

// versionGood marks a version that passed the health gate.
type versionGood struct {
	Job    string
	Number int
	At     time.Time
}

func (r versionGood) Write(tx *store.Tx) error {
	return changeVersion(tx, r.Job, r.Number, func(v *cluster.Version) { v.GoodAt, v.Failure = r.At, "" })
}

// versionGraph keeps the operators that the rehearsal of a version found.
type versionGraph struct {
	Job       string
	Number    int
	Operators []cluster.Operator
	Scalable  []string
}

func (r versionGraph) Write(tx *store.Tx) error {
	return changeVersion(tx, r.Job, r.Number, func(v *cluster.Version) { v.Operators, v.Scalable = r.Operators, r.Scalable })
}

// versionDropped removes a draft that turned out to be what there was.
type versionDropped struct {
	Job    string
	Number int
}

func (r versionDropped) Write(tx *store.Tx) error { return tx.DeleteVersion(r.Job, r.Number) }

func changeVersion(tx *store.Tx, job string, number int, change func(*cluster.Version)) error {
	v, err := tx.Version(job, number)
	if err != nil {
		return err
	}
	change(&v)
	return tx.SaveVersion(v)
}

// Ports of an incarnation, in the order in which they are taken.
const portsEach = 3

// ownPorts are Flink's defaults, for incarnations that share their address with nobody.
var ownPorts = [portsEach]int{8081, 6123, 6124}

// intend writes an incarnation before anything of it exists, and takes its ports.
type intend struct {
	ID, FlinkJob, Restore string
	Job                   string
	Version               int
	At                    time.Time
	Ports                 map[string][2]int // of each target, the range to take from
	Origin                cluster.Origin
	Beside                bool // its memory is not reserved until it is released (R06)
}

func (r intend) Write(tx *store.Tx) error {
	v, err := tx.Version(r.Job, r.Version)
	if err != nil {
		return err
	}
	j, err := tx.Job(r.Job)
	if err != nil {
		return err
	}
	c, err := tx.ClusterByUID(j.ClusterUID)
	if err != nil {
		return err
	}
	p, err := tx.PoolByUID(c.PoolUID)
	if err != nil {
		return err
	}
	ports := ownPorts[:]
	if shared := r.Ports[p.Target]; shared != [2]int{} {
		if ports, err = tx.TakePorts(p.Target, shared[0], shared[1], portsEach, r.ID); err != nil {
			return err
		}
	}
	inc := cluster.Incarnation{
		ID: r.ID, JobUID: r.Job, Target: p.Target, Version: r.Version, Phase: cluster.Intended, FlinkJobID: r.FlinkJob, Restore: r.Restore,
		TaskManagers: v.Launch.TaskManagers, RESTPort: ports[0], RPCPort: ports[1], BlobPort: ports[2],
		ReservedMB: v.Launch.ReservedMB(), CreatedAt: r.At, Origin: r.Origin,
	}
	if r.Beside {
		inc.ReservedMB = 0
	}
	return tx.InsertIncarnation(inc)
}

// incarnationIs moves an incarnation to a phase.
type incarnationIs struct {
	ID          string
	Phase       cluster.IncarnationPhase
	At          time.Time
	OrderDigest string
	Restore     string
	Cause       string
}

func (r incarnationIs) Write(tx *store.Tx) error {
	inc, err := tx.Incarnation(r.ID)
	if err != nil {
		return err
	}
	inc.Phase = r.Phase
	set(&inc.OrderDigest, r.OrderDigest)
	set(&inc.Restore, r.Restore)
	set(&inc.Cause, r.Cause)
	switch r.Phase {
	case cluster.Releasing:
		inc.ReleasedAt = r.At
		v, err := tx.Version(inc.JobUID, inc.Version)
		if err != nil {
			return err
		}
		inc.ReservedMB = v.Launch.ReservedMB()
	case cluster.Live:
		inc.LiveAt = r.At
	case cluster.Dead, cluster.Abandoned:
		inc.DeadAt = r.At
		if inc.Declared != nil {
			inc.Phase = cluster.Abandoned
		}
		if err := tx.FreePorts(r.ID); err != nil {
			return err
		}
	}
	return tx.SaveIncarnation(inc)
}

// gapIs writes down how long the start of an incarnation kept the job from processing.
type gapIs struct {
	ID  string
	Gap cluster.Gap
}

func (r gapIs) Write(tx *store.Tx) error {
	inc, err := tx.Incarnation(r.ID)
	if err != nil {
		return err
	}
	inc.Gap = &r.Gap
	return tx.SaveIncarnation(inc)
}

// incarnationRuns says which version a running incarnation runs, after it was changed in place.
type incarnationRuns struct {
	ID      string
	Version int
}

func (r incarnationRuns) Write(tx *store.Tx) error {
	inc, err := tx.Incarnation(r.ID)
	if err != nil {
		return err
	}
	inc.Version = r.Version
	return tx.SaveIncarnation(inc)
}

// newTrigger commits a trigger's names before it is sent.
type newTrigger struct{ cluster.Trigger }

func (r newTrigger) Write(tx *store.Tx) error { return tx.InsertTrigger(r.Trigger) }

// triggerIs says how a trigger came out.
type triggerIs struct {
	ID                string
	State             cluster.TriggerState
	Location, Failure string
}

func (r triggerIs) Write(tx *store.Tx) error {
	t, err := tx.Trigger(r.ID)
	if err != nil {
		return err
	}
	t.State = r.State
	set(&t.Location, r.Location)
	set(&t.Failure, r.Failure)
	return tx.SaveTrigger(t)
}

// savepointIs records a savepoint; Complete only after its files were read.
type savepointIs struct {
	Trigger      string
	URI          string
	Origin       string
	Complete     bool
	Bytes        int64
	CheckpointID int64
	At           time.Time
}

func (r savepointIs) Write(tx *store.Tx) error {
	t, err := tx.Trigger(r.Trigger)
	if err != nil {
		return err
	}
	j, err := tx.Job(t.JobUID)
	if err != nil {
		return err
	}
	c, err := tx.ClusterByUID(j.ClusterUID)
	if err != nil {
		return err
	}
	inc, err := tx.Incarnation(t.Incarnation)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.PutSavepoint(cluster.Savepoint{
		ID: t.ID, JobUID: t.JobUID, Incarnation: t.Incarnation, Name: lastSegment(r.URI), URI: r.URI, Bytes: r.Bytes,
		CheckpointID: r.CheckpointID, Version: inc.Version, Origin: r.Origin, Complete: r.Complete, CompletedAt: r.At,
	}, c.UID, c.PoolUID)
}

// clusterGone removes a cluster's row; its operations, savepoints and audit stay.
type clusterGone struct{ UID string }

func (r clusterGone) Write(tx *store.Tx) error { return tx.DeleteCluster(r.UID) }

// incarnationGone removes the row of an incarnation whose leftovers were forgotten.
type incarnationGone struct{ ID string }

func (r incarnationGone) Write(tx *store.Tx) error { return tx.DeleteIncarnation(r.ID) }
