package simtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"drey/internal/runtime"
	"drey/internal/store"
)

// randomFault draws a fault.
func randomFault(rng *rand.Rand) event {
	name := fmt.Sprintf("c%d", rng.IntN(clusters))
	d := time.Duration(1+rng.IntN(7)) * time.Second
	n := 1 + rng.IntN(6)
	before := rng.IntN(2) == 0
	switch w := rng.IntN(100); {
	case w < 14:
		return killed("server killed at a commit", fate{Commit: n, Before: before}, 0)
	case w < 28:
		return killed("server killed at an effect", fate{Effect: n, Before: before}, 0)
	case w < 36:
		return killed("server killed, its successor late", fate{Commit: n, Before: before}, d)
	case w < 48:
		return ends("JobManager killed", name, runtime.JobManager)
	case w < 60:
		return ends("TaskManager killed", name, runtime.TaskManager)
	case w < 68:
		return unreachable("JobManager unreachable", name, d, false)
	case w < 74:
		return unreachable("JobManager slow", name, d, true)
	case w < 78:
		return flaky(d)
	case w < 84:
		return event{Name: fmt.Sprintf("answers lost (%d)", n), do: func(p *play) {
			p.fault("answers lost")
			p.weather.mu.Lock()
			p.weather.lost += n
			p.weather.mu.Unlock()
		}}
	case w < 89:
		return event{Name: fmt.Sprintf("storage gone for %v", d), do: func(p *play) {
			p.fault("storage gone")
			p.storageGone(true)
			time.AfterFunc(d, func() { p.storageGone(false) })
		}}
	case w < 94:
		return event{Name: fmt.Sprintf("disk full for %v", d), do: func(p *play) {
			p.fault("disk full")
			p.weather.mu.Lock()
			p.weather.fullTo = time.Now().Add(d)
			p.weather.mu.Unlock()
		}}
	}
	return twoServers(3*time.Second + d)
}

// killed lets the server die at a moment that is to come.
func killed(what string, f fate, late time.Duration) event {
	return event{Name: fmt.Sprintf("%s: %+v, %v", what, f, late), do: func(p *play) {
		s := p.server()
		if s == nil {
			return
		}
		p.fault(what)
		p.counts.Kills++
		p.mu.Lock()
		p.late = late
		p.mu.Unlock()
		s.seam.arm(&f)
	}}
}

// ends ends processes of the incarnation that a cluster has, as kill -9 does.
func ends(what, name string, role runtime.Role) event {
	return event{Name: name + " " + what, do: func(p *play) {
		id := p.incarnation(name)
		if id == "" {
			return
		}
		p.faultOf(what, name)
		p.judge.hurt(id)
		_ = p.runtime.Kill(p.Context(), id, role)
	}}
}

func unreachable(what, name string, d time.Duration, slow bool) event {
	return event{Name: fmt.Sprintf("%s %s for %v", name, what, d), do: func(p *play) {
		if id := p.incarnation(name); id != "" {
			p.faultOf(what, name)
			p.weather.hide(id, d, slow)
		}
	}}
}

// faultOf notes a fault that meets the operation on one cluster.
func (p *play) faultOf(what, name string) {
	p.counts.Faults++
	p.judge.log("FAULT %s %s", what, name)
	p.books.read(func(tx *store.Tx) error {
		cl, err := tx.Cluster(named(name))
		if err != nil {
			return nil
		}
		job, err := tx.JobOf(cl.UID)
		if err != nil {
			return err
		}
		if op, err := tx.ActiveOperation(job.UID); err == nil {
			p.meet(op.Kind, what)
		}
		return nil
	})
}

// twoServers lets the server stand still, another one come, and the first go on late.
func twoServers(still time.Duration) event {
	return event{Name: fmt.Sprintf("the server stands still for %v, and another one comes", still), do: func(p *play) {
		old := p.server()
		if old == nil {
			return
		}
		p.fault("two servers")
		p.standsStill(old, still)
	}}
}

// standsStill lets a server stand still for a while, and another one come; the first ends some time after it went on.
func (p *play) standsStill(old *server, still time.Duration) {
	thaw := old.seam.freeze()
	if p.server() == old {
		p.handOver(old)
	}
	time.AfterFunc(still, func() {
		thaw()
		time.AfterFunc(6*time.Second, old.seam.die)
	})
}

// flaky lets every other question be lost for a while.
func flaky(d time.Duration) event {
	return event{Name: fmt.Sprintf("questions lost for %v", d), do: func(p *play) {
		p.fault("questions lost")
		p.weather.mu.Lock()
		p.weather.flakyTo = time.Now().Add(d)
		p.weather.mu.Unlock()
	}}
}

// stuck lets every Prepare be on its way for a while.
func stuck(d time.Duration) event {
	return event{Name: fmt.Sprintf("starts are late by up to %v", d), do: func(p *play) {
		p.fault("start late")
		p.weather.mu.Lock()
		p.weather.stuckTo = time.Now().Add(d)
		p.weather.mu.Unlock()
	}}
}

// late lets the server stand still with its n-th effect from now on its way; another one comes meanwhile.
func late(n int, still time.Duration) event {
	return event{Name: fmt.Sprintf("effect %d is late by %v, and another server comes", n, still), do: func(p *play) {
		s := p.server()
		if s == nil {
			return
		}
		s.seam.stood = func() {
			p.fault("effect late")
			p.standsStill(s, still)
		}
		s.seam.arm(&fate{Effect: n, Late: true})
	}}
}
