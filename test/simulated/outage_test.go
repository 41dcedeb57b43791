package simulated

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"drey/internal/cluster"
	"drey/internal/daemon"
)

// Everything at the target ends with its process. What ran runs again by itself, from its newest checkpoint; what did not, does not.
func TestTheTargetItselfIsKilled(t *testing.T) {
	for name, serverToo := range map[string]bool{"alone": false, "with the server": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tireless)
			phases := map[string]string{}
			for i := range 12 {
				c := &cell{server: s, name: fmt.Sprintf("c%d", i), jar: jarName}
				create(conf(""))(c)
				phases[c.name] = running
				if c.outcome(c.name, cluster.KindCreate); i%4 == 0 {
					c.stop()
					phases[c.name] = stopped
				}
			}
			s.until("checkpoints", func() string { return s.unsafe() })
			before := s.history()
			if serverToo {
				s.kill()
			}
			s.killTarget()
			if serverToo {
				s.start()
			}
			s.until("what ran runs again", func() string { return s.wrong(phases) })
			if got := s.rest(); !maps.Equal(got, phases) {
				t.Errorf("the phases are %v, want %v", got, phases)
			}
			for name, runs := range s.history() {
				if last := before[name][len(before[name])-1]; len(runs) != 1 || runs[0].from < last.from+1 {
					t.Errorf("%s began with %+v, after %+v\n%s", name, runs, last, s.told(name))
				}
			}
		})
	}
}

// unsafe names a job that runs without a complete checkpoint; the first one does not count, since it may hold nothing yet.
func (s *server) unsafe() string {
	for _, inc := range s.undead() {
		jobs, err := s.flink(inc.ID).JobsOverview(s.t.Context())
		if err != nil || len(jobs) != 1 {
			return fmt.Sprintf("%s: %v", inc.ID, err)
		}
		if seen, err := s.flink(inc.ID).Checkpoints(s.t.Context(), jobs[0].ID); err != nil || seen.LatestCompleted == nil || seen.LatestCompleted.ID < 2 {
			return jobs[0].Name
		}
	}
	return ""
}

// killTarget is kill -9 of the process in which all simulated processes are.
func (s *server) killTarget() {
	s.t.Helper()
	var owner daemon.Owner
	raw, err := os.ReadFile(filepath.Join(s.dir, "simulated", "server.lock"))
	if err == nil {
		err = json.Unmarshal(raw, &owner)
	}
	if err == nil {
		err = syscall.Kill(owner.PID, syscall.SIGKILL)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
