package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"drey/internal/cluster"
	"drey/internal/runtime"
	"drey/internal/store"
)

// newestIncarnation is the name of the newest one in log routes.
const newestIncarnation = "newest"

// incarnationsOf reads the incarnations of a cluster's job, newest first.
func (s *Service) incarnationsOf(ctx context.Context, ref cluster.Ref) (rows []cluster.Incarnation, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		job, err := s.jobRow(tx, ref)
		if err != nil {
			return err
		}
		rows, err = tx.Incarnations(job.UID)
		return err
	})
	return rows, err
}

// LogSources lists each process of each incarnation whose output is kept, newest incarnation first.
func (s *Service) LogSources(ctx context.Context, ref cluster.Ref) ([]LogSource, error) {
	rows, err := s.incarnationsOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	sources := []LogSource{}
	for _, inc := range rows {
		rt, err := s.runtimeOf(inc.Target)
		if err != nil {
			return nil, err
		}
		seen, err := rt.Observe(ctx, runtime.IncarnationID(inc.ID))
		if err != nil {
			return nil, fmt.Errorf("cannot see incarnation %s: %w", inc.ID, err)
		}
		for _, p := range seen.Processes {
			sources = append(sources, LogSource{Incarnation: inc.ID, Process: p.String(), Alive: p.State == runtime.Alive || p.State == runtime.Held, Exit: exitText(p), StartedAt: inc.CreatedAt})
		}
	}
	return sources, nil
}

func exitText(p runtime.ProcessStatus) string {
	switch {
	case p.State != runtime.Exited:
		return ""
	case p.Exit.OOM:
		return "out of memory"
	case p.Exit.Signal != 0:
		return fmt.Sprintf("signal %d", p.Exit.Signal)
	case p.Exit.Code < 0:
		return ""
	}
	return fmt.Sprintf("exit code %d", p.Exit.Code)
}

// Logs reads a process's output from cursor to what is there now.
func (s *Service) Logs(ctx context.Context, ref cluster.Ref, incarnation, process string, cursor int64) (io.ReadCloser, int64, error) {
	rows, err := s.incarnationsOf(ctx, ref)
	if err != nil {
		return nil, 0, err
	}
	at := slices.IndexFunc(rows, func(i cluster.Incarnation) bool {
		return incarnation == newestIncarnation || len(incarnation) >= 6 && strings.HasPrefix(i.ID, strings.ToLower(incarnation))
	})
	if at < 0 {
		return nil, 0, notFound("incarnation", incarnation)
	}
	rt, err := s.runtimeOf(rows[at].Target)
	if err != nil {
		return nil, 0, err
	}
	id, err := processID(process)
	if err != nil {
		return nil, 0, notFound("process", process)
	}
	r, from, err := rt.Logs(ctx, runtime.IncarnationID(rows[at].ID), id, cursor)
	if errors.Is(err, runtime.ErrNotFound) {
		return nil, 0, notFound("process", process).WithHint("GET …/logs lists the processes whose output is kept")
	}
	return r, from, err
}

// processID reads "taskmanager-0".
func processID(name string) (runtime.ProcessID, error) {
	for _, role := range []runtime.Role{runtime.JobManager, runtime.TaskManager} {
		var id runtime.ProcessID
		if n, err := fmt.Sscanf(name, string(role)+"-%d", &id.Index); err == nil && n == 1 && id.Index >= 0 {
			id.Role = role
			if id.String() == name {
				return id, nil
			}
		}
	}
	return runtime.ProcessID{}, fmt.Errorf("%q is no process", name)
}

// About says what this server is and can do.
func (s *Service) About(ctx context.Context) (About, error) {
	a := About{Version: s.Version, TrustDomain: "single", StartedAt: s.started, Now: s.Now()}
	for _, name := range slices.Sorted(maps.Keys(s.Targets)) {
		t := s.Targets[name]
		known := t.Facts()
		a.MinMemoryMB = known.MinMemoryMB
		if t.Kind != KindSimulated {
			a.Distributions = append(a.Distributions, known.Installed...)
		}
		identity, err := t.Identity(ctx)
		if err != nil {
			return a, fmt.Errorf("cannot tell who target %q is: %w", name, err)
		}
		a.Targets = append(a.Targets, TargetInfo{Name: name, Kind: t.Kind, Identity: identity, Distributions: known.Installed})
	}
	return a, nil
}
