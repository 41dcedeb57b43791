package local

import (
	"context"
	"testing"

	"drey/internal/keeper"
	"drey/internal/runtime"
	"drey/internal/runtime/runtimetest"
)

// held prepares an incarnation that holds, with so many TaskManagers.
func held(b *testing.B, r *Runtime, taskManagers int) runtime.IncarnationID {
	b.Helper()
	inc := runtime.Incarnation{Shape: runtime.Shape{ID: runtime.IncarnationID(randomHex(16)), TaskManagers: taskManagers}}
	p := program(jobManager, runtimetest.Script{runtimetest.Gate(r.folder(inc.ID).path(gateFolder)), runtimetest.Wait})
	p.Gate = true
	inc.Processes = append(inc.Processes, p)
	for i := range taskManagers {
		inc.Processes = append(inc.Processes, program(runtime.ProcessID{Role: runtime.TaskManager, Index: i}, runtimetest.Script{runtimetest.Wait}))
	}
	b.Cleanup(func() { _ = r.Kill(context.Background(), inc.ID) })
	if err := r.Prepare(b.Context(), inc); err != nil {
		b.Fatal(err)
	}
	for wait := (backoff{}); wait.sleep(b.Context()); {
		if s, err := r.Observe(b.Context(), inc.ID); err == nil && s.Process(jobManager).State == runtime.Held {
			break
		}
	}
	return inc.ID
}

func benchRuntime(b *testing.B) *Runtime {
	b.Helper()
	r, err := New(Config{Dir: b.TempDir(), KeeperPath: builtKeeper})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	return r
}

func BenchmarkObserve(b *testing.B) {
	r := benchRuntime(b)
	id := held(b, r, 1)
	observe := func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Observe(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("held", observe)
	if err := r.Release(b.Context(), id, []byte("one")); err != nil {
		b.Fatal(err)
	}
	b.Run("released", observe)
	if err := r.Kill(b.Context(), id, runtime.TaskManager); err != nil {
		b.Fatal(err)
	}
	b.Run("without its TaskManager", observe)
	if err := r.Kill(b.Context(), id); err != nil {
		b.Fatal(err)
	}
	b.Run("dead", observe)
}

func BenchmarkKillTaskManagers(b *testing.B) {
	for _, n := range []int{1, 4} {
		b.Run(runtime.ProcessID{Role: "taskmanagers", Index: n}.String(), func(b *testing.B) {
			r := benchRuntime(b)
			for b.Loop() {
				b.StopTimer()
				id := held(b, r, n)
				b.StartTimer()
				if err := r.Kill(b.Context(), id, runtime.TaskManager); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRelease(b *testing.B) {
	r := benchRuntime(b)
	for b.Loop() {
		b.StopTimer()
		id := held(b, r, 1)
		b.StartTimer()
		if err := r.Release(b.Context(), id, []byte("one")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	r := benchRuntime(b)
	id := held(b, r, 1)
	if err := r.Release(b.Context(), id, []byte("one")); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		if err := r.Kill(b.Context(), id, runtime.TaskManager); err != nil {
			b.Fatal(err)
		}
		for wait := (backoff{}); wait.sleep(b.Context()); {
			if there, _ := exists(r.folder(id).role(taskManager) + "/" + keeper.ExitFile); there {
				break
			}
		}
		b.StartTimer()
		if err := r.Scale(b.Context(), id, runtime.TaskManager, 1, 1); err != nil {
			b.Fatal(err)
		}
	}
}
