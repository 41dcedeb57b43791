package lifecycle

import (
	"encoding/json"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/store"
)

// kinds is the table of operation kinds (docs/decisions/0001). Failpoints, deadlines and docs are made from it.
func kinds() []kind {
	return []kind{
		{name: cluster.KindCreate, version: 2, deadline: 20 * time.Minute, steps: launchSteps(), settle: settleLaunch},
		{name: cluster.KindStart, version: 3, deadline: 20 * time.Minute, steps: startSteps(), settle: settleLaunch},
		changeKind(cluster.KindUpdate),
		changeKind(cluster.KindStatelessUpdate),
		changeKind(cluster.KindLastStateUpdate),
		changeKind(cluster.KindRelaunch),
		stopKind(),
		savepointKind(),
		cancelKind(),
		deleteKind(),
		retireKind(),
		recoverKind(),
		replaceKind(),
		poolCreateKind(),
		poolUpdateKind(),
		poolDeleteKind(),
	}
}

func kindNamed(name string) (kind, bool) {
	for _, k := range kinds() {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

// Kinds are the kinds as the engine runs them, without a world to look at: for tables and failpoints.
func Kinds() []engine.Kind { return erase(nil) }

func erase(w *world) []engine.Kind {
	var all []engine.Kind
	for _, k := range kinds() {
		e := engine.Kind{Name: k.name, Version: k.version, Deadline: k.deadline, Lane: store.CallerLane}
		if k.watcher {
			e.Lane = store.WatcherLane
		}
		for _, s := range k.steps {
			e.Steps = append(e.Steps, s.erase(w))
		}
		e.Settle = func(raw json.RawMessage, reason *cluster.Error, _ time.Time) ([]engine.Row, *cluster.Error) {
			f, err := readFacts(raw)
			if err != nil {
				return nil, reason
			}
			rows := k.settle(f, reason)
			return rows, shown(k, f, reason)
		}
		all = append(all, e)
	}
	return all
}

// shown is the error callers see. A stop that ran out of time may still come out well: that is no failure yet, and says so.
func shown(k kind, f facts, reason *cluster.Error) *cluster.Error {
	if k.name != cluster.KindStop && !(f.Change && f.Way == bySavepoint) || f.Trigger == "" || f.Savepoint != "" || reason.Code != "DeadlineExceeded" {
		return reason
	}
	return cluster.Errorf(cluster.Conflict, "StopOutcomePending", "", "Flink has not said how the stop came out: %s", reason.Message).
		WithHint("STOP again waits on; CANCEL and DELETE give the savepoint up")
}
