package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// keeperPatience is how long a process that was signalled may hold its lock before its keeper is killed too. A keeper
// without a process goes at once; one with a process still has an end to record.
const keeperPatience = 2 * time.Second

// Killed is a process that got SIGKILL.
type Killed struct {
	Incarnation runtime.IncarnationID
	Process     runtime.ProcessID // of which it is, or descends from
	PID         int
}

// Kill implements [runtime.Runtime]. Where ctx ends before nothing of them is left, the signals were sent nevertheless.
func (r *Runtime) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	if err := checkID(id); err != nil {
		return err
	}
	if len(roles) > 0 {
		return r.killRoles(ctx, r.folder(id), roles)
	}
	if err := r.killAll(ctx, r.folder(id)); err != nil {
		return fmt.Errorf("cannot kill incarnation %s: %w", id, err)
	}
	return nil
}

// killAll ends an incarnation for ever.
func (r *Runtime) killAll(ctx context.Context, f incarnation) error {
	if err := r.bury(f, "kill", ""); err != nil {
		return err
	}
	killed, err := r.end(ctx, []incarnation{f}, func(m marked) bool { return m.incarnation == f.id }, everyone)
	if len(killed) > 0 {
		r.log.InfoContext(ctx, "incarnation killed", "incarnation", f.id, "processes", len(killed))
	}
	if err != nil {
		return err
	}
	r.dismissKeepers(ctx, f)
	return nil
}

func everyone(runtime.ProcessID) bool { return true }

// KillAll ends every process of this data directory, JobManagers first, and answers which. It leaves no tombstone: the next
// server finds its jobs ended, as after a reboot.
func (r *Runtime) KillAll(ctx context.Context) ([]Killed, error) {
	folders, err := r.folders()
	if err != nil {
		return nil, err
	}
	killed, err := r.end(ctx, folders, func(marked) bool { return true }, everyone)
	if err != nil {
		return killed, fmt.Errorf("cannot end every process: %w", err)
	}
	for _, f := range folders {
		r.dismissKeepers(ctx, f)
	}
	return killed, nil
}

// end signals the processes that match until none is left and the locks of the wanted roles are free. The locks are looked
// at before the markers: a process that starts meanwhile holds its lock until it has its marker.
func (r *Runtime) end(ctx context.Context, folders []incarnation, match func(marked) bool, wanted func(runtime.ProcessID) bool) ([]Killed, error) {
	var killed []Killed
	wait, began := backoff{}, time.Now()
	for {
		locked, err := r.locked(folders, wanted)
		if err != nil {
			return killed, err
		}
		found, err := r.signalMarked(match)
		for _, k := range found {
			if !slices.Contains(killed, k) { // signalled before, and not gone yet
				killed = append(killed, k)
			}
		}
		if err != nil {
			return killed, err
		}
		if len(locked) == 0 && len(found) == 0 {
			return killed, nil
		}
		if err := r.killKeepers(locked, found, time.Since(began) > keeperPatience); err != nil {
			return killed, err
		}
		if !wait.sleep(ctx) {
			return killed, fmt.Errorf("%d processes and %d locks are not gone yet: %w", len(found), len(locked), ctx.Err())
		}
	}
}

// role is one process's folder.
type role struct {
	incarnation incarnation
	process     runtime.ProcessID
}

func (o role) path() string { return o.incarnation.role(o.process) }

// locked lists the roles whose lock is held.
func (r *Runtime) locked(folders []incarnation, wanted func(runtime.ProcessID) bool) ([]role, error) {
	var out []role
	for _, f := range folders {
		processes, err := f.roles()
		if err != nil {
			return nil, err
		}
		for _, p := range processes {
			if !wanted(p) {
				continue
			}
			held, err := r.held(f.role(p))
			if err != nil {
				return nil, err
			}
			if held {
				out = append(out, role{f, p})
			}
		}
	}
	return out, nil
}

// signalMarked sends SIGKILL to each process that matches, JobManagers first: their clean-up could destroy state.
func (r *Runtime) signalMarked(match func(marked) bool) ([]Killed, error) {
	found, err := r.scanTwice()
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(m marked) bool { return !match(m) })
	slices.SortStableFunc(found, func(a, b marked) int { return cmp.Compare(rank(a), rank(b)) })
	var out []Killed
	var failed []error
	for _, m := range found {
		sent, err := r.signal(m)
		if sent {
			out = append(out, Killed{m.incarnation, m.process, m.pid})
		}
		failed = append(failed, err)
	}
	return out, errors.Join(failed...)
}

func rank(m marked) int {
	if m.process.Role == runtime.JobManager {
		return 0
	}
	return 1
}

// killKeepers kills the keepers behind held locks that no marked process explains: one that has not exec'd its process yet,
// or, when patience is over, whatever the process is: it dies with its keeper.
func (r *Runtime) killKeepers(locked []role, found []Killed, impatient bool) error {
	var failed []error
	for _, o := range locked {
		seen := slices.ContainsFunc(found, func(k Killed) bool {
			return k.Incarnation == o.incarnation.id && k.Process == o.process
		})
		ran, err := ranBefore(o.path())
		if failed = append(failed, err); !impatient && (seen || ran) {
			continue // it is dying, and its keeper records how
		}
		failed = append(failed, killKeeper(o.path()))
	}
	return errors.Join(failed...)
}

func killKeeper(path string) error {
	var failed []error
	err := eachProcess(func(pid int) {
		if isKeeper(pid, path) {
			_, err := signalIf(pid, func() bool { return isKeeper(pid, path) })
			failed = append(failed, err)
		}
	})
	return errors.Join(append(failed, err)...)
}

// dismissKeepers lets keepers go whose process is gone, instead of after their minute: here their files are enough. One
// that does not answer goes by itself.
func (r *Runtime) dismissKeepers(ctx context.Context, f incarnation) {
	roles, _ := f.roles()
	for _, p := range roles {
		r.dismissKeeper(ctx, f.role(p))
	}
}

// dismissKeeper reads the last of an ended process's output, which is what its keeper waits for.
func (r *Runtime) dismissKeeper(ctx context.Context, path string) {
	if _, err := r.exitOf(ctx, path); err != nil {
		return
	}
	client, err := keeper.Open(path, r.transport)
	if err != nil {
		return
	}
	s, err := ask(ctx, client)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askTimeout)
	defer cancel()
	if logs, _, err := client.Logs(ctx, s.LogEnd, time.Second); err == nil { // waits until the keeper sees the end too
		logs.Close()
	}
}
