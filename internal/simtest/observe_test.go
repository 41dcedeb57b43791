package simtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"drey/internal/runtime"
)

// Observe implements [runtime.Runtime].
func (r *Runtime) Observe(_ context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status(id), nil
}

func (r *Runtime) status(id runtime.IncarnationID) runtime.Status {
	inc, now := r.at(id), time.Now()
	s := runtime.Status{ID: id, Tombstone: inc.tombstone, Dead: inc.tombstone && !inc.last().After(now), SeenAt: now}
	if inc.order != nil {
		sum := sha256.Sum256(inc.order)
		s.OrderDigest = hex.EncodeToString(sum[:])
	}
	for i, p := range inc.Processes {
		seen := runtime.ProcessStatus{ProcessID: p.ProcessID, State: runtime.Alive, PID: i + 2}
		if p.Gate {
			seen.Gate = inc.gateInfo(r.Delay, now)
		}
		if seen.Gate.Gate == runtime.GateReady {
			seen.State = runtime.Held
		}
		if gone, killed := inc.gone[p.ProcessID]; killed && !gone.After(now) {
			seen.State, seen.Exit = runtime.Exited, runtime.Exit{Code: -1, Signal: 9, At: gone}
		}
		s.Processes = append(s.Processes, seen)
	}
	return s
}

func (inc *incarnation) gateInfo(delay time.Duration, now time.Time) runtime.GateInfo {
	info := runtime.GateInfo{Gate: inc.gate(delay, now), At: now}
	if info.Gate == runtime.GateOpened || info.Gate == runtime.GateDone {
		info.OpenedAt = inc.released.Add(delay)
	}
	if info.Gate == runtime.GateDone {
		info.Jobs = []string{inc.job}
	}
	return info
}

// gate is what the gate says at a time.
func (inc *incarnation) gate(delay time.Duration, now time.Time) runtime.Gate {
	switch {
	case inc.manager == nil || now.Before(inc.up.Add(delay)):
		return runtime.GateNone
	case inc.order == nil || now.Before(inc.released.Add(delay)):
		return runtime.GateReady
	case now.Before(inc.released.Add(2 * delay)):
		return runtime.GateOpened
	}
	return runtime.GateDone
}

// Report implements [runtime.Runtime].
func (r *Runtime) Report(_ context.Context, id runtime.IncarnationID) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	inc := r.at(id)
	if inc.gate(r.Delay, time.Now()) == runtime.GateNone || !inc.rehearses() {
		return nil, nil
	}
	operator := object{"id": counterID, "uid": "counter", "name": "counter", "parallelism": 1, "maxParallelism": 128}
	vertex := object{"id": counterID, "name": "counter", "parallelism": 1, "maxParallelism": 128, "operators": []object{operator}}
	return json.Marshal(object{"graph": object{"name": "counter", "vertices": []object{vertex}}})
}

// rehearses reads the gate's second argument.
func (inc *incarnation) rehearses() bool {
	for _, p := range inc.Processes {
		if at := slices.Index(p.Args, "--"); p.Gate && at >= 0 {
			return strings.Contains(p.Args[at+2], "plan")
		}
	}
	return false
}
