package simulated

import (
	"fmt"
	"slices"

	"drey/internal/flink"
	"drey/internal/runtime"
)

var jobManager = runtime.ProcessID{Role: runtime.JobManager}

// The judge asks the target by its own interface, and Flink by REST: what the server believes does not count.

// incarnations are all that ever were at the target.
func (s *server) incarnations() []runtime.Status {
	s.t.Helper()
	all, err := s.target.List(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// undead are those that may still start, run, or have left a process.
func (s *server) undead() []runtime.Status {
	s.t.Helper()
	return slices.DeleteFunc(s.incarnations(), func(i runtime.Status) bool { return i.Dead })
}

func (s *server) flink(id runtime.IncarnationID) *flink.Client {
	at := s.target.Endpoint(id, 0)
	return flink.New(at.URL, at.Transport)
}

// wrong says in what the target differs from the phases that clusters are said to be in; there are no others.
func (s *server) wrong(phases map[string]string) string {
	s.t.Helper()
	all, err := s.target.List(s.t.Context())
	if err != nil {
		return err.Error()
	}
	lives := map[string]bool{}
	for _, inc := range all {
		if inc.Dead {
			continue
		}
		name, why := s.runs(inc)
		switch {
		case why != "":
			return fmt.Sprintf("incarnation %+v: %s", inc, why)
		case phases[name] != running:
			return fmt.Sprintf("%s is %q, but incarnation %+v runs it", name, phases[name], inc)
		case lives[name]:
			return fmt.Sprintf("%s runs twice", name)
		}
		lives[name] = true
	}
	for name, phase := range phases {
		if phase == running && !lives[name] {
			return name + " does not run"
		}
	}
	return ""
}

// runs is the name of the job that an incarnation runs, or why it runs none as it should.
func (s *server) runs(inc runtime.Status) (name, why string) {
	s.t.Helper()
	for _, p := range inc.Processes {
		if p.State != runtime.Alive {
			return "", fmt.Sprintf("%s is %s", p.ProcessID, p.State)
		}
	}
	jobs, err := s.flink(inc.ID).JobsOverview(s.t.Context())
	if err != nil || len(jobs) != 1 || jobs[0].State != flink.Running || inc.OrderDigest == "" {
		return "", fmt.Sprintf("the jobs are %+v (%v)", jobs, err)
	}
	return jobs[0].Name, ""
}
