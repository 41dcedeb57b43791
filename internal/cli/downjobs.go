package cli

import (
	"context"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"drey/internal/arm/v20261101"
	"drey/internal/daemon"
)

// runningJob is a cluster whose job runs.
type runningJob struct {
	id     string // of the cluster
	inPods bool   // at a location of Kubernetes
}

// running are the clusters of every pool of the data directory's own server whose jobs run. Another connection that was named, or --no-wait, must
// not come between.
func (a *app) running(ctx context.Context, dir string) (s *session, jobs []runningJob, err error) {
	a.flags.connection, a.flags.noWait = filepath.Join(dir, daemon.ConnectionFile), false
	if s, err = a.connect(); err != nil {
		return nil, nil, err
	}
	about, err := s.about(ctx)
	if err != nil {
		return nil, nil, err
	}
	pools, err := all[pool](ctx, s, "/subscriptions/"+url.PathEscape(s.conn.SubscriptionID)+poolsBelow, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range pools {
		clusters, err := all[v20261101.Cluster](ctx, s, p.ID+"/clusters", nil)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range clusters {
			if c.Properties.Status == "Running" {
				jobs = append(jobs, runningJob{c.ID, kindAt(about.Targets, p.Location) == "kubernetes"})
			}
		}
	}
	return s, jobs, nil
}

// kindAt is the kind of the target that a location leads to: of that name, else of the only one that is not simulated.
func kindAt(targets []v20261101.Target, location string) (kind string) {
	for _, t := range targets {
		if plainLocation(location) == plainLocation(t.Name) {
			return t.Kind
		}
		if t.Kind != "simulated" {
			kind = t.Kind
		}
	}
	return kind
}

// stopAll stops every running job with a savepoint, and waits for each: what runs on this machine after this is killed.
func (a *app) stopAll(ctx context.Context, dir string) error {
	s, jobs, err := a.running(ctx, dir)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		if err := s.runAction(ctx, job.id, jobRequest{Action: "STOP"}); err != nil {
			return what(err, "Cannot stop %q", path.Base(job.id))
		}
	}
	return nil
}

// tellPods says which jobs the end of the server leaves running: those in pods. Without a server nobody can be asked.
func (a *app) tellPods(ctx context.Context, dir string) {
	_, jobs, err := a.running(ctx, dir)
	if err != nil {
		return
	}
	var names []string
	for _, job := range jobs {
		if job.inPods {
			names = append(names, path.Base(path.Dir(path.Dir(job.id)))+"/"+path.Base(job.id))
		}
	}
	if len(names) > 0 {
		a.note("In pods of Kubernetes these jobs run on, and the next `drey serve` finds them: %s. `drey down --stop-jobs` stops them with a savepoint; `drey cluster delete` ends one for good.",
			strings.Join(names, ", "))
	}
}
