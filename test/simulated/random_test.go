package simulated

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"drey/internal/arm/v20261101"
	"drey/internal/runtime"
)

const (
	tireless = 100000 // recoveries: as many as it takes
	users    = 8
	longest  = 1500 * time.Millisecond // life of a server
	thinking = 100 * time.Millisecond  // the longest time between what one user does
)

// setting is a number from the environment.
func setting(t *testing.T, name string, byDefault uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Users change their clusters at random, processes end at random, and the server is killed at random moments. In the end every operation has
// ended, server and target agree on what runs, no job ever ran twice, and none lost state.
func TestRandomKills(t *testing.T) {
	seed, limit := setting(t, "SEED", uint64(time.Now().UnixNano())), time.Duration(setting(t, "DURATION", 30))*time.Second
	t.Logf("SEED=%d", seed) // it decides what is done, not when
	s := newServer(t, tireless)
	all := make([]*user, users)
	for i := range all {
		all[i] = &user{server: s, number: i, random: rand.New(rand.NewPCG(seed, uint64(i)))}
	}
	random := rand.New(rand.NewPCG(seed, users))
	kills := 0
	for end := time.Now().Add(limit); time.Now().Before(end); kills++ {
		s.live(all, time.Duration(random.Int64N(int64(longest))))
		s.start()
	}
	phases := s.rest()
	runs := 0
	for name, history := range s.history() {
		runs += len(history)
		if why := torn(history, somehow); why != "" {
			t.Errorf("%s: %s\n%s", name, why, s.told(name))
		}
	}
	came := s.outcomes()
	t.Logf("%d kills; %d runs; %v", kills, runs, came)
	found.Random = randomKills{Seed: seed, Seconds: int(limit.Seconds()), Kills: kills, Runs: runs, Outcomes: came}
	for name := range phases {
		s.must("DELETE", s.pool+"/clusters/"+name, nil)
	}
	if left := s.rest(); len(left) > 0 {
		t.Errorf("after they were deleted there are %v", left)
	}
}

// told is what the server says of a cluster's operations, oldest first.
func (s *server) told(name string) string {
	var b strings.Builder
	for _, op := range slices.Backward(s.operations(name)) {
		fmt.Fprintf(&b, "%s %s %+v\n", op.Properties.Kind, op.Properties.Status, op.Properties.Error)
		var whole v20261101.Operation
		if err := json.Unmarshal(s.must("GET", s.pool+"/operations/"+op.Name, nil), &whole); err != nil {
			s.t.Fatal(err)
		}
		for _, line := range whole.Properties.Lines {
			fmt.Fprintf(&b, "\t%s %s: %s\n", line.Time, line.Step, line.Text)
		}
	}
	return b.String()
}

// live is the life of a server, from when it answers until its death.
func (s *server) live(all []*user, life time.Duration) {
	var users sync.WaitGroup
	for _, u := range all {
		users.Go(func() {
			for u.act() {
				time.Sleep(time.Duration(u.random.Int64N(int64(thinking))))
			}
		})
	}
	death := time.AfterFunc(life, func() { _ = s.cmd.Process.Kill() })
	defer death.Stop()
	s.ended()
	users.Wait()
}

// rest waits until no operation goes on, and server and target agree; it answers the clusters' phases.
func (s *server) rest() (phases map[string]string) {
	s.t.Helper()
	s.until("all is quiet", func() string {
		if open := list[v20261101.Operation](s, "/operations?state=Active"); len(open) > 0 {
			return fmt.Sprintf("%s is at %s", open[0].Properties.Kind, open[0].Properties.Step)
		}
		phases = map[string]string{}
		for _, c := range list[struct {
			Name       string
			Properties struct{ Status string }
		}](s, "/clusters") {
			phases[c.Name] = c.Properties.Status
			if !slices.Contains([]string{running, stopped, failed}, phases[c.Name]) {
				return c.Name + " is " + phases[c.Name]
			}
		}
		return s.wrong(phases)
	})
	return phases
}

func list[T any](s *server, below string) []T {
	s.t.Helper()
	var page struct{ Value []T }
	if err := json.Unmarshal(s.must("GET", s.pool+below, nil), &page); err != nil {
		s.t.Fatal(err)
	}
	return page.Value
}

// outcomes counts how the operations ended that are listed still.
func (s *server) outcomes() map[string]int {
	count := map[string]int{}
	for _, op := range list[v20261101.Operation](s, "/operations") {
		outcome := op.Properties.Status
		if e := op.Properties.Error; e != nil {
			outcome = e.Code
		}
		if outcome == "InternalError" || outcome == "DeadlineExceeded" || outcome == "StateMismatch" {
			s.t.Errorf("%s: %+v", op.Properties.Kind, op.Properties.Error)
		}
		count[outcome]++
	}
	return count
}

// user changes one cluster after the other, whatever comes of it.
type user struct {
	*server
	number, cluster int
	random          *rand.Rand
}

func (u *user) path() string {
	return fmt.Sprintf("%s/clusters/user%d-%d", u.pool, u.number, u.cluster)
}

// act does one thing, allowed now or not; false once the server is dead.
func (u *user) act() bool {
	status, text, err := u.call("GET", u.path(), nil)
	var seen struct {
		Properties struct{ Status, ProvisioningState string }
	}
	if err == nil && status == 200 {
		err = json.Unmarshal(text, &seen)
	}
	switch {
	case err != nil:
	case status == 404:
		u.cluster++
		_, _, err = u.call("PUT", u.path(), clusterBody(conf(""), jarName))
	case seen.Properties.Status == running && u.random.IntN(8) == 0:
		err = u.accident()
	case u.random.IntN(20) == 0:
		_, _, err = u.call("DELETE", u.path(), nil)
	default:
		_, _, err = u.call("POST", u.path()+"/runJob", object{"properties": u.change(seen.Properties.Status)})
	}
	return err == nil
}

// change is some action. START is left to jobs that were stopped: one that failed it takes back to its newest savepoint (R24), however old.
func (u *user) change(phase string) object {
	to := []map[string]string{conf("", "pipeline.max-parallelism", strconv.Itoa(1+u.random.IntN(1000))), conf("", "drey.update.warm", "false"), conf("trouble=restore"), conf("trouble=main")}
	actions := []object{
		{"action": "START"}, {"action": "STOP"}, {"action": "SAVEPOINT"}, {"action": "RE_LAUNCH"},
		{"action": "UPDATE", "flinkConfiguration": to[u.random.IntN(len(to))]},
		{"action": "LAST_STATE_UPDATE", "flinkConfiguration": to[u.random.IntN(len(to))]},
	}
	change := maps.Clone(actions[u.random.IntN(len(actions))])
	if change["action"] == "START" && phase != stopped {
		change["action"] = "STOP"
	}
	change["jobType"] = "FlinkJob"
	return change
}

// accident ends a process of some cluster's.
func (u *user) accident() error {
	all, err := u.target.List(u.t.Context())
	if err != nil {
		return nil // there is no target yet
	}
	all = slices.DeleteFunc(all, func(i runtime.Status) bool { return i.Dead || len(i.Processes) == 0 })
	if len(all) == 0 {
		return nil
	}
	inc := all[u.random.IntN(len(all))]
	_ = u.target.Exit(u.t.Context(), inc.ID, inc.Processes[u.random.IntN(len(inc.Processes))].ProcessID, 1) // it may be gone by now
	return nil
}
