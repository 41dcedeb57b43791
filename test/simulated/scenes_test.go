package simulated

import (
	"maps"
	"strings"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/runtime"
)

// Phases of a cluster.
const (
	running = "Running"
	stopped = "Stopped"
	failed  = "Failed"
	deleted = ""
)

const succeeded = "Succeeded"

// scene is how a point is reached, and what must come of it although the server dies there.
type scene struct {
	conf  map[string]string // of the cluster whose job runs, or failed, before the server is armed; nil: there is none
	ready func(*cell)       // what else is done before
	reach func(*cell)       // what reaches the point
	ends  string            // how the operation ends: Succeeded, or the code of its error
	phase string            // of the cluster in the end
	state continuity        // what each run of the job begins with
}

// conf is a job's configuration: as steady, but for what is said of its simulation and in pairs of key and value.
func conf(simulated string, pairs ...string) map[string]string {
	c := map[string]string{"execution.checkpointing.interval": "100ms"}
	if simulated != "" {
		c["drey.simulated"] = simulated
	}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = pairs[i+1]
	}
	return c
}

// adaptive is the configuration of a job whose parallelism can be changed in place.
func adaptive(parallelism string) map[string]string {
	return conf("", "jobmanager.scheduler", "adaptive", "taskmanager.numberOfTaskSlots", "2", "parallelism.default", parallelism)
}

// unreachable are the points that nothing reaches, and why.
func unreachable(p engine.Point) string {
	switch moment := p.Step + ":" + string(p.Moment); {
	case p.Kind == "pool.update":
		return "the operation is born Succeeded"
	case p.Step == "rescale" && p.Kind != cluster.KindUpdate:
		return "only an update from a savepoint changes a parallelism in place"
	case moment == "checkpoint:sent" && p.Kind == cluster.KindRelaunch:
		return "a relaunch stops with a savepoint"
	case moment == "stop:sent" && (p.Kind == cluster.KindStatelessUpdate || p.Kind == cluster.KindLastStateUpdate):
		return "it takes no savepoint"
	case moment == "room:sent" && p.Kind == cluster.KindStart:
		return "only a stop whose savepoint is no good leaves a start something to end; internal/simtest has that"
	case moment == "room:sent" && (p.Kind == cluster.KindUpdate || p.Kind == cluster.KindRelaunch):
		return "it does not supersede a recovery, which alone leaves something to end"
	}
	return ""
}

// sceneOf is the scene of a point.
func sceneOf(p engine.Point) scene {
	switch p.Kind {
	case cluster.KindCreate:
		if p.Step == "withdraw" {
			return scene{reach: create(conf("trouble=main")), ends: "ApplicationMainFailed", phase: failed}
		}
		return scene{reach: create(conf("")), ends: succeeded, phase: running, state: exact}
	case cluster.KindStart:
		return startScene(p)
	case cluster.KindStop:
		return scene{conf: conf(""), reach: action("STOP"), ends: succeeded, phase: stopped, state: exact}
	case cluster.KindSavepoint:
		return scene{conf: conf(""), reach: action("SAVEPOINT"), ends: succeeded, phase: running, state: exact}
	case cluster.KindCancel:
		return scene{conf: conf(""), reach: action("CANCEL"), ends: succeeded, phase: stopped, state: exact}
	case cluster.KindDelete:
		return scene{conf: conf(""), reach: (*cell).remove, ends: succeeded, phase: deleted, state: exact}
	case "job.retire":
		return scene{conf: conf("", "drey.recovery", "false"), reach: exit(jobManager), ends: succeeded, phase: failed, state: exact}
	case cluster.KindRecover:
		if p.Step == "withdraw" {
			return scene{conf: conf("trouble=restore"), ready: (*cell).checkpointed, reach: exit(jobManager), ends: "CrashLoop", phase: failed, state: again}
		}
		return scene{conf: conf(""), ready: (*cell).checkpointed, reach: exit(jobManager), ends: succeeded, phase: running, state: again}
	case cluster.KindReplace:
		s := scene{conf: conf(""), ready: (*cell).checkpointed, reach: exit(runtime.ProcessID{Role: runtime.TaskManager}), ends: succeeded, phase: running, state: again}
		if p.Step == "bury" { // it does not run again in time
			s.conf = conf("schedule=2s")
		}
		return s
	}
	return changeScene(p)
}

func startScene(p engine.Point) scene {
	s := scene{conf: conf(""), ready: (*cell).stop, reach: action("START"), ends: succeeded, phase: running, state: exact}
	switch p.Step {
	case "stage": // a frozen version has nothing to stage
		s.reach = action("START", "jobJarDirectory", jars, "jarName", jarName)
	case "withdraw":
		s = scene{conf: conf("trouble=main"), reach: s.reach, ends: "ApplicationMainFailed", phase: failed}
	}
	return s
}

