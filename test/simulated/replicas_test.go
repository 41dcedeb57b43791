package simulated

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/test/postgres"
)

// replica is a second server of the same installation: with the same names and keys, database, storage and simulated target, in a data directory of
// its own.
func (s *server) replica() *server {
	s.t.Helper()
	r := &server{t: s.t, dir: filepath.Join(s.t.TempDir(), "data"), target: s.target}
	configuration, err := os.ReadFile(s.beside("config.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	r.write("config.yaml", string(configuration), 0o600)
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"secret.json", "token-key.pem"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(r.dir, name), text, 0o600)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	for _, name := range []string{"simulated", "storage"} {
		if err := os.Symlink(filepath.Join(s.dir, name), filepath.Join(r.dir, name)); err != nil {
			s.t.Fatal(err)
		}
	}
	if r.stderr, err = os.Create(r.beside("server.log")); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		r.kill()
		if s.t.Failed() {
			s.t.Logf("the replica's log:\n%s", r.log())
		}
		_ = r.stderr.Close()
	})
	r.start()
	return r
}

// troubles is what /readyz says; "" if the server is ready.
func (s *server) troubles() string {
	answer, err := s.http.Get(s.endpoint + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s %v", answer.StatusCode, text, err)
	}
	return ""
}

// Two servers, users at both, and the one that owns the target is killed again and again: what was accepted is done, once.
func TestAnotherServerTakesTheTargetOfOneThatIsKilled(t *testing.T) {
	t.Parallel()
	owner := newServer(t, tireless, postgres.OfTest(t).Line(t))
	other := owner.replica()
	if why := other.troubles(); why != "" {
		t.Errorf("the second server is not ready: %s", why)
	}
	kept := &cell{server: other, name: "kept", jar: jarName}
	create(conf(""))(kept)
	if op := other.outcome("kept", cluster.KindCreate); op.Properties.Status != succeeded {
		t.Fatalf("what the other server accepted ended %+v", op.Properties)
	}
	if log := other.log(); strings.Contains(log, "target=simulated") && strings.Contains(log, "target taken") {
		t.Errorf("it took the target of one that lives:\n%s", log)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range setting(t, "ROUNDS", 8) {
		users := []*user{{server: owner, number: int(2 * round), random: random}}
		var acting sync.WaitGroup
		for _, u := range users {
			acting.Go(func() {
				for u.act() {
				}
			})
		}
		path := fmt.Sprintf("/clusters/c%d", round)
		owner.must("PUT", owner.pool+path, clusterBody(conf(""), jarName))
		owner.kill()
		began := time.Now()
		acting.Wait()
		other.stands(other.pool+path, "status", running)
		t.Logf("round %d: the target was taken, and the operation done, after %v", round, time.Since(began))
		owner.start()
		owner, other = other, owner
	}
	phases := owner.rest()
	for name, history := range owner.history() {
		if why := torn(history, somehow); why != "" {
			t.Errorf("%s: %s\n%s", name, why, owner.told(name))
		}
	}
	if len(phases) < 4 || len(owner.outcomes()) == 0 {
		t.Errorf("there are %v", phases)
	}
	other.until("both are ready", func() string { return owner.troubles() + other.troubles() })
}

func TestAServerWithoutItsDatabaseSaysSoAndGoesOnWithIt(t *testing.T) {
	t.Parallel()
	pg := postgres.OfTest(t)
	s := newServer(t, tireless, pg.Line(t))
	c := &cell{server: s, name: "c", jar: jarName}
	create(conf(""))(c)
	s.outcome("c", cluster.KindCreate)
	if err := pg.Kill(); err != nil {
		t.Fatal(err)
	}
	s.until("it says so", func() string {
		if why := s.troubles(); !strings.Contains(why, "the database does not answer") {
			return why
		}
		return ""
	})
	if status, text, err := s.call("POST", s.pool+"/clusters/c/runJob", object{"properties": object{"jobType": "FlinkJob", "action": "STOP"}}); status != http.StatusServiceUnavailable {
		t.Errorf("a request: %d %s (%v), want 503", status, text, err)
	}
	if err := pg.Run(); err != nil {
		t.Fatal(err)
	}
	s.until("it is ready", s.troubles)
	c.stop()
	if why := s.wrong(map[string]string{"c": stopped}); why != "" {
		t.Error(why)
	}
}

// Server and database are killed while users change their clusters.
func TestRandomKillsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pg := postgres.OfTest(t)
	s := newServer(t, tireless, pg.Line(t))
	c := &cell{server: s, name: "first", jar: jarName}
	create(conf(""))(c)
	s.outcome("first", cluster.KindCreate) // so that there is a target to ask, however little of the lives below is left to the users
	all := make([]*user, users)
	for i := range all {
		all[i] = &user{server: s, number: i, random: rand.New(rand.NewPCG(7, uint64(i)))}
	}
	for range 6 {
		var outage sync.WaitGroup
		outage.Go(func() {
			if err := pg.Kill(); err != nil {
				t.Error(err)
			}
			if err := pg.Run(); err != nil {
				t.Error(err)
			}
		})
		s.live(all, longest)
		outage.Wait()
		s.start()
	}
	s.rest()
	for name, history := range s.history() {
		if why := torn(history, somehow); why != "" {
			t.Errorf("%s: %s\n%s", name, why, s.told(name))
		}
	}
	s.outcomes()
}
