package simulated

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"drey/internal/engine"
	"drey/internal/lifecycle"
)

// cell is one point at which the server is killed, with a cluster of its own.
type cell struct {
	*server
	engine.Point
	name string
	jar  string
}

func (c *cell) path() string { return c.pool + "/clusters/" + c.name }

// try sends a request whose answer the server may not live to give; what it refuses is an error.
func (c *cell) try(method, path string, body any) {
	c.t.Helper()
	if status, text, err := c.call(method, path, body); err == nil && status >= 300 {
		c.t.Fatalf("%s: %s %s: %d %s", c.Point, method, path, status, text)
	}
}

// swept are all points, or each fourth one where DREY_TEST_SWEEP=short: a step has three moments, so all moments are among them.
func swept() []engine.Point {
	all := engine.Points(lifecycle.Kinds())
	if os.Getenv("DREY_TEST_SWEEP") != "short" {
		return all
	}
	var some []engine.Point
	for i := 0; i < len(all); i += 4 {
		some = append(some, all[i])
	}
	return some
}

// The server is killed at every moment of every step of every kind of operation. Each time the operation goes on and ends as it should,
// the target itself shows that, there never were two of a job, no state is lost, and after a DELETE nothing is left.
func TestTheServerKilledAtEveryPoint(t *testing.T) {
	points := map[string][]engine.Point{}
	for _, p := range swept() {
		points[p.Kind] = append(points[p.Kind], p)
	}
	var mu sync.Mutex
	came := map[engine.Point]string{}
	t.Run("of", func(t *testing.T) {
		for kind, all := range points {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				sweep(t, all, func(p engine.Point, outcome string) {
					mu.Lock()
					defer mu.Unlock()
					came[p] = outcome
				})
			})
		}
	})
	report(t, came)
}

// sweep kills one server after the other at points of one kind.
func sweep(t *testing.T, points []engine.Point, came func(engine.Point, string)) {
	s := newServer(t, 2)
	for i, p := range points {
		if unreachable(p) != "" {
			continue
		}
		fine := t.Run(p.Step+":"+string(p.Moment), func(cellT *testing.T) {
			s.t = cellT
			defer func() { s.t = t }()
			c := &cell{server: s, Point: p, name: fmt.Sprintf("c%d", i), jar: jarName}
			if strings.HasPrefix(p.Kind, "pool.") {
				came(p, c.killPool())
			} else {
				came(p, c.kill())
			}
		})
		if !fine {
			s = newServer(t, 2) // whatever state it is in
		}
	}
}

// kill kills the server at the point, lets another one go on, and judges.
func (c *cell) kill() string {
	c.t.Helper()
	s := sceneOf(c.Point)
	if s.conf != nil {
		create(s.conf)(c)
		c.outcome(c.name, "cluster.create")
	}
	if s.ready != nil {
		s.ready(c)
	}
	c.die(func() { s.reach(c) })
	op := c.outcome(c.name, c.Kind).Properties
	ends := op.Status
	if op.Error != nil {
		ends = op.Error.Code
	}
	if ends != s.ends {
		c.t.Errorf("%s: it ends %s, want %s\n%s", c.Point, ends, s.ends, c.told(c.name))
	}
	c.settled(s.phase)
	if why := torn(c.history()[c.name], s.state); why != "" {
		c.t.Errorf("%s: %s\n%s", c.Point, why, c.told(c.name))
	}
	if s.phase != deleted {
		c.remove()
		c.outcome(c.name, "cluster.delete")
		c.settled(deleted)
	}
	return ends
}

// die starts a server with the point armed, does what reaches it, and starts another one when it is dead.
func (c *cell) die(reach func()) {
	c.t.Helper()
	c.server.kill()
	c.start("DREY_FAILPOINT=" + c.String())
	reach()
	c.ended()
	c.start()
}

// settled waits until nothing goes on any more: then server and target must agree on the phase.
func (c *cell) settled(phase string) {
	c.t.Helper()
	c.until(fmt.Sprintf("%s: the cluster is %q", c.Point, phase), func() string {
		for _, op := range c.operations(c.name) {
			if op.Properties.EndTime == "" {
				return op.Properties.Kind + " goes on"
			}
		}
		if now := c.state(c.path(), "status"); now != phase {
			return fmt.Sprintf("it is %q", now)
		}
		return c.wrong(map[string]string{c.name: phase})
	})
}

// killPool is the cell of a kind of operation on pools.
func (c *cell) killPool() string {
	path, want := c.pools+"/"+c.name, succeeded
	method := "PUT"
	if c.Kind == "pool.delete" {
		c.must("PUT", path, pool)
		c.stands(path, "provisioningState", succeeded)
		method, want = "DELETE", deleted
	}
	c.die(func() { c.try(method, path, pool) })
	c.stands(path, "provisioningState", want)
	return succeeded
}

// report prints step × moment. A point that was neither hit nor is unreachable fails the test.
func report(t *testing.T, came map[engine.Point]string) {
	var rows []string
	table := map[string][]string{}
	for _, p := range swept() {
		row := p.Kind + "/" + p.Step
		if table[row] == nil {
			rows = append(rows, row)
		}
		outcome, why := came[p], unreachable(p)
		switch {
		case why != "":
			outcome = "-"
			found.Unreachable[p.String()] = why
		case outcome == "":
			t.Errorf("the point %s was never hit", p)
			outcome = "MISSING"
		}
		table[row] = append(table[row], outcome)
		found.Points[p.String()] = outcome
	}
	found.Kills = len(came)
	var b strings.Builder
	fmt.Fprintf(&b, "%-36s %-22s %-22s %s\n", "step", engine.Before, engine.After, engine.Sent)
	for _, row := range rows {
		fmt.Fprintf(&b, "%-36s", row)
		for _, outcome := range table[row] {
			fmt.Fprintf(&b, " %-22s", outcome)
		}
		b.WriteByte('\n')
	}
	t.Logf("%d kills\n%s", len(came), b.String())
}
