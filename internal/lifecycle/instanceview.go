package lifecycle

import (
	"context"
	"fmt"
	"time"

	"drey/internal/cluster"
	"drey/internal/store"
)

// InstanceView says how a cluster's processes are at the moment it is asked (R31).
type InstanceView struct {
	Ready           Readiness
	Reason, Message string // "" where it is ready
	Services        []ServiceStatus
}

// ServiceStatus is one service of a cluster.
type ServiceStatus struct {
	Kind    string
	Ready   Readiness
	Message string
}

// Readiness is yes, no, or not known.
type Readiness string

// The words of readiness.
const (
	Ready        Readiness = "true"
	NotReady     Readiness = "false"
	ReadyUnknown Readiness = "unknown"
)

const viewLimit = 2 * time.Second // of asking a JobManager

// InstanceView asks the cluster's JobManager for its TaskManagers.
func (s *Service) InstanceView(ctx context.Context, ref cluster.Ref) (v InstanceView, err error) {
	var cl cluster.Cluster
	var inc cluster.Incarnation
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		if cl, err = s.clusterRow(tx, ref); err != nil {
			return err
		}
		job, err := tx.JobOf(cl.UID)
		if err != nil {
			return err
		}
		if inc, err = s.liveOf(tx, job); cluster.AsError(err) != nil {
			return nil // none runs
		}
		return err
	})
	if err != nil {
		return v, err
	}
	v.Ready, v.Reason, v.Message = s.readiness(ctx, cl, inc)
	v.Services = []ServiceStatus{{Kind: "FlinkCluster", Ready: v.Ready, Message: v.Message}}
	if f := cl.Spec.Properties.Profile.Flink; f != nil && f.HistoryServer != nil {
		v.Services = append(v.Services, ServiceStatus{Kind: "HistoryServer", Ready: NotReady, Message: "This version of Drey runs no history server."})
	}
	return v, nil
}

func (s *Service) readiness(ctx context.Context, cl cluster.Cluster, inc cluster.Incarnation) (ready Readiness, reason, message string) {
	if inc.ID == "" {
		return NotReady, string(cl.Phase), fmt.Sprintf("The cluster is %s: no process of it runs.", cl.Phase)
	}
	ctx, cancel := context.WithTimeout(ctx, viewLimit)
	defer cancel()
	registered, err := s.flinkAt(inc).TaskManagers(ctx)
	switch n := len(registered); {
	case err != nil:
		return ReadyUnknown, "JobManagerUnreachable", fmt.Sprintf("The JobManager did not answer within %v.", viewLimit)
	case n < inc.TaskManagers:
		return NotReady, "TaskManagersMissing", fmt.Sprintf("%d of %d task managers registered (observed 0 s ago)", n, inc.TaskManagers)
	case cl.Phase != cluster.Running:
		return NotReady, string(cl.Phase), fmt.Sprintf("The cluster is %s.", cl.Phase)
	}
	return Ready, "", ""
}