// changeScene is that of an update, however it is done.
func changeScene(p engine.Point) scene {
	act := strings.ReplaceAll(strings.ToUpper(strings.TrimPrefix(p.Kind, "job.")), "-", "_")
	s := scene{conf: conf(""), ready: (*cell).checkpointed, ends: succeeded, phase: running, state: exact}
	to := conf("", "pipeline.max-parallelism", "64")
	fails := conf("trouble=restore")
	switch p.Kind {
	case cluster.KindRelaunch:
		return relaunchScene(p, s)
	case cluster.KindStatelessUpdate:
		s.state, fails = fresh, conf("trouble=main", "drey.rehearse", "false")
	case cluster.KindLastStateUpdate:
		s.state = again
	}
	switch {
	case p.Step == "room" && p.Moment == engine.Sent:
		s.conf = conf("boot=1s")
		s.reach = func(c *cell) {
			before := c.undead()[0].ID
			exit(jobManager)(c)
			c.preparing(before)
			action(act)(c)
		}
		return s
	case p.Step == "bury" && p.Moment == engine.Sent && s.state != exact: // of what was killed nothing is left: but for one that was held, and lost
		s.conf = conf("snapshot=1s")
		s.reach = func(c *cell) {
			before := c.undead()[0].ID
			action(act, "flinkConfiguration", to)(c)
			c.until("the checkpoint", func() string {
				if step := c.operations(c.name)[0].Properties.Step; step != "checkpoint" {
					return "it is at " + step
				}
				return ""
			})
			c.exitBeside(before)
		}
		return s
	case p.Step == "checkpoint" && p.Moment == engine.Sent && p.Kind == cluster.KindUpdate, p.Step == "rescale":
		s.conf, to, s.state = adaptive("1"), adaptive("2"), again
	case p.Step == "release":
		s.conf, to = conf("", "drey.update.warm", "false"), conf("", "drey.update.warm", "false", "pipeline.max-parallelism", "64")
	case p.Step == "return":
		to, s.ends = fails, "RolledBack"
		if s.state == fresh {
			s.state = again
		}
	case p.Step == "withdraw":
		to, s.ends = conf("trouble=main"), "ApplicationMainFailed"
	}
	s.reach = action(act, "flinkConfiguration", to)
	return s
}

// relaunchScene: the version is the same, so what fails in it failed to show before.
func relaunchScene(p engine.Point, s scene) scene {
	s.reach = action("RE_LAUNCH")
	switch {
	case p.Step == "stage" && p.Moment == engine.Sent: // the version is a draft still
		s.conf, s.ready = nil, func(c *cell) {
			c.jar = c.name + ".jar"
			create(conf(""))(c)
			c.outcome(c.name, cluster.KindCreate)
			c.must("PUT", c.pool+"/storage?uri="+jars+"/"+c.jar, jar(c.t))
		}
	case p.Step == "release":
		s.conf = conf("", "drey.update.warm", "false")
	case p.Step == "return":
		s.conf, s.ends, s.phase = conf("trouble=restore"), "StateIncompatible", failed
	case p.Step == "withdraw":
		s.conf, s.ends = conf("trouble=savepoint"), "SavepointFailed"
	}
	return s
}

// create declares the cluster.
func create(conf map[string]string) func(*cell) {
	return func(c *cell) { c.try("PUT", c.path(), clusterBody(conf, c.jar)) }
}

// action asks for an action on the cluster's job, with more members of its body.
func action(name string, more ...any) func(*cell) {
	properties := object{"jobType": "FlinkJob", "action": name}
	for i := 0; i < len(more); i += 2 {
		properties[more[i].(string)] = more[i+1]
	}
	body := object{"properties": maps.Clone(properties)}
	return func(c *cell) { c.try("POST", c.path()+"/runJob", body) }
}

// exit lets a process end by itself.
func exit(p runtime.ProcessID) func(*cell) {
	return func(c *cell) {
		if err := c.target.Exit(c.t.Context(), c.undead()[0].ID, p, 1); err != nil {
			c.t.Fatal(err)
		}
	}
}

// remove deletes the cluster.
func (c *cell) remove() { c.try("DELETE", c.path(), nil) }

// stop stops the job.
func (c *cell) stop() {
	action("STOP")(c)
	c.outcome(c.name, cluster.KindStop)
}

// checkpointed waits for a complete checkpoint.
func (c *cell) checkpointed() { c.until("a checkpoint", c.unsafe) }

// exitBeside lets the JobManager that is held beside another incarnation end.
func (c *cell) exitBeside(before runtime.IncarnationID) {
	for _, inc := range c.undead() {
		if inc.ID == before {
			continue
		}
		if err := c.target.Exit(c.t.Context(), inc.ID, jobManager, 1); err != nil {
			c.t.Fatal(err)
		}
	}
}

// preparing waits until another incarnation than before is prepared.
func (c *cell) preparing(before runtime.IncarnationID) {
	c.until("a new incarnation is prepared", func() string {
		for _, inc := range c.undead() {
			if inc.ID != before && len(inc.Processes) > 0 {
				return ""
			}
		}
		return "there is none"
	})
}
