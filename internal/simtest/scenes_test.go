package simtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink/fake"
	"drey/internal/runtime"
)

// scenes are what chance alone brings together too seldom: a call, what goes wrong with it, and the call that shows what it left.
var scenes = []func(*schedule, *rand.Rand){badSavepoint, stopUnseen, newerThanCheckpoints, lateStart, lateEffect}

func anywhere(rng *rand.Rand) (name string, at time.Duration) {
	return fmt.Sprintf("c%d", rng.IntN(clusters)), 2*time.Second + time.Duration(rng.Int64N(int64(most/2)))
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func does(name string, action cluster.Action) event {
	return runs(name, cluster.RunJob{Action: action})
}

// badSavepoint: a version whose savepoints are no good is asked for one.
func badSavepoint(s *schedule, rng *rand.Rand) {
	name, at := anywhere(rng)
	trouble := pick(rng, fake.Lies, fake.Tears, fake.Empties, fake.Forgets, fake.HangsClosing, fake.NoSavepoint)
	s.add(at, troubled(name, pick(rng, cluster.ActionUpdate, cluster.ActionLastStateUpdate), trouble, 0))
	at += 4*time.Second + time.Duration(rng.IntN(3000))*time.Millisecond
	s.add(at, does(name, pick(rng, cluster.ActionStop, cluster.ActionSavepoint, cluster.ActionUpdate)))
	s.add(at+5*time.Second, does(name, pick(rng, cluster.ActionStart, cluster.ActionRelaunch)))
}

// stopUnseen: every other question is lost while all jobs are stopped; then they are started again.
func stopUnseen(s *schedule, rng *rand.Rand) {
	_, at := anywhere(rng)
	s.add(at, flaky(2*time.Second))
	for n := range clusters {
		name := fmt.Sprintf("c%d", n)
		s.add(at, does(name, pick(rng, cluster.ActionStop, cluster.ActionStop, cluster.ActionUpdate)))
		s.add(at+6*time.Second, does(name, pick(rng, cluster.ActionStart, cluster.ActionUpdate)))
	}
}

// newerThanCheckpoints: the newest state of what is lost is a savepoint.
func newerThanCheckpoints(s *schedule, rng *rand.Rand) {
	name, at := anywhere(rng)
	s.add(at, does(name, cluster.ActionSavepoint))
	s.add(at+time.Duration(200+rng.IntN(600))*time.Millisecond, ends("JobManager killed", name, runtime.JobManager))
}

// lateStart: what brings a new incarnation up arrives when that is given up already.
func lateStart(s *schedule, rng *rand.Rand) {
	name, at := anywhere(rng)
	s.add(at, stuck(4*time.Second))
	s.add(at, does(name, pick(rng, cluster.ActionUpdate, cluster.ActionRelaunch, cluster.ActionStatelessUpdate)))
	end := at + time.Second + time.Duration(rng.IntN(2000))*time.Millisecond
	s.add(end, pick(rng, ends("JobManager killed", name, runtime.JobManager), removes(name), does(name, cluster.ActionCancel)))
}

// lateEffect: a server stands still with an effect on its way, which is done when another server is at work.
func lateEffect(s *schedule, rng *rand.Rand) {
	name, at := anywhere(rng)
	s.add(at, late(1+rng.IntN(5), time.Duration(2+rng.IntN(5))*time.Second))
	s.add(at, does(name, pick(rng, cluster.ActionUpdate, cluster.ActionStop, cluster.ActionRelaunch, cluster.ActionLastStateUpdate)))
	s.add(at+3*time.Second, does(name, pick(rng, cluster.ActionCancel, cluster.ActionStart, cluster.ActionLastStateUpdate)))
}
